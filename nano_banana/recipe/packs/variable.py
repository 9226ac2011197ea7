"""A variable of a template, and the values that it takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NoReturn

from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.core.problem import did_you_mean
from nano_banana.recipe.axis_value import AxisValue

_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_TRUTHS = {"true": True, "false": False}


class VariableType(StrEnum):
    """What kind of value a variable takes."""

    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    BOOLEAN = "boolean"
    COLOUR = "colour"


_EXAMPLES = {
    VariableType.TEXT: '"soft window light"',
    VariableType.NUMBER: "30",
    VariableType.BOOLEAN: "true",
    VariableType.COLOUR: '"#1e90ff"',
}


class UnfitError(Exception):
    """A value that a variable does not take: the problem's kind, its data, and what was probably meant."""

    def __init__(self, kind: str, data: JSONObject, suggestions: tuple[str, ...] = ()) -> None:
        super().__init__(kind)
        self.kind = kind
        self.data = data
        self.suggestions = suggestions


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """What a template leaves open.

    `default` is a value as a recipe writes it: of a choice its key. `choices` are a choice's keys with the words that
    stand for them in a prompt; `minimum` and `maximum` bound a number.
    """

    name: str
    type: VariableType
    default: JSONValue
    about: str
    choices: Mapping[str, str] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None

    def value(self, given: JSONValue) -> object:
        """What the template sees of a value: of a choice its words, with its `key`. Raises UnfitError."""
        match self.type:
            case VariableType.CHOICE:
                return self._choice(given)
            case VariableType.NUMBER:
                return self._number(given)
            case VariableType.BOOLEAN:
                known = _TRUTHS.get(given.casefold()) if isinstance(given, str) else given
                return known if isinstance(known, bool) else self._refuse(given)
            case VariableType.COLOUR:
                return given if isinstance(given, str) and _COLOUR.fullmatch(given) else self._refuse(given)
            case VariableType.TEXT:
                return _text(given) if _is_text(given) else self._refuse(given)

    def _choice(self, given: JSONValue) -> AxisValue:
        key = _text(given) if _is_text(given) else ""
        if key not in self.choices:
            data: JSONObject = {"name": self.name, "value": _text(given), "choices": ", ".join(self.choices)}
            raise UnfitError("pack_choice", data, did_you_mean(key, self.choices))
        return AxisValue.of(key, self.choices[key])

    def _number(self, given: JSONValue) -> float:
        if isinstance(given, str):
            try:
                given = float(given) if "." in given else int(given)
            except ValueError:
                self._refuse(given)
        if isinstance(given, bool) or not isinstance(given, int | float):
            self._refuse(given)
        if (self.minimum is not None and given < self.minimum) or (self.maximum is not None and given > self.maximum):
            data: JSONObject = {"name": self.name, "value": given, "low": self.minimum, "high": self.maximum}
            raise UnfitError("pack_range", {name: "…" if at is None else at for name, at in data.items()})
        return given

    def _refuse(self, given: JSONValue) -> NoReturn:
        data: JSONObject = {"name": self.name, "value": _text(given), "type": self.type.value}
        raise UnfitError("pack_value", {**data, "example": _EXAMPLES[self.type]})


def _is_text(given: JSONValue) -> bool:
    """Whether a value can stand for text: YAML reads `1940` as a number, and nobody means one here."""
    return isinstance(given, str | int | float) and not isinstance(given, bool)


def _text(given: JSONValue) -> str:
    return str(given).lower() if isinstance(given, bool) else str(given)

"""A prompt pack: its templates, their variables, and a template in use.

A `PackVariable` knows which values it takes; `PackTemplate` and `Pack` are what was read; a `PackUse` is a template
with the values that a recipe gives it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

from msgspec import Struct, field

from nano_banana.formats.yaml_values import KeyPath, SourceText
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import Position, did_you_mean
from nano_banana.recipe.axis_values import AxisValue
from nano_banana.recipe.document import Document
from nano_banana.recipe.recipe_files import RecipeFiles
from nano_banana.recipe.template_engine import TemplateEngine
from nano_banana.recipe.template_names import KnownNames
from nano_banana.recipe.template_syntax import TemplateFault

_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_BOOLEANS = {"true": True, "false": False}


class PackVariableType(StrEnum):
    """What kind of value a variable takes."""

    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    BOOLEAN = "boolean"
    COLOUR = "colour"


_EXAMPLES = {
    PackVariableType.TEXT: '"soft window light"',
    PackVariableType.NUMBER: "30",
    PackVariableType.BOOLEAN: "true",
    PackVariableType.COLOUR: '"#1e90ff"',
}


class VariableValueError(Exception):
    """A value that a variable does not take: the problem's kind, its data, and what was probably meant."""

    def __init__(self, kind: str, data: JSONObject, suggestions: tuple[str, ...] = ()) -> None:
        super().__init__(kind)
        self.kind = kind
        self.data = data
        self.suggestions = suggestions


class PackVariable(Struct, frozen=True, kw_only=True):
    """A variable of a template.

    `default` is a value as a recipe writes it: of a choice its key. `choices` are a choice's keys with the words that
    stand for them in a prompt; `minimum` and `maximum` bound a number.
    """

    name: str
    type: PackVariableType
    default: JSONValue
    about: str
    choices: Mapping[str, str] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None

    def value(self, given: JSONValue) -> object:
        """What the template sees of a value: of a choice its words, with its `key`. Raises VariableValueError."""
        match self.type:
            case PackVariableType.CHOICE:
                return self._choice(given)
            case PackVariableType.NUMBER:
                return self._number(given)
            case PackVariableType.BOOLEAN:
                known = _BOOLEANS.get(given.casefold()) if isinstance(given, str) else given
                return known if isinstance(known, bool) else self._refuse(given)
            case PackVariableType.COLOUR:
                return given if isinstance(given, str) and _COLOUR.fullmatch(given) else self._refuse(given)
            case PackVariableType.TEXT:
                return _value_text(given) if _reads_as_text(given) else self._refuse(given)

    def _choice(self, given: JSONValue) -> AxisValue:
        key = _value_text(given) if _reads_as_text(given) else ""
        if key not in self.choices:
            data: JSONObject = {"name": self.name, "value": _value_text(given), "choices": ", ".join(self.choices)}
            raise VariableValueError("pack_choice", data, did_you_mean(key, self.choices))
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
            raise VariableValueError("pack_range", {name: "…" if at is None else at for name, at in data.items()})
        return given

    def _refuse(self, given: JSONValue) -> NoReturn:
        data: JSONObject = {"name": self.name, "value": _value_text(given), "type": self.type.value}
        raise VariableValueError("pack_value", {**data, "example": _EXAMPLES[self.type]})


def _reads_as_text(given: JSONValue) -> bool:
    """Whether a value can stand for text: YAML reads `1940` as a number, where a text is meant."""
    return isinstance(given, str | int | float) and not isinstance(given, bool)


def _value_text(given: JSONValue) -> str:
    return str(given).lower() if isinstance(given, bool) else str(given)


CROP_VARIABLE = "crop"
"""The variable that says how much of a person is in the picture; `crops` and `sizes` are of its choices."""

PACK_SUBJECT_NAMES: KnownNames = {"name": None, "noun": None, "trigger": None}
"""What a template of a pack may name of the subject: traits are a recipe's own."""


class PackTemplate(Struct, frozen=True, kw_only=True):
    """One template of a pack.

    `text` is its prompt, from `file`. `nouns` are the subjects that it suits (none: all), `crops` the choices of
    `crop` that it is good at. `settings` are fields of a drawing endpoint, `sizes` its picture's size by crop.
    `adapter_scale` is advice. Pictures by a template without a `gate` are painted: no gate judges them.
    """

    name: str
    title: str
    about: str
    file: Path
    text: str
    nouns: tuple[str, ...]
    crops: tuple[str, ...]
    variables: Mapping[str, PackVariable]
    settings: JSONObject
    sizes: Mapping[str, JSONObject]
    adapter_scale: float | None
    gate: bool
    preview: Path | None

    @property
    def names(self) -> KnownNames:
        """What its prompt may name, the subject aside; of a choice also its key."""
        return {name: {"key": None} if known.choices else None for name, known in self.variables.items()}


class Pack(Struct, frozen=True, kw_only=True):
    """A folder of templates. `digest` is of what its prompts come from, whatever its pictures look like.

    `engine` reads its templates, whose includes are files of the pack; `document` knows the places in pack.yaml.
    """

    name: str
    version: str
    title: str
    about: str
    license: str
    folder: Path
    digest: str
    templates: Mapping[str, PackTemplate]
    document: Document
    files: RecipeFiles
    engine: TemplateEngine

    def place(self, template: PackTemplate, fault: TemplateFault) -> Position:
        """Where a fault of a template stands: in its prompt, or in a file that it includes."""
        file = fault.file or template.file
        source = SourceText(file=str(file), text=self.files.read_text(file))
        return source.place(fault.offset, fault.offset + fault.length)


ResolveValue = Callable[[str, JSONValue], object]
"""From a variable's name and what the recipe gives for it (a template, perhaps) to what the prompt sees."""


class PackUse(Struct, frozen=True, kw_only=True):
    """A template of a pack, and the values that the recipe gives at `where`; the others have their defaults."""

    pack: Pack
    template: PackTemplate
    values: JSONObject
    where: KeyPath

    def names(self, context: Mapping[str, object], settle: ResolveValue) -> Mapping[str, object]:
        """What the prompt finds: the variables and the subject, and nothing else of the recipe's."""
        found = {name: self._value(name, settle) for name in self.template.variables}
        return {**found, **({"subject": context["subject"]} if "subject" in context else {})}

    def fields(self, size: str | None, settle: ResolveValue) -> JSONObject:
        """Settings of the endpoint that draws, and what goes into its field `size` (None: it has none)."""
        if size is None or not self.template.sizes:
            return self.template.settings
        crop = self._value(CROP_VARIABLE, settle)
        found = self.template.sizes.get(crop.key) if isinstance(crop, AxisValue) else None
        return self.template.settings if found is None else {**self.template.settings, size: found}

    def _value(self, name: str, settle: ResolveValue) -> object:
        variable = self.template.variables[name]
        return settle(name, self.values[name]) if name in self.values else variable.value(variable.default)

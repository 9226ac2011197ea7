"""Variables as a pack.yaml declares them, each checked in itself."""

from __future__ import annotations

import keyword
from collections.abc import Mapping

from nano_banana.core.errors import trouble
from nano_banana.core.json import JSONObject, JSONValue, as_items, as_number, as_object, as_text
from nano_banana.core.problem import Problem
from nano_banana.recipe.document import Document
from nano_banana.recipe.located import Steps
from nano_banana.recipe.packs.variable import UnfitError, Variable, VariableType
from nano_banana.recipe.patterns import RESERVED
from nano_banana.recipe.variables import RESERVED as BUILT_IN

_OF = {"choices": VariableType.CHOICE, "minimum": VariableType.NUMBER, "maximum": VariableType.NUMBER}
"""What can be said only of one type."""


class Declared:
    """The variables of a pack or of one of its templates, and what is wrong with them."""

    def __init__(self, document: Document, where: Steps) -> None:
        """Read the section at `where`, whose shape is right."""
        self.problems: list[Problem] = []
        self._document = document
        section: JSONValue = document.data
        for step in where:
            section = as_object(section).get(str(step), {})
        entries = as_object(section)
        self.variables = {name: self._variable(name, as_object(entries[name]), (*where, name)) for name in entries}

    def _variable(self, name: str, data: JSONObject, where: Steps) -> Variable:
        kind = VariableType(as_text(data["type"]))
        if name in RESERVED | BUILT_IN or keyword.iskeyword(name):
            self._wrong("reserved_name", where, name=name)
        for word, only in _OF.items():
            if word in data and kind is not only:
                self._wrong("pack_only_for", (*where, word), word=word, type=only.value, name=name)
        choices = _choices(data.get("choices"))
        if kind is VariableType.CHOICE and not choices:
            self._wrong("pack_no_choices", where, name=name)
        bounds = {word: as_number(data[word]) if word in data else None for word in ("minimum", "maximum")}
        known = Variable(
            name=name,
            type=kind,
            default=data["default"],
            about=as_text(data["about"]),
            choices=choices if kind is VariableType.CHOICE else {},
            minimum=bounds["minimum"],
            maximum=bounds["maximum"],
        )
        if kind is not VariableType.CHOICE or choices:
            self._check_default(known, (*where, "default"))
        return known

    def _check_default(self, variable: Variable, where: Steps) -> None:
        try:
            variable.value(variable.default)
        except UnfitError as unfit:
            place = self._document.nearest(where)
            self.problems.append(trouble(unfit.kind, place=place, hint=unfit.suggestions, **unfit.data))

    def _wrong(self, kind: str, where: Steps, **data: JSONValue) -> None:
        self.problems.append(Problem(kind=kind, place=self._document.key_place(where), data=data))


def _choices(value: JSONValue) -> Mapping[str, str]:
    if isinstance(value, Mapping):
        return {key: as_text(words) for key, words in value.items()}
    return {as_text(key): as_text(key) for key in as_items(value)}

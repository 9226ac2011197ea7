"""The names that stages may refer to, and the looking up of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nano_banana.core.json import JSONObject, JSONValue, as_number, as_text
from nano_banana.core.problem import did_you_mean
from nano_banana.recipe.model import AdapterFile, Shot, Subject, Text, Where
from nano_banana.recipe.resolve.prompts import find_text
from nano_banana.recipe.resolve.reading import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The names that stages may refer to; `verbs` are the stages' own, by id."""

    subjects: Mapping[str, Subject]
    adapters: Mapping[str, AdapterFile]
    shots: Mapping[str, Shot]
    templates: Mapping[str, Text]
    verbs: Mapping[str, str]


def adapters_of(reading: Reading, known: Known, data: JSONObject, where: Where) -> tuple[tuple[str, float], ...]:
    """The stage's adapters with their scales. One whose file is missing has a problem of its own."""
    trained = [name for name, verb in known.verbs.items() if verb == "train"]
    names = [*trained, *reading.section("adapters")]
    found = []
    for name, scale in data.items():
        if name not in names:
            near = did_you_mean(name, names)
            listed = ", ".join(names) or "none"
            reading.wrong_key("unknown_adapter", (*where, "adapters", name), hints=near, name=name, known=listed)
        elif name in trained or name in known.adapters:
            found.append((name, as_number(scale)))
    return tuple(found)


def prompt_of(reading: Reading, known: Known, value: JSONValue, where: Where) -> Text | None:
    """The stage's own prompt, where it has one."""
    return None if value is None else find_text(reading, as_text(value), known.templates, where)

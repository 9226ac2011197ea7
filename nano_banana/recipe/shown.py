"""Paths, values and types of a recipe as people say them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from nano_banana.core.json import JSONValue, as_items
from nano_banana.recipe.document import Document
from nano_banana.recipe.model import Where

LONGEST = 60
"""Characters of a value in a sentence."""

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


def owner(document: Document, path: Where) -> str:
    """A path as people write it: `shots.headshots.seeds[2]`, `stages.takes`; the whole where it is empty."""
    if path[:1] == ("stages",) and len(path) > 1:
        path = ("stages", _stage(document, path[1]), *path[2:])
    words = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return f"`{words.removeprefix('.')}`" if words else document.whole


def _stage(document: Document, at: str | int) -> str | int:
    """A stage by its id, where it has one."""
    stages = as_items(document.data.get("stages"))
    entry = stages[at] if isinstance(at, int) else None
    name = entry.get("id") if isinstance(entry, Mapping) else None
    return name if isinstance(name, str) and name else at


def shown(value: JSONValue) -> str:
    """A value, short enough for a sentence."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def visible(name: str) -> str:
    """A name with the characters that nobody sees in it as their code points."""
    return "".join(letter if letter.isprintable() else f"<U+{ord(letter):04X}>" for letter in name)


def types(kinds: Sequence[JSONValue]) -> str:
    """The types that would be right: `a text or a list`."""
    return " or ".join(dict.fromkeys(_TYPES[str(kind)] for kind in kinds))


def type_of(value: JSONValue) -> str:
    """What the value is: `a whole number`."""
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (Mapping, "object")):
        if isinstance(value, kind):
            return f"`{shown(value)}`" if kind is bool else _TYPES[name]
    return _TYPES["null"] if value is None else _TYPES["array"]

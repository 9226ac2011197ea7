"""What a schema says that a place in a recipe is for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nano_banana.core.json import JSONObject, JSONValue, as_items, as_object


def about(schema: JSONObject, path: Iterable[str | int], name: str = "") -> str:
    """The nearest description on the way down `path` (the steps of a broken rule), as the end of a sentence.

    With a `name`, that of the property so called at the path's end. Empty where nothing is described.
    """
    *steps, _ = path
    node: JSONValue = schema
    found = ""
    for step in [*steps, *(["properties", name] if name else [])]:
        node = _step(node, step)
        if isinstance(node, Mapping) and isinstance(node.get("description"), str):
            found = str(node["description"])
    return _tail(found)


def _step(node: JSONValue, step: str | int) -> JSONValue:
    return as_items(node)[step] if isinstance(step, int) else as_object(node).get(step)


def _tail(sentence: str) -> str:
    proper = sentence[1:2].isupper() or sentence[:1] == "`"
    return (sentence if proper else sentence[:1].lower() + sentence[1:]).removesuffix(".")

"""A value that does not fit its endpoint: what, where, and what would."""

from __future__ import annotations

from dataclasses import dataclass

from nano_banana.core.json import JSONObject, JSONValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """One fault in an endpoint's arguments; `path` leads to it, `data` always has `field` and `endpoint`.

    `kind` is one of `cli/words/catalog.py`. A warning does not stop a run.
    """

    kind: str
    path: tuple[str | int, ...]
    data: JSONObject
    suggestions: tuple[str, ...] = ()
    warning: bool = False


def found(value: JSONValue) -> str:
    """What `value` is, as a JSON type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "list" if isinstance(value, list | tuple) else "object"

"""Text out of a stranger's file, made short enough to be told."""

from __future__ import annotations

import json

from nano_banana.core.json import JSONObject, JSONValue, as_object

MOST = 500
"""Characters of a text that are told."""

MOST_JSON = 16_000_000
"""Characters of a text that is searched."""


def bounded(text: str) -> str:
    """The beginning of a text, without what surrounds it."""
    text = text.strip()
    return text if len(text) <= MOST else text[:MOST] + "…"


def plain(value: JSONValue) -> JSONValue:
    """A text or number as it is, but bounded; nothing else."""
    if isinstance(value, str):
        return bounded(value)
    return value if isinstance(value, int | float) else None


def json_object(text: str) -> JSONObject | None:
    """The object that the text is as JSON; None for anything else, and for what is deeper or longer than is sane."""
    if not text.lstrip().startswith("{") or len(text) > MOST_JSON:
        return None
    try:
        # A number that JSON has no room for (`NaN`) is some programs' habit, and of no use here.
        found: JSONValue = json.loads(text, parse_constant=lambda _name: None)
        return as_object(found)
    except (ValueError, RecursionError, TypeError):
        return None


def picked(found: JSONObject, **names: str) -> dict[str, JSONValue]:
    """Of an object those values that are text or numbers: the fact's name = the key's."""
    values = {fact: plain(found.get(key)) for fact, key in names.items()}
    return {fact: value for fact, value in values.items() if value not in (None, "")}

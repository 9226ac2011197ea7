"""A place in an endpoint's arguments, and how a value gets there."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.core.json import JSONObject, JSONValue


def filled(arguments: JSONObject, values: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
    """The arguments with each value at its place (`image_url`, `loras/0/path`); nothing given is changed.

    What is missing on the way is made: objects for names, lists for numbers.
    """
    body = dict(arguments)
    for place, value in sorted(values.items(), key=lambda item: _order(item[0])):
        name, *rest = place.split("/")
        body[name] = _with(body.get(name), rest, value)
    return body


def _with(old: JSONValue, path: list[str], value: JSONValue) -> JSONValue:
    if not path:
        return value
    name, *rest = path
    if isinstance(old, Mapping) or not name.isdecimal():
        entries = dict(old) if isinstance(old, Mapping) else {}
        return {**entries, name: _with(entries.get(name), rest, value)}
    items = [] if isinstance(old, str) or old is None or isinstance(old, bool | int | float) else list(old)
    at = int(name)
    items += [None] * (at + 1 - len(items))
    items[at] = _with(items[at], rest, value)
    return items


def _order(place: str) -> list[tuple[bool, int, str]]:
    """`images/2` before `images/10`."""
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in place.split("/")]

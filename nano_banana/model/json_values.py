"""JSON as a type, and checked access to values of it.

Nothing in this program is `Any`: what came from a JSON text is a `JSONValue`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    JSONValue: TypeAlias = "bool | int | float | str | Sequence[JSONValue] | Mapping[str, JSONValue] | None"
    """A value that JSON can represent. Read-only by type: to change one, make a copy."""
else:
    JSONValue = object  # msgspec, which reads the types of fields, knows no recursive ones

JSONObject: TypeAlias = Mapping[str, JSONValue]


def as_text(value: JSONValue) -> str:
    """`value` as text. Raises TypeError if it isn't."""
    if isinstance(value, str):
        return value
    raise _not("text", value)


def as_object(value: JSONValue) -> JSONObject:
    """`value` as an object; null becomes an empty one. Raises TypeError if it isn't."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return value
    raise _not("an object", value)


def as_items(value: JSONValue) -> Sequence[JSONValue]:
    """`value` as a list. Null becomes an empty list, any other single value a list of one."""
    if value is None:
        return ()
    if isinstance(value, str | Mapping) or not isinstance(value, Sequence):
        return (value,)
    return value


def as_number(value: JSONValue) -> float:
    """`value` as a number. Raises TypeError if it isn't."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise _not("a number", value)


def as_whole(value: JSONValue) -> int:
    """`value` as a whole number. Raises TypeError if it isn't a number."""
    return int(as_number(value))


def _not(what: str, value: JSONValue) -> TypeError:
    return TypeError(f"expected {what}, got {type(value).__name__}")

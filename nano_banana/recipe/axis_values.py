"""Values of an axis as templates see them, and tests on them.

An `AxisValue` prints as its text and reads by its fields. A gate's `skip_when` is decided from the same values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from nano_banana.model.json_values import JSONObject, JSONValue


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AxisValue(Mapping[str, JSONValue]):
    """What a template sees of an axis.

    `str()` is the value itself where that is plain text, else its key. Fields read as items; a field
    that another value of the axis has and this one lacks reads as None. Equal to a string that
    prints alike, so that `{% if scene == 'office' %}` works.
    """

    key: str
    text: str
    fields: Mapping[str, JSONValue]

    @classmethod
    def of(cls, key: str, value: JSONValue, declared: Iterable[str] = ()) -> AxisValue:
        """Make the value called `key`; `declared` are the fields of all values of its axis."""
        if isinstance(value, Mapping):
            return cls(key=key, text=key, fields={**dict.fromkeys(declared), **value})
        text = key if value is None else _scalar_text(value)
        return cls(key=key, text=text, fields=dict.fromkeys(declared))

    def __str__(self) -> str:
        return self.text

    def __getitem__(self, name: str) -> JSONValue:
        """The field `name`; `key` is the key, whatever the fields. Raises KeyError."""
        return self.key if name == "key" else self.fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def __bool__(self) -> bool:
        """A value is there, even one without fields."""
        return True

    def __eq__(self, other: object) -> bool:
        if isinstance(other, AxisValue):
            return (self.key, self.text, self.fields) == (other.key, other.text, other.fields)
        return isinstance(other, str) and self.text == other

    def __hash__(self) -> int:
        return hash(self.text)


def axis_values(axis: Mapping[str, JSONValue]) -> dict[str, AxisValue]:
    """All values of one axis by key, each with every field that any of them has."""
    declared = [name for value in axis.values() if isinstance(value, Mapping) for name in value]
    return {key: AxisValue.of(key, value, declared) for key, value in axis.items()}


def _scalar_text(value: JSONValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_skipped(skip: JSONObject, cell: Mapping[str, AxisValue]) -> bool:
    """Whether something that `skip` says (`axis` or `axis.field`, and a value) holds of the take's values."""
    return any(_condition_holds(name, wanted, cell) for name, wanted in skip.items())


def _condition_holds(name: str, wanted: JSONValue, cell: Mapping[str, AxisValue]) -> bool:
    axis, _, field = name.partition(".")
    return axis in cell and value_matches(cell[axis], field, wanted)


def value_matches(value: AxisValue, field: str, wanted: JSONValue) -> bool:
    """Whether the value is the one called `wanted` (by key or text), or its `field` holds that."""
    if not field or field == "key":
        return wanted in (value.key, value.text)
    found = value.fields.get(field)
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)

"""One value of an axis: prints as its text, or reads by its fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from nano_banana.core.json import JSONValue


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
        text = key if value is None else _written(value)
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


def _written(value: JSONValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

"""A compute call's arguments and input files, validated when read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import CallFailed, problem


class ComputeRequest(Struct, frozen=True, kw_only=True):
    """The arguments, and the input files by place. All readers raise CallFailed."""

    arguments: JSONObject
    inputs: Mapping[str, Path]

    def input(self, place: str) -> Path:
        """The input file at `place` (`compute_input` if it is missing)."""
        if place not in self.inputs:
            raise CallFailed([problem("compute_input", input=place)])
        return self.inputs[place]

    def series(self, name: str) -> Mapping[int, Path]:
        """The input files `name/0`, `name/1` … by number, in order."""
        prefix = f"{name}/"
        numbers = sorted(int(place.removeprefix(prefix)) for place in self.inputs if place.startswith(prefix))
        return {number: self.inputs[f"{prefix}{number}"] for number in numbers}

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """A number from `low` to `high`."""
        return number_argument(name, self.arguments.get(name, default), low, high)

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        value = self.number(name, default, low, high)
        if value != int(value):
            raise argument_error(name, value)
        return int(value)

    def flag(self, name: str) -> bool:
        """True or false; false if it is missing."""
        value = self.arguments.get(name, False)
        if not isinstance(value, bool):
            raise argument_error(name, value)
        return value

    def text(self, name: str) -> str | None:
        """A text; None if it is missing."""
        value = self.arguments.get(name)
        if value is not None and not isinstance(value, str):
            raise argument_error(name, value)
        return value


def number_argument(name: str, value: JSONValue, low: float, high: float) -> float:
    """`value` as a number from `low` to `high`; `name` is said in the error."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise argument_error(name, value)
    return float(value)


def number_arguments(name: str, value: JSONValue, low: float, high: float, *, count: int) -> tuple[float, ...]:
    """`value` as exactly `count` numbers from `low` to `high`."""
    items = sequence_argument(name, value)
    if len(items) != count:
        raise argument_error(name, value)
    return tuple(number_argument(name, item, low, high) for item in items)


def sequence_argument(name: str, value: JSONValue) -> Sequence[JSONValue]:
    """`value` as a list."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise argument_error(name, value)
    return value


def argument_error(name: str, value: JSONValue) -> CallFailed:
    """The error for an argument that the endpoint cannot use."""
    return CallFailed([problem("compute_argument", name=name, value=value)])

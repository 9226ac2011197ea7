"""Whether a gate passes over a take, by the values of its axes."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.recipe.axis_value import AxisValue


def skipped(skip: JSONObject, cell: Mapping[str, AxisValue]) -> bool:
    """Whether something that `skip` says (`axis` or `axis.field`, and a value) holds of the take's values."""
    return any(_holds(name, wanted, cell) for name, wanted in skip.items())


def _holds(name: str, wanted: JSONValue, cell: Mapping[str, AxisValue]) -> bool:
    axis, _, field = name.partition(".")
    return axis in cell and is_so(cell[axis], field, wanted)


def is_so(value: AxisValue, field: str, wanted: JSONValue) -> bool:
    """Whether the value is the one called `wanted` (by key or text), or its `field` holds that."""
    if not field or field == "key":
        return wanted in (value.key, value.text)
    found = value.fields.get(field)
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)

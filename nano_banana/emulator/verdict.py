"""What fal says of arguments that do not fit: a list of details."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from nano_banana.catalog.check import misfits
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.field import Field, FieldType
from nano_banana.catalog.misfit import Misfit
from nano_banana.core.json import JSONObject, JSONValue

DOCS = "https://docs.fal.ai/errors"

_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "integer": "int_type",
        "number": "float_type",
        "boolean": "bool_type",
        "object": "dict_type",
        "list": "list_type",
        "urls": "list_type",
        "adapters": "list_type",
    }
)
_LET_PASS = {"field_unknown", "no_negative_prompt"}
"""fal's endpoints ignore unknown fields."""

MOST_PICTURES = 16
"""Pictures per request where the catalog has no maximum. No endpoint of fal's is known to take more."""

MOST_PIXELS = 14_142
"""Pixels a side where the catalog has no maximum: the bound of fal's own toolkit."""

MOST_ITEMS = 1000
"""Items of a list where the catalog has no maximum."""

MOST = (1 << 53) - 1
"""Any other number where the catalog has no maximum: the largest that every JSON parser reads exactly."""


def detail(loc: list[JSONValue], type_: str, msg: str, *, given: JSONValue = None, **ctx: JSONValue) -> JSONObject:
    """One entry of a list of details."""
    extra: JSONObject = {"ctx": ctx} if ctx else {}
    return {"loc": loc, "msg": msg, "type": type_, "url": f"{DOCS}#{type_}", "input": given, **extra}


def bounded(endpoint: Endpoint) -> Endpoint:
    """The endpoint with a bound for every number, and no field that a runner would set itself."""
    fields = {name: _bounded(endpoint, field) for name, field in endpoint.fields.items()}
    most = MOST_ITEMS if endpoint.adapters_max is None else endpoint.adapters_max
    return replace(endpoint, fields=fields, adapters_max=most, roles=replace(endpoint.roles, count=None, sync=None))


def _bounded(endpoint: Endpoint, field: Field) -> Field:
    low, high = -MOST, MOST
    if field.name == endpoint.roles.count:
        low, high = 1, MOST_PICTURES
    elif field.type is FieldType.IMAGE_SIZE:
        low, high = 1, MOST_PIXELS
    return replace(
        field,
        minimum=low if field.minimum is None else field.minimum,
        maximum=high if field.maximum is None else field.maximum,
        max_items=MOST_ITEMS if field.max_items is None else field.max_items,
    )


def refusal(endpoint: Endpoint, given: JSONObject) -> JSONObject | None:
    """The body of the 422 that these arguments deserve; None where they fit."""
    endpoint = bounded(endpoint)
    wrong = [
        misfit
        for misfit in misfits(endpoint, {name: value for name, value in given.items() if value is not None})
        if not misfit.warning and misfit.kind not in _LET_PASS
    ]
    return {"detail": [_detail(endpoint, misfit, given) for misfit in wrong]} if wrong else None


def _detail(endpoint: Endpoint, misfit: Misfit, given: JSONObject) -> JSONObject:
    loc: list[JSONValue] = ["body", *misfit.path]
    value = _at(given, misfit.path)
    field = endpoint.fields[str(misfit.path[0])]
    if misfit.kind == "field_missing":
        return detail(loc, "missing", "Field required", given=given)
    if misfit.kind in {"field_range", "size_range"}:
        return _out_of_range(field, loc, value)
    if misfit.kind in {"field_choice", "field_needs_quotes"}:
        choices = misfit.data.get("choices", list(field.choices))
        return detail(loc, "literal_error", f"Input should be one of {choices}", given=value, expected=choices)
    if misfit.kind in {"adapters_too_many", "list_too_long"}:
        most = misfit.data["most"]
        msg = f"List should have at most {most} items, not {misfit.data['count']}"
        return detail(loc, "sequence_too_long", msg, given=value, max_length=most)
    type_ = _TYPES.get(str(misfit.data.get("wants")), "string_type") if misfit.kind == "field_type" else "model_type"
    return detail(loc, type_, f"Input should be a valid {misfit.data.get('wants', 'object')}", given=value)


def _out_of_range(field: Field, loc: list[JSONValue], value: JSONValue) -> JSONObject:
    if field.minimum is not None and isinstance(value, int | float) and value < field.minimum:
        msg = f"Input should be greater than or equal to {field.minimum:.16g}"
        return detail(loc, "greater_than_equal", msg, given=value, ge=field.minimum)
    if field.maximum is not None:
        msg = f"Input should be less than or equal to {field.maximum:.16g}"
        return detail(loc, "less_than_equal", msg, given=value, le=field.maximum)
    return detail(loc, "finite_number", "Input should be a finite number")


def _at(given: JSONObject, path: tuple[str | int, ...]) -> JSONValue:
    value: JSONValue = given
    for step in path:
        if isinstance(value, Mapping) and step in value:
            value = value[str(step)]
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
        else:
            return None
    return value

"""Arguments made whole: what was said, and what stands there unsaid."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.field import MISSING, Field
from nano_banana.core.json import JSONObject, JSONValue


def complete(endpoint: Endpoint, given: JSONObject) -> JSONObject:
    """`given` with the endpoint's defaults, in the order of its fields, numbers in one form (28.0 as 28).

    Two of our own, for exactness: one picture a request, always, and png where the endpoint has it and
    `given` names no other format. Optional fields without a default stay absent; named sizes stay names.
    """
    whole: dict[str, JSONValue] = {}
    for name, field in endpoint.fields.items():
        if name == endpoint.roles.count:
            whole[name] = 1
        elif name in given:
            whole[name] = plain(given[name])
        elif (unsaid := _unsaid(endpoint, field)) is not None:
            whole[name] = unsaid
    return {**whole, **{name: plain(value) for name, value in given.items() if name not in endpoint.fields}}


def _unsaid(endpoint: Endpoint, field: Field) -> JSONValue:
    if field.name == endpoint.roles.format and "png" in field.choices:
        return "png"
    return None if field.default is MISSING else plain(field.default)


def plain(value: JSONValue) -> JSONValue:
    """`value` with each whole float as an integer, at any depth."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, str) or not isinstance(value, list | tuple):
        return value
    return [plain(item) for item in value]

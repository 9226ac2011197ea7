"""An endpoint's fields as JSON Schema, for editors."""

from __future__ import annotations

from collections.abc import Collection

from nano_banana.catalog.complete import complete
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.field import Field, FieldType
from nano_banana.catalog.size import NAMED
from nano_banana.core.json import JSONObject, JSONValue

TEMPLATE: JSONObject = {"type": "string", "pattern": r"\{\{"}
"""Where a value of another type is wanted, a template that makes one will do."""


def with_schema(endpoint: Endpoint, *, without: Collection[str] = ()) -> JSONObject:
    """The JSON Schema (draft 2020-12) of what may stand under a stage's `with` for this endpoint.

    `without` names fields that the stage fills. Nothing is required here, since stages fill required
    fields; nothing unknown is allowed. Defaults are those that a request of ours is completed with.
    """
    unsaid = complete(endpoint, {})
    properties: dict[str, JSONValue] = {}
    for name, field in endpoint.fields.items():
        if name not in without:
            default: JSONObject = {"default": unsaid[name]} if name in unsaid else {}
            description = {"description": field.description or name}
            properties[name] = {**description, **_shape(endpoint, field), **default}
    return {
        "type": "object",
        "description": f"Fields of {endpoint.id}.",
        "properties": properties,
        "additionalProperties": False,
    }


def _shape(endpoint: Endpoint, field: Field) -> JSONObject:
    if field.name == endpoint.roles.count:
        return {"const": 1}
    if field.name == endpoint.roles.sync:
        return {"const": False}
    if field.type in {FieldType.STRING, FieldType.URL}:
        return {"type": "string"}
    return {"anyOf": [*_forms(endpoint, field), TEMPLATE]}


def _forms(endpoint: Endpoint, field: Field) -> list[JSONObject]:
    match field.type:
        case FieldType.ENUM:
            return [{"enum": list(field.choices)}]
        case FieldType.IMAGE_SIZE:
            return _sizes(field)
        case FieldType.ADAPTERS:
            return [_bounded({"type": "array", "items": _adapter(field)}, endpoint.adapters_max)]
        case FieldType.URLS:
            return [_bounded({"type": "array", "items": {"type": "string"}}, field.max_items)]
        case FieldType.LIST:
            return [_bounded({"type": "array"}, field.max_items)]
        case _:
            return [_number(field, field.type.value)]


def _sizes(field: Field) -> list[JSONObject]:
    side: JSONObject = {"anyOf": [_number(field, "integer"), TEMPLATE]}
    sides: JSONObject = {
        "type": "object",
        "properties": {"width": side, "height": side},
        "required": ["width", "height"],
        "additionalProperties": False,
    }
    return [{"enum": [*NAMED, *field.choices]}, sides]


def _adapter(field: Field) -> JSONObject:
    scale: JSONObject = {"anyOf": [_number(field, "number"), TEMPLATE], "default": 1}
    extra: JSONObject = {name: {} for name in field.choices}
    return {
        "type": "object",
        "properties": {"path": {"type": "string"}, "scale": scale, **extra},
        "required": ["path"],
        "additionalProperties": False,
    }


def _bounded(shape: JSONObject, most: int | None) -> JSONObject:
    return shape if most is None else {**shape, "maxItems": most}


def _number(field: Field, kind: str) -> JSONObject:
    low: JSONObject = {} if field.minimum is None else {"minimum": field.minimum}
    high: JSONObject = {} if field.maximum is None else {"maximum": field.maximum}
    return {"type": kind, **low, **high}

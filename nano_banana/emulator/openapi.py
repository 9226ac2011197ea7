"""An endpoint of the catalog as model searches tell it, with OpenAPI."""

from __future__ import annotations

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.field import MISSING, Field, FieldType
from nano_banana.catalog.size import NAMED
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.emulator.order import app_of

_FILE = "#/components/schemas/File"
_LIST = (FieldType.ADAPTERS, FieldType.URLS, FieldType.LIST)


def model(endpoint: Endpoint, *, openapi: bool) -> JSONObject:
    """What `/v1/models` says of it; with `openapi` also its fields."""
    metadata: JSONObject = {
        "display_name": endpoint.title,
        "category": category_of(endpoint),
        "description": endpoint.description,
        "status": "active",
        "tags": [],
        "kind": "training" if endpoint.trains else "inference",
    }
    told: JSONObject = {"endpoint_id": endpoint.id, "metadata": metadata}
    return {**told, "openapi": openapi_of(endpoint)} if openapi else told


def category_of(endpoint: Endpoint) -> str:
    """The category that fal lists it in: what it takes and what it makes."""
    if endpoint.trains:
        return "training"
    roles = endpoint.roles
    return "image-to-image" if roles.image or roles.images or roles.mask else "text-to-image"


def openapi_of(endpoint: Endpoint) -> JSONObject:
    """OpenAPI 3.0 of the endpoint's queue, with its input and output as schemas."""
    name = "".join(part.capitalize() for part in endpoint.id.replace("/", "-").replace(".", "-").split("-"))
    taken, given = f"{name}Input", f"{name}Output"
    fields = endpoint.fields.values()
    asked: JSONObject = {
        "type": "object",
        "title": taken,
        "properties": {field.name: _property(endpoint, field) for field in fields},
        "required": [field.name for field in fields if field.required],
    }
    answered: JSONObject = {"type": "object", "title": given, "properties": _outputs(endpoint)}
    file: JSONObject = {"type": "object", "properties": {"url": {"type": "string"}}, "required": ["url"]}
    body: JSONObject = {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{taken}"}}}}
    result: JSONObject = {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{given}"}}}}
    return {
        "openapi": "3.0.4",
        "info": {"title": f"Queue OpenAPI for {endpoint.id}", "version": "1.0.0"},
        "servers": [{"url": "https://queue.fal.run"}],
        "paths": {
            f"/{endpoint.id}": {"post": {"requestBody": {"required": True, **body}, "responses": {}}},
            f"/{app_of(endpoint.id)}/requests/{{request_id}}": {"get": {"responses": {"200": result}}},
        },
        "components": {"schemas": {taken: asked, given: answered, "File": file}},
    }


def _property(endpoint: Endpoint, field: Field) -> JSONObject:
    unsaid: JSONObject = {} if field.default is MISSING else {"default": field.default}
    return {"title": field.name, "description": field.description, **_shape(endpoint, field), **unsaid}


def _shape(endpoint: Endpoint, field: Field) -> JSONObject:
    low: JSONObject = {} if field.minimum is None else {"minimum": field.minimum}
    high: JSONObject = {} if field.maximum is None else {"maximum": field.maximum}
    if field.type is FieldType.ENUM:
        return {"type": "string", "enum": list(field.choices)}
    if field.type is FieldType.IMAGE_SIZE:
        side: JSONValue = {"type": "integer", **low, **high}
        sides: JSONObject = {"type": "object", "properties": {"width": side, "height": side}}
        return {"anyOf": [sides, {"type": "string", "enum": [*NAMED, *field.choices]}]}
    if field.type in _LIST:
        adapters = field.type is FieldType.ADAPTERS
        most = endpoint.adapters_max if adapters else field.max_items
        scale: JSONObject = {"path": {"type": "string"}, "scale": {"type": "number", **low, **high}}
        items: JSONObject = {"type": "object", "properties": scale} if adapters else {"type": "string"}
        bound: JSONObject = {} if most is None else {"maxItems": most}
        return {"type": "array", "items": items if field.type is not FieldType.LIST else {}, **bound}
    if field.type in {FieldType.INTEGER, FieldType.NUMBER}:
        return {"type": field.type.value, **low, **high}
    return {"type": "string" if field.type is FieldType.URL else field.type.value}


def _outputs(endpoint: Endpoint) -> JSONObject:
    file: JSONObject = {"$ref": _FILE}
    return {
        place.partition("/")[0]: {"type": "array", "items": file} if "*" in place else file for place in endpoint.makes
    }

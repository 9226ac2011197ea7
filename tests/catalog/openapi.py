"""OpenAPI documents in fal's manner."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.model.json_values import JSONObject, JSONValue


def ref(name: str) -> JSONObject:
    """A reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def optional(schema: JSONObject, **more: JSONValue) -> JSONObject:
    """A schema that null fits, too."""
    return {"anyOf": [schema, {"type": "null"}], **more}


def of_json(schema: JSONObject) -> JSONObject:
    """A body of this schema."""
    return {"content": {"application/json": {"schema": schema}}}


FILE: JSONObject = {"type": "object", "properties": {"url": {"type": "string"}, "content_type": {"type": "string"}}}
SIZE: JSONObject = {
    "type": "object",
    "properties": {
        "width": {"type": "integer", "exclusiveMinimum": 0, "maximum": 14142, "default": 512},
        "height": {"type": "integer", "exclusiveMinimum": 0, "maximum": 14142, "default": 512},
    },
}
WEIGHT: JSONObject = {
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "scale": {"type": "number", "minimum": 0, "maximum": 4, "default": 1},
        "force": {"type": "boolean", "default": False},
    },
    "required": ["path"],
}


def document(
    properties: Mapping[str, JSONObject],
    *,
    required: tuple[str, ...] = (),
    result: Mapping[str, JSONObject] | None = None,
    name: str = "acme/draw",
) -> JSONObject:
    """A document of one endpoint: its input has these properties, its result (pictures, if not said) those."""
    made: JSONObject = {"images": {"type": "array", "items": ref("File")}, "seed": {"type": "integer"}}
    status: JSONObject = {"type": "object", "properties": {"status_url": {"type": "string"}}}
    return {
        "openapi": "3.0.4",
        "paths": {
            f"/{name}": {
                "post": {"requestBody": of_json(ref("Input")), "responses": {"200": of_json(ref("QueueStatus"))}}
            },
            f"/{name}/requests/{{request_id}}/status": {"get": {"responses": {"200": of_json(ref("QueueStatus"))}}},
            f"/{name}/requests/{{request_id}}": {"get": {"responses": {"200": of_json(ref("Output"))}}},
        },
        "components": {
            "schemas": {
                "Input": {
                    "type": "object",
                    "properties": properties,
                    "required": list(required),
                    "x-fal-order-properties": list(properties),
                },
                "Output": {"type": "object", "properties": made if result is None else result},
                "QueueStatus": status,
                "File": FILE,
                "ImageSize": SIZE,
                "LoraWeight": WEIGHT,
            }
        },
    }

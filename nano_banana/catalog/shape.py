"""The shape of an endpoint file, as JSON Schema."""

from __future__ import annotations

from nano_banana.catalog.endpoint import Task
from nano_banana.catalog.field import FieldType
from nano_banana.catalog.price import Unit
from nano_banana.catalog.roles import ROLES, TriggerUse
from nano_banana.core.json import JSONObject, JSONValue

_TEXT: JSONObject = {"type": "string"}
_TEXTS: JSONObject = {"type": "array", "items": _TEXT}
_USD: JSONObject = {"type": "number", "minimum": 0}


def _about(schema: JSONObject, description: str) -> JSONObject:
    return {**schema, "description": description}


def _object(required: tuple[str, ...], /, **properties: JSONValue) -> JSONObject:
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


def _field() -> JSONObject:
    shape = _object(
        ("type",),
        type=_about({"enum": [item.value for item in FieldType]}, "What the field holds."),
        required=_about({"type": "boolean", "default": False}, "Whether a request without it is refused."),
        default={"description": "What the service takes where the field is left out."},
        minimum=_about({"type": "number"}, "Least value; for an image size each side, for adapters each scale."),
        maximum=_about({"type": "number"}, "Greatest value, likewise."),
        choices=_about(
            {**_TEXTS, "minItems": 1},
            "Values of an enum; names beside the usual ones of an image size; more keys of an adapter.",
        ),
        max_items=_about({"type": "integer", "minimum": 1}, "Most items of a list."),
        description=_about(_TEXT, "What the field does."),
    )
    enum: JSONObject = {"required": ["type"], "properties": {"type": {"const": FieldType.ENUM.value}}}
    return {**shape, "if": enum, "then": {"required": ["choices"]}}


def _price() -> JSONObject:
    factors: JSONObject = {"type": "object", "additionalProperties": _USD}
    return _object(
        ("usd", "unit", "as_of", "source"),
        usd=_about(_USD, "US dollars for one unit."),
        usd_high=_about(_USD, "The dearer figure where sources disagree."),
        unit=_about({"enum": [item.value for item in Unit]}, "What is counted; megapixels are rounded up a picture."),
        minimum=_about({"type": "integer", "minimum": 1}, "Units that are billed at least."),
        times=_about({"type": "object", "additionalProperties": factors}, "Field → value → factor."),
        plus=_about(
            {"type": "object", "additionalProperties": {"anyOf": [_USD, factors]}},
            "US dollars more a picture: field → dollars if it is true, or field → value → dollars.",
        ),
        block=_about(
            {"type": "integer", "minimum": 1}, "Units that are billed together; a started block counts whole."
        ),
        first=_about(_USD, "US dollars for the first unit of a request."),
        input_units=_about(
            {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2, "maxItems": 2},
            "Units that each input picture counts as, at least and at most; a result of unknown size counts so, too.",
        ),
        unknown_with=_about(_TEXTS, "Fields that make the price unknown where they are set."),
        as_of=_about(
            {"type": "string", "pattern": r"^\d{4}-\d{2}(-\d{2})?$"},
            "Month or day at which the price was seen, for example 2026-08.",
        ),
        source=_about(_TEXT, "Who says so, in words."),
    )


def _roles() -> JSONObject:
    how: JSONObject = {"enum": [item.value for item in TriggerUse]}
    names: dict[str, JSONValue] = {
        role: _about(_TEXT, f"The endpoint's field for the role `{role}`.") for role in ROLES
    }
    shape = _object((), **names, trigger_as=_about(how, "How a trainer takes the trigger."))
    said: JSONObject = {"required": ["trigger"]}
    return {**shape, "if": said, "then": {"required": ["trigger_as"]}}


def endpoint_schema() -> JSONObject:
    """The JSON Schema (draft 2020-12) of `endpoints/*.yaml`; the package's own data have this shape too."""
    body = _object(
        ("id", "does", "makes", "fields"),
        id=_about(
            {"type": "string", "pattern": r"^[^/\s]+(/[^/\s]+)+$"}, "The endpoint's id, such as fal-ai/flux-lora."
        ),
        title=_about(_TEXT, "A short name."),
        description=_about(_TEXT, "One sentence: what it does."),
        does=_about({"enum": [item.value for item in Task]}, "What it is for."),
        base=_about(_TEXT, "Model family that its adapters must be made for; left out where it takes none."),
        trains=_about(_TEXT, "Model family of the adapter that a trainer makes."),
        adapters_max=_about({"type": "integer", "minimum": 0}, "Most adapters in one request, where documented."),
        makes=_about({**_TEXTS, "minItems": 1}, "Places of the files in the result: images/*, image, …"),
        roles=_about(_roles(), "Which field takes what a stage hands over."),
        fields=_about({"type": "object", "additionalProperties": {"$ref": "#/$defs/field"}}, "Its fields by name."),
        price=_about(_price(), "What it costs; left out where nobody knows."),
        notes=_about(_TEXTS, "What else is worth knowing."),
    )
    trainer: JSONObject = {"required": ["does"], "properties": {"does": {"const": Task.TRAIN.value}}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Nano Banana: an endpoint",
        **body,
        "if": trainer,
        "then": {"required": ["trains"]},
        "$defs": {"field": _field()},
    }

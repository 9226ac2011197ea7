"""The format of endpoint files: JSON Schema, decoding and encoding.

`endpoint_schema` is the shape, `endpoint_from_json` decodes data of that shape and judges nothing, `endpoint_to_json`
is its inverse, and `endpoint_digest` changes with what an endpoint takes and makes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import cast

import msgspec
from msgspec import structs

from nano_banana.catalog.endpoint import (
    MISSING,
    ROLES,
    Endpoint,
    Field,
    FieldType,
    Price,
    Roles,
    Task,
    TriggerUse,
    Unit,
)
from nano_banana.formats.yaml_values import to_plain
from nano_banana.model.call import canonical_json
from nano_banana.model.json_values import JSONObject, JSONValue, as_object
from nano_banana.model.problem import Invalid

_TEXT: JSONObject = {"type": "string"}
_TEXTS: JSONObject = {"type": "array", "items": _TEXT}
_USD: JSONObject = {"type": "number", "minimum": 0}


def _described(schema: JSONObject, description: str) -> JSONObject:
    return {**schema, "description": description}


def _object_schema(required: tuple[str, ...], /, **properties: JSONValue) -> JSONObject:
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


def _field_schema() -> JSONObject:
    shape = _object_schema(
        ("type",),
        type=_described({"enum": [item.value for item in FieldType]}, "What the field holds."),
        required=_described({"type": "boolean", "default": False}, "Whether a request without it is refused."),
        default={"description": "What the service takes where the field is left out."},
        minimum=_described({"type": "number"}, "Least value; for an image size each side, for adapters each scale."),
        maximum=_described({"type": "number"}, "Greatest value, likewise."),
        choices=_described(
            {**_TEXTS, "minItems": 1},
            "Values of an enum; names beside the usual ones of an image size; more keys of an adapter.",
        ),
        max_items=_described({"type": "integer", "minimum": 1}, "Most items of a list."),
        description=_described(_TEXT, "What the field does."),
    )
    enum: JSONObject = {"required": ["type"], "properties": {"type": {"const": FieldType.ENUM.value}}}
    return {**shape, "if": enum, "then": {"required": ["choices"]}}


def _price_schema() -> JSONObject:
    factors: JSONObject = {"type": "object", "additionalProperties": _USD}
    return _object_schema(
        ("usd", "unit", "as_of", "source"),
        usd=_described(_USD, "US dollars for one unit."),
        usd_high=_described(_USD, "The dearer figure where sources disagree."),
        unit=_described(
            {"enum": [item.value for item in Unit]}, "What is counted; megapixels are rounded up a picture."
        ),
        minimum=_described({"type": "integer", "minimum": 1}, "Units that are billed at least."),
        times=_described({"type": "object", "additionalProperties": factors}, "Field → value → factor."),
        plus=_described(
            {"type": "object", "additionalProperties": {"anyOf": [_USD, factors]}},
            "US dollars more a picture: field → dollars if it is true, or field → value → dollars.",
        ),
        block=_described(
            {"type": "integer", "minimum": 1}, "Units that are billed together; a started block counts whole."
        ),
        first=_described(_USD, "US dollars for the first unit of a request."),
        input_units=_described(
            {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2, "maxItems": 2},
            "Units that each input picture counts as, at least and at most; a result of unknown size counts so, too.",
        ),
        unknown_with=_described(_TEXTS, "Fields that make the price unknown where they are set."),
        as_of=_described(
            {"type": "string", "pattern": r"^\d{4}-\d{2}(-\d{2})?$"},
            "Month or day at which the price was seen, for example 2026-08.",
        ),
        source=_described(_TEXT, "Who says so, in words."),
    )


def _roles_schema() -> JSONObject:
    how: JSONObject = {"enum": [item.value for item in TriggerUse]}
    names: dict[str, JSONValue] = {
        role: _described(_TEXT, f"The endpoint's field for the role `{role}`.") for role in ROLES
    }
    shape = _object_schema((), **names, trigger_as=_described(how, "How a trainer takes the trigger."))
    said: JSONObject = {"required": ["trigger"]}
    return {**shape, "if": said, "then": {"required": ["trigger_as"]}}


def endpoint_schema() -> JSONObject:
    """The JSON Schema (draft 2020-12) of `endpoints/*.yaml`; the package's own data have this shape too."""
    body = _object_schema(
        ("id", "does", "makes", "fields"),
        id=_described(
            {"type": "string", "pattern": r"^[^/\s]+(/[^/\s]+)+$"}, "The endpoint's id, such as fal-ai/flux-lora."
        ),
        title=_described(_TEXT, "A short name."),
        description=_described(_TEXT, "One sentence: what it does."),
        does=_described({"enum": [item.value for item in Task]}, "What it is for."),
        base=_described(_TEXT, "Model family that its adapters must be made for; left out where it takes none."),
        trains=_described(_TEXT, "Model family of the adapter that a trainer makes."),
        adapters_max=_described({"type": "integer", "minimum": 0}, "Most adapters in one request, where documented."),
        makes=_described({**_TEXTS, "minItems": 1}, "Places of the files in the result: images/*, image, …"),
        roles=_described(_roles_schema(), "Which field takes what a stage hands over."),
        fields=_described({"type": "object", "additionalProperties": {"$ref": "#/$defs/field"}}, "Its fields by name."),
        price=_described(_price_schema(), "What it costs; left out where nobody knows."),
        notes=_described(_TEXTS, "What else is worth knowing."),
    )
    trainer: JSONObject = {"required": ["does"], "properties": {"does": {"const": Task.TRAIN.value}}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Nano Banana: an endpoint",
        **body,
        "if": trainer,
        "then": {"required": ["trains"]},
        "$defs": {"field": _field_schema()},
    }


def endpoint_from_json(data: JSONObject) -> Endpoint:
    """Make the endpoint that `data` describes; `data` must satisfy `endpoint_schema()`."""
    roles = msgspec.convert(_table_of(data, "roles"), Roles)
    unsaid = None if roles.adapters else 0
    price = data.get("price")
    return Endpoint(
        id=_text_of(data, "id"),
        title=_text_of(data, "title") or _text_of(data, "id"),
        description=_text_of(data, "description"),
        does=Task(_text_of(data, "does")),
        fields={
            name: _field_from_json(name, cast(JSONObject, item)) for name, item in _table_of(data, "fields").items()
        },
        roles=roles,
        base=_text_of(data, "base") or None,
        trains=_text_of(data, "trains") or None,
        adapters_max=cast("int | None", data.get("adapters_max", unsaid)),
        makes=_texts_of(data, "makes"),
        price=None if price is None else _price_from_json(cast(JSONObject, price)),
        notes=_texts_of(data, "notes"),
    )


def _field_from_json(name: str, data: JSONObject) -> Field:
    return Field(
        name=name,
        type=FieldType(_text_of(data, "type")),
        required=data.get("required") is True,
        default=data.get("default", MISSING),
        minimum=_number_of(data, "minimum"),
        maximum=_number_of(data, "maximum"),
        choices=_texts_of(data, "choices"),
        max_items=cast("int | None", data.get("max_items")),
        description=_text_of(data, "description"),
    )


def _price_from_json(data: JSONObject) -> Price:
    counts = cast("list[int]", data.get("input_units", []))
    return Price(
        usd=cast(float, data["usd"]),
        usd_high=_number_of(data, "usd_high"),
        unit=Unit(_text_of(data, "unit")),
        minimum=cast("int | None", data.get("minimum")),
        times=cast("Mapping[str, Mapping[str, float]]", _table_of(data, "times")),
        plus=cast("Mapping[str, float | Mapping[str, float]]", _table_of(data, "plus")),
        unknown_with=_texts_of(data, "unknown_with"),
        block=cast(int, data.get("block", 1)),
        first=_number_of(data, "first"),
        input_units=(counts[0], counts[1]) if counts else None,
        as_of=_text_of(data, "as_of"),
        source=_text_of(data, "source"),
    )


def _text_of(data: JSONObject, key: str) -> str:
    return cast(str, data.get(key, ""))


def _texts_of(data: JSONObject, key: str) -> tuple[str, ...]:
    return tuple(cast("list[str]", data.get(key, [])))


def _number_of(data: JSONObject, key: str) -> float | None:
    return cast("float | None", data.get(key))


def _table_of(data: JSONObject, key: str) -> JSONObject:
    return cast(JSONObject, data.get(key, {}))


def endpoint_to_json(endpoint: Endpoint) -> JSONObject:
    """The data of the endpoint, which `endpoint_from_json` reads back; defaults are left out."""
    roles = endpoint.roles
    unsaid = None if roles.adapters else 0
    told: dict[str, JSONValue] = {
        "id": endpoint.id,
        "title": endpoint.title if endpoint.title != endpoint.id else None,
        "description": endpoint.description,
        "does": endpoint.does.value,
        "base": endpoint.base,
        "trains": endpoint.trains,
        "adapters_max": endpoint.adapters_max if endpoint.adapters_max != unsaid else None,
        "makes": list(endpoint.makes),
        "price": None if endpoint.price is None else _filled(endpoint.price),
        "roles": _filled(roles),
        "notes": list(endpoint.notes),
        "fields": {name: field_to_json(field) for name, field in endpoint.fields.items()},
    }
    return {key: value for key, value in told.items() if key == "fields" or not _is_empty(value)}


def field_to_json(field: Field) -> JSONObject:
    """A field likewise."""
    return {key: value for key, value in _filled(field).items() if key != "name"}


def _filled(part: Field | Price | Roles) -> dict[str, JSONValue]:
    """The part's values by name, in order; those that are empty or the default are left out."""
    defaults = dict(zip(reversed(part.__struct_fields__), reversed(part.__struct_defaults__), strict=False))
    return {
        name: list(value) if isinstance(value, tuple) else str(value) if isinstance(value, StrEnum) else value
        for name, value in structs.asdict(part).items()
        if value != (default := defaults.get(name)) and (default is MISSING or not _is_empty(value))
    }


def endpoint_to_yaml(endpoint: Endpoint, remarks: Sequence[str]) -> str:
    """The text of a file of the project's own, the remarks above it as comments."""
    import yaml

    told = _plain_containers(endpoint_to_json(endpoint))
    head = "".join(f"# {' '.join(remark.split())}\n" for remark in remarks)
    text = head + yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=None)
    return text if _reads_back_as(text, told) else head + json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _reads_back_as(text: str, told: JSONValue) -> bool:
    """Whether our own reader, which goes by YAML 1.2, reads there what the writer, which goes by 1.1, meant."""
    from nano_banana.formats.yaml_reader import parse_yaml  # here: a worker needs no YAML

    try:
        return to_plain(parse_yaml(text, file="")) == told
    except Invalid:
        return False


def _is_empty(value: JSONValue) -> bool:
    return value is None or (isinstance(value, str | Mapping | Sequence) and not value)


def _plain_containers(value: JSONValue) -> JSONValue:
    """The same in dicts and lists, which is all that YAML's writer knows."""
    if isinstance(value, Mapping):
        return {str(name): _plain_containers(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain_containers(item) for item in value]
    return value


def endpoint_digest(endpoint: Endpoint) -> str:
    """The SHA-256, in hex, of the endpoint's fields, the roles that they play, and where its results stand.

    Titles, descriptions, the order of fields and prices are no part of it.
    """
    whole = endpoint_to_json(endpoint)
    fields = {name: {**as_object(field), "description": ""} for name, field in as_object(whole["fields"]).items()}
    told = canonical_json({"fields": fields, "roles": whole.get("roles"), "makes": list(endpoint.makes)})
    return hashlib.sha256(told).hexdigest()

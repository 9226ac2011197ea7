"""Endpoint files: their JSON Schema, decoding, encoding and digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import cast

import msgspec
from msgspec.structs import replace

from nano_banana.catalog.endpoint import Endpoint, Field
from nano_banana.formats.struct_schema import SCHEMA_DIALECT, section_schema
from nano_banana.formats.yaml_values import to_plain
from nano_banana.model.call import canonical_json
from nano_banana.model.json_values import JSONObject, JSONValue, as_object
from nano_banana.model.problem import Invalid


def endpoint_schema() -> JSONObject:
    """The JSON Schema (draft 2020-12) of `endpoints/*.yaml`; the package's own data have this shape too."""
    body = {key: value for key, value in section_schema(Endpoint).items() if key != "description"}
    properties = as_object(body["properties"])
    fields = as_object(properties["fields"])
    field = as_object(fields["additionalProperties"])
    # A field's name is its key.
    named = {name: shape for name, shape in as_object(field["properties"]).items() if name != "name"}
    return {
        "$schema": SCHEMA_DIALECT,
        "title": "Nano Banana: an endpoint",
        **body,
        "properties": {**properties, "fields": {**fields, "additionalProperties": {**field, "properties": named}}},
        "if": {"required": ["does"], "properties": {"does": {"const": "train"}}},
        "then": {"required": ["trains"]},
    }


def endpoint_from_json(data: JSONObject) -> Endpoint:
    """Make the endpoint that `data` describes; `data` must satisfy `endpoint_schema()`."""
    endpoint = msgspec.convert(data, Endpoint)
    return replace(
        endpoint,
        title=endpoint.title or endpoint.id,
        adapters_max=data.get("adapters_max", _unsaid_adapters_max(endpoint)),
        fields=named_fields(endpoint.fields),
    )


def named_fields(fields: Mapping[str, Field]) -> dict[str, Field]:
    """The fields, each with its key as its name."""
    return {name: replace(field, name=name) for name, field in fields.items()}


def _unsaid_adapters_max(endpoint: Endpoint) -> int | None:
    """How many adapters an endpoint takes whose file doesn't say: none without a field for them."""
    return None if endpoint.roles.adapters else 0


def endpoint_to_json(endpoint: Endpoint) -> JSONObject:
    """The data of the endpoint, which `endpoint_from_json` reads back; defaults are left out."""
    unsaid = endpoint.adapters_max == _unsaid_adapters_max(endpoint)
    shown = replace(
        endpoint,
        title="" if endpoint.title == endpoint.id else endpoint.title,
        adapters_max=None if unsaid else endpoint.adapters_max,
        fields={name: replace(field, name="") for name, field in endpoint.fields.items()},
    )
    return cast(JSONObject, msgspec.json.decode(msgspec.json.encode(shown)))


def endpoint_to_yaml(endpoint: Endpoint, remarks: Sequence[str]) -> str:
    """The text of a file of the project's own, the remarks above it as comments."""
    import yaml

    data = endpoint_to_json(endpoint)
    head = "".join(f"# {' '.join(remark.split())}\n" for remark in remarks)
    text = head + yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=None)
    return text if _reads_back_as(text, data) else head + json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _reads_back_as(text: str, data: JSONValue) -> bool:
    """Whether our reader, which follows YAML 1.2, reads what the writer, which follows YAML 1.1, meant."""
    from nano_banana.formats.yaml_reader import parse_yaml  # here: a worker needs no YAML

    try:
        return to_plain(parse_yaml(text, file="")) == data
    except Invalid:
        return False


def endpoint_digest(endpoint: Endpoint) -> str:
    """The SHA-256, in hex, of the endpoint's fields, their roles, and the places of its results.

    Titles, descriptions, the order of fields and prices are no part of it.
    """
    data = endpoint_to_json(endpoint)
    fields = {name: {**as_object(field), "description": ""} for name, field in as_object(data["fields"]).items()}
    document = {"fields": fields, "roles": data.get("roles") or None, "makes": list(endpoint.makes)}
    return hashlib.sha256(canonical_json(document)).hexdigest()

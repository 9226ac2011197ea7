"""What is wrong with the description of an endpoint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from nano_banana.catalog.catalog import endpoint_faults
from nano_banana.catalog.endpoint import endpoint_from_json, endpoint_schema
from nano_banana.model.json_values import JSONObject, JSONValue

SOUND: JSONObject = {
    "id": "acme/draw",
    "does": "generate",
    "makes": ["image"],
    "fields": {"prompt": {"type": "string"}},
}
PRICE: JSONObject = {"usd": 0.1, "unit": "image", "as_of": "2026-08", "source": "a page"}


def kinds(**more: JSONValue) -> list[tuple[str, str]]:
    return [(fault.kind, ".".join(map(str, fault.path))) for fault in endpoint_faults({**SOUND, **more})]


def test_a_sound_one() -> None:
    assert kinds(price=PRICE, roles={"prompt": "prompt"}) == []


def test_the_schema_is_valid_and_the_checked_in_file_equals_it() -> None:
    Draft202012Validator.check_schema(dict(endpoint_schema()))
    checked_in = Path(__file__).parents[2] / "schemas" / "endpoint.schema.json"
    assert checked_in.read_text(encoding="utf-8") == json.dumps(endpoint_schema(), indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize(
    ("more", "kind", "path"),
    [
        ({"id": "draw"}, "endpoint_value", "id"),
        ({"does": 3}, "endpoint_value", "does"),
        ({"does": "draw"}, "endpoint_choice", "does"),
        ({"makes": {"a": 1}}, "endpoint_value", "makes"),
        ({"makes": None}, "endpoint_value", "makes"),
        ({"makes": "image"}, "endpoint_value", "makes"),
        ({"price": {**PRICE, "as_of": "August"}}, "endpoint_value", "price.as_of"),
        ({"price": {**PRICE, "used": 1}}, "endpoint_key_unknown", "price.used"),
        ({"price": {**PRICE, "plus": {"promt": 1}}}, "endpoint_field_unknown", "price.plus.promt"),
        ({"price": {**PRICE, "times": {"size": {}}}}, "endpoint_field_unknown", "price.times.size"),
        ({"price": {**PRICE, "unknown_with": ["cfg"]}}, "endpoint_field_unknown", "price.unknown_with.cfg"),
        ({"roles": {"prompt": "promt"}}, "endpoint_field_unknown", "roles.prompt"),
        ({"roles": {"trigger": "prompt"}}, "endpoint_key_missing", "roles"),
        ({"does": "train"}, "endpoint_key_missing", ""),
        ({"fields": {"mode": {"type": "enum"}}}, "endpoint_key_missing", "fields.mode"),
        ({"fields": {"mode": "text"}}, "endpoint_value", "fields.mode"),
        ({"fields": {"n": {"type": "number", "default": "x"}}}, "endpoint_default", "fields.n.default"),
        ({"fields": {"n": {"type": "number", "default": 9, "maximum": 8}}}, "endpoint_default", "fields.n.default"),
        ({"fields": {"n": {"type": "number", "minimum": 9, "maximum": 8}}}, "endpoint_range_empty", "fields.n.minimum"),
    ],
)
def test_one_fault(more: JSONObject, kind: str, path: str) -> None:
    assert kinds(**more) == [(kind, path)]


def test_whole_numbers_may_be_written_as_decimals() -> None:
    fields: JSONObject = {"things": {"type": "list", "max_items": 3.0}, "more": {"type": "list", "max_items": 1e20}}
    price: JSONObject = {
        "usd": 1,
        "unit": "image",
        "block": 2.0,
        "input_units": [1.0, 2],
        "as_of": "2026-08",
        "source": "it",
    }
    data: JSONObject = {
        "id": "acme/draw",
        "does": "generate",
        "makes": ["images/*"],
        "adapters_max": 2.0,
        "fields": fields,
        "price": price,
    }
    assert endpoint_faults(data) == []
    endpoint = endpoint_from_json(data)
    assert [endpoint.fields[name].max_items for name in fields] == [3, 10**20]
    assert endpoint.price is not None
    assert (endpoint.adapters_max, endpoint.price.block, endpoint.price.input_units) == (2, 2, (1, 2))


def test_defaults_that_are_only_unusual_or_ours_are_no_faults() -> None:
    fields: JSONObject = {
        "size": {"type": "image_size", "default": {"width": 100, "height": 100}},
        "n": {"type": "integer", "default": 4},
        "word": {"type": "string", "default": None},
    }
    assert kinds(fields=fields, roles={"count": "n"}) == []


def test_several_missing_keys_are_said_once_each() -> None:
    missing = [fault.data["name"] for fault in endpoint_faults({})]
    assert missing == ["id", "does", "makes", "fields"]


def test_a_file_that_is_no_mapping() -> None:
    assert [fault.data for fault in endpoint_faults(None)] == [{"where": "the file", "found": "nothing", "about": ""}]
    assert endpoint_faults([])[0].data["found"] == "a list"

"""Fields and results, read from OpenAPI."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import UNSET

from nano_banana.catalog.arguments import NAMED_SIZES
from nano_banana.catalog.endpoint import Field, FieldType
from nano_banana.catalog.openapi_listing import EndpointListing, format_listings, parse_listing, read_listings
from nano_banana.model.json_values import JSONObject
from tests.catalog.openapi import document, of_json, optional, ref


def listed(**properties: JSONObject) -> EndpointListing:
    return parse_listing("acme/draw", document(properties, required=("prompt",)), as_of=0)


def field(schema: JSONObject, name: str = "it") -> Field:
    fields = listed(**{name: schema}).fields
    assert fields
    return fields[name]


def test_numbers_with_their_ranges() -> None:
    steps = field({"type": "integer", "default": 28, "minimum": 1, "maximum": 50, "description": "Steps\n of it."})
    assert (steps.type, steps.default, steps.minimum, steps.maximum) == (FieldType.INTEGER, 28, 1, 50)
    assert (steps.description, steps.required) == ("Steps of it.", False)
    open_ends = field({"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 10})
    assert (open_ends.minimum, open_ends.maximum) == (1, 9)
    assert field({"type": "number", "exclusiveMinimum": 0}).minimum == 0
    assert field({"anyOf": [{"type": "integer"}, {"type": "number"}]}).type is FieldType.NUMBER


def test_what_may_be_null_is_what_it_is_else() -> None:
    seed = field(optional({"type": "integer"}, title="Seed"))
    assert (seed.type, seed.default, seed.description) == (FieldType.INTEGER, UNSET, "")


def test_a_named_size_or_sides_is_a_size() -> None:
    names = {"type": "string", "enum": [*NAMED_SIZES, "auto"]}
    size = field({"anyOf": [ref("ImageSize"), names], "default": "landscape_4_3"})
    assert (size.type, size.minimum, size.maximum, size.choices) == (FieldType.IMAGE_SIZE, 1, 14142, ("auto",))
    assert size.default == "landscape_4_3"


def test_adapters_have_a_path_and_a_scale() -> None:
    loras = field({"type": "array", "items": ref("LoraWeight"), "default": [], "maxItems": 3})
    assert (loras.type, loras.minimum, loras.maximum, loras.choices) == (FieldType.ADAPTERS, 0, 4, ("force",))
    assert (loras.default, loras.max_items) == (UNSET, 3)


@pytest.mark.parametrize(
    ("name", "schema", "expected"),
    [
        ("image_url", {"type": "string"}, FieldType.URL),
        ("photo", {"type": "string", "format": "uri"}, FieldType.URL),
        ("image_urls", {"type": "array", "items": {"type": "string"}}, FieldType.URLS),
        ("words", {"type": "array", "items": {"type": "string"}}, FieldType.LIST),
        ("it", {"enum": ["a", "b"]}, FieldType.ENUM),
        ("it", {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "string"}]}, FieldType.STRING),
        ("it", {"type": "boolean", "default": False}, FieldType.BOOLEAN),
        ("it", ref("File"), FieldType.OBJECT),
        ("it", {"allOf": [{"type": "integer"}], "default": 1}, FieldType.INTEGER),
        ("it", {}, FieldType.OBJECT),
        ("it", ref("Nowhere"), FieldType.OBJECT),
    ],
)
def test_types(name: str, schema: JSONObject, expected: FieldType) -> None:
    assert field(schema, name).type is expected


def test_fields_stand_in_the_order_of_the_listing_and_know_whether_they_must_be_there() -> None:
    found = listed(prompt={"type": "string"}, seed={"type": "integer"}).fields
    assert found
    assert {name: item.required for name, item in found.items()} == {"prompt": True, "seed": False}
    assert list(found) == ["prompt", "seed"]


def test_results_are_where_an_address_is() -> None:
    assert listed(prompt={}).makes == ("images/*",)
    adapter = document({"a": {}}, result={"diffusers_lora_file": ref("File"), "log": optional(ref("File")), "n": {}})
    assert parse_listing("acme/draw", adapter, as_of=0).makes == ("diffusers_lora_file", "log")


@pytest.mark.parametrize("odd", [None, {}, {"paths": 3}, {"paths": {"/a": {"post": {"requestBody": of_json({})}}}}])
def test_a_document_without_an_input_has_no_fields(odd: JSONObject | None) -> None:
    found = parse_listing("acme/draw", odd, as_of=0, deprecated=True)
    assert (found.fields, found.makes, found.deprecated) == (None, (), True)


def test_a_reference_to_itself_ends() -> None:
    circle: JSONObject = {"components": {"schemas": {"A": {"allOf": [ref("A")]}}}}
    told = {**document({"it": {"type": "string"}}), "x": circle}
    assert parse_listing("acme/draw", told, as_of=0).fields
    round_about = {**document({}), **circle, "paths": {"/a": {"post": {"requestBody": of_json(ref("A"))}}}}
    assert parse_listing("acme/draw", round_about, as_of=0).fields is None


def test_listings_are_kept_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "listings.json"
    kept = {
        "acme/draw": listed(
            prompt={"type": "string", "description": "\ud800", "maxLength": 10**20},
            size={"anyOf": [ref("ImageSize"), {"enum": ["auto"]}]},
        ),
        "acme/gone": EndpointListing(id="acme/gone", as_of=1.5, gone=True),
    }
    file.write_text(format_listings(kept), "utf-8")
    assert read_listings(file) == kept


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"listings": {"a/b": {}}}', '{"listings": {"a/b": 3}}', '{"listings": 3}']
)
def test_a_damaged_file_of_listings_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "it").write_text(text, "utf-8")
    assert read_listings(tmp_path / "it") == {}
    assert read_listings(tmp_path / "not there") == {}

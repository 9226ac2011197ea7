"""The JSON Schema of an endpoint's fields."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from nano_banana.catalog.arguments import arguments_schema, complete_arguments
from nano_banana.model.json_values import JSONObject
from tests.catalog.describe import CATALOG, dig, made, shipped


@pytest.mark.parametrize("name", CATALOG.ids)
def test_it_is_valid_and_takes_what_is_completed(name: str) -> None:
    endpoint = shipped(name.removeprefix("fal-ai/"))
    schema = arguments_schema(endpoint)
    Draft202012Validator.check_schema(dict(schema))
    Draft202012Validator(dict(schema)).validate(complete_arguments(endpoint, {}))
    assert all(dig(schema, "properties", field, "description") for field in endpoint.fields)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"image_size": "square"}, "fits"),
        ({"image_size": {"width": "{{ w }}", "height": 64}}, "fits"),
        ({"image_size": {"width": 64}}, "does not"),
        ({"seed": "{{ n }}"}, "fits"),
        ({"seed": "seven"}, "does not"),
        ({"num_inference_steps": 51}, "does not"),
        ({"num_images": 2}, "does not"),
        ({"sync_mode": True}, "does not"),
        ({"loras": [{"path": "a", "scale": 5}]}, "does not"),
        ({"loras": [{"path": "a", "force": True}]}, "fits"),
        ({"negative_prompt": "x"}, "does not"),
        ({"prompt": "x"}, "does not"),
    ],
)
def test_it_judges(given: JSONObject, said: str) -> None:
    schema = arguments_schema(shipped("flux-lora"), without=["prompt"])
    assert Draft202012Validator(dict(schema)).is_valid(given) is (said == "fits")


def test_defaults_are_those_of_our_own_requests() -> None:
    schema = arguments_schema(shipped("flux-lora"))
    assert dig(schema, "properties", "output_format", "default") == "png"
    assert dig(schema, "properties", "num_inference_steps", "default") == 28
    assert "default" not in str(dig(schema, "properties", "seed"))


def test_lists_are_bounded_where_that_is_known() -> None:
    edit = arguments_schema(shipped("nano-banana-pro/edit"))
    assert dig(edit, "properties", "image_urls", "anyOf", 0, "maxItems") == 14
    lora = arguments_schema(shipped("flux-2/lora"))
    assert dig(lora, "properties", "loras", "anyOf", 0, "maxItems") == 3
    fields: JSONObject = {"things": {"type": "list", "max_items": 2}, "map": {"type": "object"}}
    schema = arguments_schema(made(fields))
    assert Draft202012Validator(dict(schema)).is_valid({"things": [1, 2], "map": {}})
    assert not Draft202012Validator(dict(schema)).is_valid({"things": [1, 2, 3]})
    assert dig(schema, "properties", "map", "description") == "map"

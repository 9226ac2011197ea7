"""Arguments made whole."""

from __future__ import annotations

from nano_banana.catalog.arguments import complete_arguments
from nano_banana.model.json_values import JSONObject
from tests.catalog.describe import made, shipped


def test_defaults_in_the_order_of_the_fields() -> None:
    assert list(complete_arguments(shipped("flux-lora"), {"seed": 7, "prompt": "a face"}).items()) == [
        ("prompt", "a face"),
        ("image_size", "landscape_4_3"),
        ("num_inference_steps", 28),
        ("guidance_scale", 3.5),
        ("seed", 7),
        ("num_images", 1),
        ("enable_safety_checker", True),
        ("output_format", "png"),
        ("acceleration", "none"),
    ]


def test_what_was_given_stands_but_for_the_count() -> None:
    whole = complete_arguments(shipped("flux-lora"), {"output_format": "jpeg", "num_images": 4, "stranger": 2.0})
    assert (whole["output_format"], whole["num_images"], whole["stranger"]) == ("jpeg", 1, 2)


def test_completing_twice_changes_nothing() -> None:
    whole = complete_arguments(shipped("flux-2/lora"), {"prompt": "x"})
    assert complete_arguments(shipped("flux-2/lora"), whole) == whole


def test_numbers_have_one_form() -> None:
    given: JSONObject = {
        "num_inference_steps": 28.0,
        "image_size": {"width": 880.0, "height": 1104},
        "loras": [{"path": "a", "scale": 1.0}],
    }
    whole = complete_arguments(shipped("flux-lora"), given)
    assert repr([whole[name] for name in given]) == repr(
        [28, {"width": 880, "height": 1104}, [{"path": "a", "scale": 1}]]
    )


def test_a_format_without_png_keeps_its_default() -> None:
    endpoint = made({"kind": {"type": "enum", "choices": ["webp"], "default": "webp"}}, roles={"format": "kind"})
    assert complete_arguments(endpoint, {}) == {"kind": "webp"}


def test_a_default_of_null_stays_absent() -> None:
    assert complete_arguments(made({"word": {"type": "string", "default": None}}), {}) == {}

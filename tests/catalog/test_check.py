"""Arguments against an endpoint."""

from __future__ import annotations

import pytest

from nano_banana.catalog.arguments import argument_problems
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.model.json_values import JSONObject, JSONValue
from tests.catalog.describe import made, shipped

LORA = shipped("flux-lora")


def kinds(
    given: JSONObject, endpoint: Endpoint = LORA, filled: tuple[str, ...] = ("prompt",)
) -> list[tuple[str, tuple[str | int, ...]]]:
    return [(misfit.kind, misfit.path) for misfit in argument_problems(endpoint, given, filled=filled)]


def test_a_fitting_set() -> None:
    assert (
        kinds(
            {
                "num_inference_steps": 28.0,
                "guidance_scale": 2.8,
                "image_size": {"width": 880, "height": 1104},
                "output_format": "png",
                "enable_safety_checker": True,
                "num_images": 1,
                "sync_mode": False,
                "loras": [{"path": "https://example.com/a.safetensors", "scale": 0.9, "force": True}],
            }
        )
        == []
    )


@pytest.mark.parametrize(
    ("given", "kind", "path"),
    [
        ({"steps": 3}, "field_unknown", ("steps",)),
        ({"negative_prompt": "hands"}, "no_negative_prompt", ("negative_prompt",)),
        ({"prompt": "x"}, "field_is_ours", ("prompt",)),
        ({"num_images": 4}, "field_is_ours", ("num_images",)),
        ({"sync_mode": True}, "field_is_ours", ("sync_mode",)),
        ({"num_inference_steps": 51}, "field_range", ("num_inference_steps",)),
        ({"num_inference_steps": 2.5}, "field_type", ("num_inference_steps",)),
        ({"num_inference_steps": True}, "field_type", ("num_inference_steps",)),
        ({"guidance_scale": "3"}, "field_type", ("guidance_scale",)),
        ({"guidance_scale": float("nan")}, "field_range", ("guidance_scale",)),
        ({"seed": float("inf")}, "field_range", ("seed",)),
        ({"seed": None}, "field_type", ("seed",)),
        ({"output_format": "webp"}, "field_choice", ("output_format",)),
        ({"output_format": 3}, "field_choice", ("output_format",)),
        ({"enable_safety_checker": "no"}, "field_type", ("enable_safety_checker",)),
        ({"image_size": "portrait"}, "field_choice", ("image_size",)),
        ({"image_size": [880, 1104]}, "size_shape", ("image_size",)),
        ({"image_size": {"width": 880}}, "size_shape", ("image_size",)),
        ({"image_size": {"width": 880, "height": "tall"}}, "size_shape", ("image_size",)),
        ({"image_size": {"width": 880, "height": 0}}, "size_range", ("image_size", "height")),
        ({"image_size": {"width": 880.5, "height": 64}}, "size_range", ("image_size", "width")),
        ({"image_size": {"width": 881, "height": 64}}, "size_multiple", ("image_size", "width")),
        ({"loras": {}}, "field_type", ("loras",)),
        ({"loras": ["a"]}, "adapter_shape", ("loras", 0)),
        ({"loras": [{"scale": 1}]}, "adapter_shape", ("loras", 0)),
        ({"loras": [{"path": 1}]}, "adapter_shape", ("loras", 0, "path")),
        ({"loras": [{"path": "a", "scale": "1"}]}, "adapter_shape", ("loras", 0, "scale")),
        ({"loras": [{"path": "a", "scale": 5}]}, "field_range", ("loras", 0, "scale")),
    ],
)
def test_one_misfit(given: JSONObject, kind: str, path: tuple[str | int, ...]) -> None:
    assert kinds(given) == [(kind, path)]


def test_a_required_field_that_nobody_gives() -> None:
    assert kinds({}, shipped("flux-lora/inpainting"), filled=("image_url",)) == [
        ("field_missing", ("prompt",)),
        ("field_missing", ("mask_url",)),
    ]


def test_a_negative_prompt_where_there_is_one() -> None:
    assert (
        kinds({"negative_prompt": "hands"}, shipped("flux-general/inpainting"), ("prompt", "image_url", "mask_url"))
        == []
    )


def test_lists() -> None:
    pro = shipped("nano-banana-pro/edit")
    assert kinds({"image_urls": ["a"] * 15}, pro) == [("list_too_long", ("image_urls",))]
    assert kinds({"image_urls": ["a", 2]}, pro) == [("field_type", ("image_urls", 1))]
    three = [{"path": "a"}] * 4
    assert kinds({"loras": three}, shipped("flux-2/lora")) == [("adapters_too_many", ("loras",))]
    assert kinds({"loras": [{"path": "a", "force": True}]}, shipped("flux-2/lora")) == [("adapter_shape", ("loras", 0))]
    general = shipped("flux-general/inpainting")
    assert kinds({"controlnets": [{}], "fill_image": {}}, general, ("prompt", "image_url", "mask_url")) == []
    assert kinds({"fill_image": []}, general, ("prompt", "image_url", "mask_url")) == [("field_type", ("fill_image",))]


def test_suggestions_and_data() -> None:
    (misfit,) = argument_problems(LORA, {"guidance": 3}, filled=["prompt"])
    assert misfit.suggestions == ("guidance_scale",)
    (misfit,) = argument_problems(shipped("nano-banana"), {"safety_tolerance": 4}, filled=["prompt"])
    assert (misfit.kind, misfit.data["found"]) == ("field_needs_quotes", 4)
    (misfit,) = argument_problems(LORA, {"num_inference_steps": 99}, filled=["prompt"])
    assert misfit.data == {"field": "num_inference_steps", "endpoint": LORA.id, "value": 99, "range": "1–50"}
    (misfit,) = argument_problems(LORA, {"image_size": {"width": 880, "height": 1100}}, filled=["prompt"])
    assert (misfit.warning, misfit.suggestions) == (True, ("1104",))


@pytest.mark.parametrize(
    ("bounds", "span"),
    [({"minimum": 1}, "≥ 1"), ({"maximum": 0.5}, "≤ 0.5"), ({}, "finite")],
)
def test_half_open_ranges(bounds: JSONObject, span: str) -> None:
    endpoint = made({"n": {"type": "number", **bounds}})
    value = float("-inf") if "minimum" in bounds else float("inf")
    assert argument_problems(endpoint, {"n": value})[0].data["range"] == span


def test_templates_are_not_judged_at_any_depth() -> None:
    given: JSONObject = {
        "seed": "{{ n }}",
        "num_images": "{{ n }}",
        "image_size": {"width": "{{ w }}", "height": 64},
        "loras": ["{{ one }}", {"path": "a", "scale": "{{ s }}"}],
    }
    assert (
        argument_problems(
            LORA, given, filled=["prompt"], deferred=lambda value: "{{" in str(value) and isinstance(value, str)
        )
        == []
    )


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "a", [], {}])
def test_what_was_found_is_named(value: JSONValue) -> None:
    names = {
        misfit.data["found"]
        for kind in ("string", "number", "boolean", "object", "list")
        for misfit in argument_problems(made({"x": {"type": kind}}), {"x": value})
    }
    assert len(names) == 1
    assert names <= {"null", "boolean", "number", "string", "list", "object"}

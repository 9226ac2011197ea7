"""Generating and editing: shapes of answers, seeds, sizes, formats, and what words change."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import CallFailed
from nano_banana.providers.local.local_drawing import encode_picture
from tests.providers.local.conftest import Ask
from tests.providers.local.pictures import array, opened, png_of, real_photo

SMALL: JSONObject = {"width": 160, "height": 200}
FLUX = "fal-ai/flux-lora"


def test_the_answer_is_shaped_as_fals(ask: Ask) -> None:
    data, files = ask("fal-ai/flux/dev", {"prompt": "a forest", "image_size": SMALL, "seed": 7, "num_images": 2}, {})
    one = {"width": 160, "height": 200, "content_type": "image/png"}
    assert data == {
        "images": [one, one],
        "seed": 7,
        "prompt": "a forest",
        "timings": {},
        "has_nsfw_concepts": [False, False],
    }
    assert set(files) == {"images/0", "images/1"}
    assert files["images/0"] != files["images/1"]


def test_the_next_seed_makes_the_second_picture(ask: Ask) -> None:
    two = ask("fal-ai/flux/dev", {"prompt": "a cafe", "image_size": SMALL, "seed": 7, "num_images": 2}, {})
    next_one = ask("fal-ai/flux/dev", {"prompt": "a cafe", "image_size": SMALL, "seed": 8}, {})
    assert two[1]["images/1"] == next_one[1]["images/0"]


def test_without_a_seed_one_follows_from_the_call_and_is_said(ask: Ask) -> None:
    arguments: JSONObject = {"prompt": "a beach", "image_size": SMALL}
    first, again = ask("fal-ai/flux/dev", arguments, {}), ask("fal-ai/flux/dev", arguments, {})
    assert isinstance(first[0]["seed"], int)
    assert first == again


def test_nano_banana_has_its_own_shape_and_sizes(ask: Ask) -> None:
    result = ask("fal-ai/nano-banana", {"prompt": "a stage", "aspect_ratio": "4:5", "output_format": "jpeg"}, {})
    assert set(result[0]) == {"images", "description"}
    assert opened(result).format == "JPEG"
    assert opened(result).size == (912, 1152)


@pytest.mark.parametrize(("form", "kind"), [("", "PNG"), ("png", "PNG"), ("jpg", "JPEG"), ("webp", "WEBP")])
def test_pictures_are_encoded_as_asked(form: str, kind: str) -> None:
    data, media = encode_picture(Image.new("RGB", (8, 8)), form)
    assert Image.open(io.BytesIO(data)).format == kind
    assert media == f"image/{kind.lower()}"


def test_a_large_picture_is_drawn_smaller_and_enlarged(ask: Ask) -> None:
    arguments: JSONObject = {
        "prompt": "space",
        "aspect_ratio": "1:1",
        "resolution": "2K",
        "seed": 1,
        "output_format": "jpeg",
    }
    assert opened(ask("fal-ai/nano-banana-pro", arguments, {})).size == (2048, 2048)


def test_an_impossible_size_is_refused(ask: Ask) -> None:
    with pytest.raises(CallFailed, match="local_size"):
        ask("fal-ai/flux/dev", {"prompt": "x", "image_size": {"width": 20000, "height": 100}}, {})


@pytest.mark.parametrize("count", [0, True, "2"])
def test_an_unusable_argument_is_named(ask: Ask, count: JSONValue) -> None:
    with pytest.raises(CallFailed, match="num_images"):
        ask("fal-ai/flux/dev", {"prompt": "x", "num_images": count}, {})


def test_the_adapters_person_is_drawn(ask: Ask, adapter: bytes) -> None:
    arguments: JSONObject = {"prompt": "studio", "image_size": SMALL, "seed": 3, "loras": [{"scale": 0.95}]}
    with_person = ask(FLUX, arguments, {"loras/0/path": adapter})
    stand_in = ask(FLUX, {**arguments, "loras": []}, {})
    weak = ask(FLUX, {**arguments, "loras": [{"scale": 0.1}]}, {"loras/0/path": adapter})
    assert with_person[1] != stand_in[1]
    assert weak[1] == stand_in[1]
    assert ask(FLUX, arguments, {"loras/0/path": adapter}) == with_person


def test_a_style_adapter_lends_its_colours(ask: Ask, adapter: bytes, style_adapter: bytes) -> None:
    arguments: JSONObject = {
        "prompt": "studio",
        "image_size": SMALL,
        "seed": 3,
        "loras": [{"scale": 1}, {"scale": 0.8}],
    }
    both = array(ask(FLUX, arguments, {"loras/0/path": adapter, "loras/1/path": style_adapter}))
    alone = array(ask(FLUX, {**arguments, "loras": [{}]}, {"loras/0/path": adapter}))
    assert both[..., 2].mean() - both[..., 0].mean() > alone[..., 2].mean() - alone[..., 0].mean() + 10


def test_an_adapter_by_url_cannot_be_had(ask: Ask) -> None:
    with pytest.raises(CallFailed, match="adapter_not_local"):
        ask(FLUX, {"prompt": "x", "loras": [{"path": "https://example.com/a.safetensors"}]}, {})


def test_clothes_are_dyed_and_grey_ones_are_not(ask: Ask, adapter: bytes) -> None:
    arguments: JSONObject = {"image_size": SMALL, "seed": 3, "loras": [{"scale": 1}]}
    inputs = {"loras/0/path": adapter}
    plain = array(ask(FLUX, {**arguments, "prompt": "studio"}, inputs))
    dyed = array(ask(FLUX, {**arguments, "prompt": "studio, wearing a green coat"}, inputs))
    assert np.abs(dyed[-30:] - plain[-30:]).mean() > np.abs(dyed[:60] - plain[:60]).mean()


def test_an_edit_takes_the_person_to_another_place(ask: Ask) -> None:
    arguments: JSONObject = {"prompt": "on the beach", "seed": 1, "output_format": "jpeg"}
    result = ask("fal-ai/nano-banana/edit", arguments, {"image_urls/0": real_photo()})
    assert opened(result).size == (912, 1152)


def test_an_edit_without_a_picture_is_refused(ask: Ask) -> None:
    with pytest.raises(CallFailed, match="image_urls"):
        ask("fal-ai/nano-banana/edit", {"prompt": "on the beach"}, {})


def test_a_picture_without_a_face_can_be_edited_too(ask: Ask) -> None:
    wall = png_of(np.full((200, 160, 3), 128))
    data, _ = ask("fal-ai/nano-banana/edit", {"prompt": "beach", "output_format": "jpeg"}, {"image_urls/0": wall})
    assert "images" in data

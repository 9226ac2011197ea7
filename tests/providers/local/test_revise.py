"""Image to image, inpainting and enlarging."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import CallFailed
from nano_banana.providers.local.local_drawing import upscale
from nano_banana.providers.local.local_job import LocalJob
from tests.providers.local.conftest import Ask
from tests.providers.local.pictures import array, opened, png_of, real_photo

INPAINT = "fal-ai/flux-lora/inpainting"


def mask(box: tuple[int, int, int, int], size: tuple[int, int] = (576, 720)) -> bytes:
    white = np.zeros((size[1], size[0]))
    white[box[1] : box[3], box[0] : box[2]] = 255
    return png_of(white)


FACE = mask((190, 90, 400, 330))
CORNER = mask((0, 0, 576, 80))


def before() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(Image.open(io.BytesIO(real_photo())).convert("RGB"), np.float64)


def test_more_strength_changes_more(ask: Ask) -> None:
    def changed(strength: float) -> float:
        arguments: JSONObject = {"prompt": "a library", "strength": strength, "seed": 2}
        return float(
            np.abs(
                array(ask("fal-ai/flux-lora/image-to-image", arguments, {"image_url": real_photo()})) - before()
            ).mean()
        )

    low, middle, high = changed(0.05), changed(0.5), changed(0.95)
    assert low < middle < high


def test_a_strong_image_to_image_puts_the_adapters_person_there(ask: Ask, adapter: bytes) -> None:
    arguments: JSONObject = {"prompt": "a cafe", "strength": 0.9, "seed": 2, "loras": [{"scale": 1}]}
    inputs = {"image_url": real_photo(), "loras/0/path": adapter}
    other = ask("fal-ai/flux-lora/image-to-image", arguments, inputs)
    own = ask("fal-ai/flux-lora/image-to-image", {**arguments, "loras": []}, {"image_url": real_photo()})
    assert (array(other) != array(own)).any()


def test_only_what_is_masked_changes(ask: Ask, adapter: bytes) -> None:
    arguments: JSONObject = {
        "prompt": "face",
        "strength": 0.85,
        "seed": 2,
        "loras": [{"scale": 1}],
        "output_format": "png",
    }
    after = array(ask(INPAINT, arguments, {"image_url": real_photo(), "mask_url": FACE, "loras/0/path": adapter}))
    inside = np.zeros(after.shape[:2], bool)
    inside[90:330, 190:400] = True
    assert (after[~inside] == before()[~inside]).all()
    assert (after[inside] != before()[inside]).any()


def test_inpainting_without_an_adapter_retouches(ask: Ask) -> None:
    arguments: JSONObject = {
        "prompt": "golden hour",
        "strength": 0.5,
        "seed": 2,
        "image_size": {"width": 288, "height": 360},
    }
    after = ask(INPAINT, arguments, {"image_url": real_photo(), "mask_url": FACE})
    assert opened(after).size == (288, 360)


def test_a_masked_background_becomes_another_place(ask: Ask) -> None:
    arguments: JSONObject = {"prompt": "a forest", "seed": 2, "output_format": "png"}
    after = array(ask("fal-ai/flux-pro/v1/fill", arguments, {"image_url": real_photo(), "mask_url": CORNER}))
    top = after[:40].mean(axis=(0, 1))
    assert top[1] > top[0]
    assert (after[100:] == before()[100:]).all()


def test_a_missing_mask_is_named(ask: Ask) -> None:
    with pytest.raises(CallFailed, match="mask_url"):
        ask(INPAINT, {"prompt": "x"}, {"image_url": real_photo()})


def enlarged(tmp_path: Path, **arguments: JSONValue) -> Image.Image:
    path = tmp_path / "picture"
    path.write_bytes(png_of(np.zeros((30, 20, 3))))
    job = LocalJob(
        endpoint="fal-ai/seedvr/upscale/image",
        does="upscale",
        roles={"image": "image_url"},
        makes=("image",),
        arguments=arguments,
        inputs={"image_url": path},
        key="k",
    )
    data, files = upscale(job)
    assert isinstance(data["image"], dict)
    return Image.open(io.BytesIO(files["image"][0]))


def test_enlarging_by_a_factor_or_to_a_target(tmp_path: Path) -> None:
    assert enlarged(tmp_path).size == (40, 60)
    assert enlarged(tmp_path, scale=3).size == (60, 90)
    assert enlarged(tmp_path, upscale_mode="target", target_resolution="720p").size == (720, 1080)


@pytest.mark.parametrize("factor", [0.5, True, "two"])
def test_a_factor_must_enlarge(tmp_path: Path, factor: JSONValue) -> None:
    with pytest.raises(CallFailed, match="upscale_factor"):
        enlarged(tmp_path, upscale_factor=factor)


def test_nothing_is_enlarged_beyond_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nano_banana.providers.local.local_drawing.MOST", 40)
    with pytest.raises(CallFailed, match="local_size"):
        enlarged(tmp_path, upscale_factor=4)


@pytest.mark.parametrize("form", ["png", "jpeg"])
def test_an_enlarged_picture_stays_transparent_where_its_format_can(tmp_path: Path, form: str) -> None:
    clear = Image.new("RGBA", (64, 48), (200, 30, 30, 0))
    clear.save(tmp_path / "a.webp", lossless=True)
    job = LocalJob(
        endpoint="x/upscale",
        does="upscale",
        roles={"image": "image_url", "format": "output_format"},
        makes=("image",),
        arguments={"output_format": form},
        inputs={"image_url": tmp_path / "a.webp"},
    )
    _, files = upscale(job)
    with Image.open(io.BytesIO(files["image"][0])) as larger:
        pixel = larger.getpixel((5, 5))
    assert isinstance(pixel, tuple)
    assert larger.size == (128, 96)
    assert pixel[3] == 0 if form == "png" else min(pixel) > 250


def repainted(ask: Ask, prompt: str, where: bytes) -> tuple[float, bool]:
    """How far the masked part changed (0–255), and whether that is said to be nothing that can be seen."""
    reply = ask(
        INPAINT, {"prompt": prompt, "seed": 2, "output_format": "png"}, {"image_url": real_photo(), "mask_url": where}
    )
    inside = np.asarray(Image.open(io.BytesIO(where)).convert("L")) > 0
    return float(np.abs(array(reply) - before())[inside].mean()), reply[0].get("unchanged") is True


def test_what_is_not_a_face_takes_the_colour_of_the_prompt(ask: Ask) -> None:
    for prompt, where in (("a red scarf", mask((150, 420, 430, 560))), ("a wooden chair", mask((150, 420, 430, 560)))):
        change, unseen = repainted(ask, prompt, where)
        assert change > 12, prompt
        assert not unseen


def test_a_face_without_an_adapter_is_said_to_stay_as_it_is(ask: Ask) -> None:
    change, unseen = repainted(ask, "a calm look with red lips", FACE)
    assert change < 8
    assert unseen


def test_nothing_is_said_of_a_face_that_is_its_own_adapters(ask: Ask, adapter: bytes) -> None:
    inputs = {"image_url": real_photo(), "mask_url": FACE, "loras/0/path": adapter}
    reply = ask(INPAINT, {"prompt": "a face", "strength": 0.05, "loras": [{"scale": 1}], "seed": 2}, inputs)
    assert "unchanged" not in reply[0]

"""The compute endpoint `mask`, where the region is found: its mask, its data, its refusals."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nano_banana.faces.networks import FACE_WEIGHTS, weights_file
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_number, as_object, as_whole
from nano_banana.model.problem import CallFailed, NanoBananaError, Unusable
from nano_banana.providers.compute.compute_provider import perform_compute
from nano_banana.providers.workers import WorkResult
from tests.people import HOPPER, astronaut, astronaut_file, hopper, saved, together

pytestmark = pytest.mark.skipif(
    any(weights_file(name) is None for name in FACE_WEIGHTS), reason="`nano-banana setup` fetches these weights"
)


def ask(image: Path, part: str = "face", *, which: JSONValue = "largest", **arguments: JSONValue) -> WorkResult:
    find: JSONObject = {"part": part, "which": which, "order": "size"}
    return perform_compute("mask", json.dumps({"shape": {"find": find}, **arguments}).encode(), {"image": image})


def pixels(result: WorkResult, place: str = "mask") -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(result[1][place][0])) as picture:
        return np.asarray(picture).copy()


def kind(error: NanoBananaError) -> str:
    return error.problems[0].kind


def box(result: WorkResult) -> list[int]:
    return [as_whole(edge) for edge in as_items(result[0]["box"])]


def test_says_what_was_found_and_by_which_networks() -> None:
    result = ask(HOPPER)
    data = result[0]
    assert pixels(result).shape == (600, 512)
    assert data["rough"] is False
    (face,) = (as_items(face) for face in as_items(data["face"]))
    assert [as_number(value) for value in face] == pytest.approx([183, 120, 170, 212], abs=4)
    assert as_number(data["coverage"]) == pytest.approx(0.1, abs=0.02)
    models = as_object(data["models"])
    assert sorted(models) == ["detector", "landmarks"]
    assert as_object(models["landmarks"])["sha256"] == FACE_WEIGHTS["face_landmarks_detector.tflite"].sha256
    assert sorted(as_object(ask(HOPPER, "person")[0]["models"])) == ["detector", "person"]


def test_the_same_picture_gets_the_same_answer() -> None:
    assert ask(HOPPER, "hair", grow=0.1, feather=0.1) == ask(HOPPER, "hair", grow=0.1, feather=0.1)


def test_grow_and_feather_are_fractions_of_the_region() -> None:
    plain, grown = box(ask(HOPPER)), box(ask(HOPPER, grow=0.25))
    side = (plain[2] - plain[0] + plain[3] - plain[1]) / 2
    assert np.abs(np.array(grown) - plain - np.array([-1, -1, 1, 1]) * 0.25 * side).max() < 0.04 * side
    hard, soft = pixels(ask(HOPPER)), pixels(ask(HOPPER, feather=0.2))
    assert ((soft > 20) & (soft < 235)).mean() > 4 * ((hard > 20) & (hard < 235)).mean()


def test_of_several_faces_each_grows_by_its_own_size(tmp_path: Path) -> None:
    image = saved(together(astronaut(), hopper()), tmp_path / "two.png")
    both, larger = pixels(ask(image, which="all", grow=0.3)), pixels(ask(image, grow=0.3))
    smaller = pixels(ask(image, which="smallest", grow=0.3))
    assert (both == np.maximum(larger, smaller)).all()
    assert len(as_items(ask(image, which="all")[0]["face"])) == 2


def test_inverted_it_is_all_the_rest() -> None:
    plain, turned = pixels(ask(HOPPER, "mouth", grow=0.3)), pixels(ask(HOPPER, "mouth", grow=0.3, invert=True))
    assert (plain.astype(int) + turned == 255).all()


def test_a_face_grown_over_the_border_ends_there(tmp_path: Path) -> None:
    image = saved(hopper().crop((150, 90, 400, 360)), tmp_path / "tight.png")
    assert box(ask(image, grow=1.0)) == [0, 0, 250, 270]


def test_a_photo_on_its_side_is_masked_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = tmp_path / "turned.png"
    hopper().transpose(Image.Transpose.ROTATE_90).save(turned, exif=exif)
    upright = saved(hopper(), tmp_path / "upright.png")
    assert (pixels(ask(turned)) == pixels(ask(upright))).all()


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(CallFailed) as failed:
        ask(HOPPER, "eyes", which=2)
    assert kind(failed.value) == "nothing_found"
    assert failed.value.problems[0].data == {"part": "eyes", "which": 2, "faces": 1}


def test_a_picture_of_nobody_has_nothing(tmp_path: Path) -> None:
    rows, columns = np.mgrid[0:300, 0:400]
    wall = saved(Image.fromarray(((rows // 20 + columns // 20) % 2 * 60 + 90).astype(np.uint8)), tmp_path / "wall.png")
    for part in ("face", "person", "background", "clothes"):
        with pytest.raises(CallFailed) as failed:
            ask(wall, part)
        assert kind(failed.value) == "nothing_found"


@pytest.mark.parametrize(
    "find",
    [
        None,
        {},
        {"part": "nose"},
        {"part": 1},
        {"part": "face", "which": 0},
        {"part": "face", "which": 33},
        {"part": "face", "which": True},
        {"part": "face", "which": "first"},
        {"part": "face", "order": "age"},
        {"part": "face", "whose": "mine"},
    ],
)
def test_wishes_that_make_no_sense(find: JSONValue) -> None:
    with pytest.raises(CallFailed) as failed:
        perform_compute("mask", json.dumps({"shape": {"find": find}}).encode(), {"image": HOPPER})
    assert kind(failed.value) == "compute_argument"


def test_odd_pictures_are_masked_as_plain_ones(tmp_path: Path) -> None:
    plain = pixels(ask(saved(hopper(), tmp_path / "plain.png"))) > 127
    hopper().convert("CMYK").save(tmp_path / "cmyk.tif")
    deep = np.asarray(hopper().convert("L")).astype(np.uint16) * 257
    Image.fromarray(deep).save(tmp_path / "deep.png")
    hopper().save(tmp_path / "moving.gif", save_all=True, append_images=[astronaut()])
    for name in ("cmyk.tif", "deep.png", "moving.gif"):
        mask = pixels(ask(tmp_path / name)) > 127
        assert (mask & plain).sum() / (mask | plain).sum() > 0.9


def test_what_is_no_picture_is_told(tmp_path: Path) -> None:
    (tmp_path / "cut.jpg").write_bytes(HOPPER.read_bytes()[:20_000])
    (tmp_path / "text.jpg").write_text("no picture")
    saved(Image.new("RGB", (1, 1)), tmp_path / "dot.png")
    for name, wanted in (
        ("cut.jpg", "picture_broken"),
        ("text.jpg", "picture_unreadable"),
        ("dot.png", "nothing_found"),
    ):
        with pytest.raises(CallFailed) as failed:
            ask(tmp_path / name)
        assert kind(failed.value) == wanted


def test_without_weights_the_whole_run_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NANO_BANANA_WEIGHTS", str(tmp_path))
    for part in ("face", "person"):
        with pytest.raises(Unusable) as failed:
            ask(HOPPER, part)
        assert kind(failed.value) == "faces_missing"


@pytest.mark.parametrize(
    ("shape", "box_", "coverage", "digest"),
    [
        # As revision 1 drew them before anything could be found.
        ({"box": [0.25, 0.25, 0.5, 0.5]}, [42, 57, 138, 168], 0.123888, "85d685d462b2148b"),
        ({"ellipse": [0.2, 0.2, 0.8, 0.9]}, [4, 16, 236, 300], 0.671613, "cf37c28972905e66"),
        ({"polygon": [[0.1, 0.1], [0.9, 0.3], [0.4, 0.8]]}, [0, 0, 240, 291], 0.66435, "4c9e4cc79bc0db14"),
        ({"file": True}, [45, 25, 196, 176], 0.217902, "7c3527ba4b25d4bd"),
    ],
)
def test_drawn_shapes_are_what_they_were(
    tmp_path: Path, shape: JSONObject, box_: list[int], coverage: float, digest: str
) -> None:
    rows, columns = np.mgrid[0:300, 0:240]
    disc = ((columns - 120) ** 2 + (rows - 100) ** 2 < 2500).astype(np.uint8) * 255
    inputs = {
        "image": saved(Image.new("RGB", (240, 300)), tmp_path / "image.png"),
        "file": saved(Image.fromarray(disc), tmp_path / "mask.png"),
    }
    result = perform_compute("mask", json.dumps({"shape": shape, "grow": 0.2, "feather": 0.1}).encode(), inputs)
    assert result[0] == {"box": box_, "coverage": coverage}
    assert hashlib.sha256(pixels(result).tobytes()).hexdigest().startswith(digest)


def test_a_small_face_is_painted_large_and_nothing_else_is_touched(tmp_path: Path) -> None:
    grain = np.random.default_rng(7).integers(90, 160, (1500, 2000, 3), np.uint8)
    canvas = Image.fromarray(grain)
    canvas.paste(astronaut().resize((400, 400), Image.Resampling.LANCZOS), (900, 700))
    image = saved(canvas, tmp_path / "image.png")
    mask = tmp_path / "mask.png"
    mask.write_bytes(ask(image, grow=0.25, feather=0.08)[1]["mask"][0])
    cut, _ = perform_compute("crop", b'{"megapixels": 1.0}', {"image": image, "mask": mask})
    width, height = as_whole(cut["width"]), as_whole(cut["height"])
    left, top, right, bottom = (as_whole(edge) for edge in as_items(cut["box"]))
    assert 0.85e6 < width * height < 1.15e6
    assert width / (right - left) > 3
    assert (left < 1035) & (right > 1115) & (top < 750) & (bottom > 842)
    painted = saved(Image.new("RGB", (width, height), (0, 255, 0)), tmp_path / "painted.png")
    pasted = perform_compute(
        "paste", json.dumps({"box": cut["box"]}).encode(), {"original": image, "painted": painted, "mask": mask}
    )
    white, after = np.asarray(Image.open(mask)), pixels(pasted, "image")
    assert (after[white == 0] == np.asarray(canvas)[white == 0]).all()
    assert (after[white == 255] == (0, 255, 0)).all()
    assert 0 < (white > 0).mean() < 0.02


def test_a_large_picture_needs_little_memory(tmp_path: Path) -> None:
    import resource

    image = saved(hopper().resize((5120, 6000)), tmp_path / "large.jpg")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = ask(image, "hair")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    # 31 megapixels: 92 MB of colours, 31 MB of a mask, and what becomes of them.
    assert grown < 900
    small = np.asarray(Image.fromarray(pixels(result)).resize((512, 600))) > 127
    plain = pixels(ask(HOPPER, "hair")) > 127
    assert (small & plain).sum() / (small | plain).sum() > 0.85


def test_the_astronauts_hair_is_hers() -> None:
    left, top, right, bottom = box(ask(astronaut_file(), "hair"))
    assert (140 < left < 165) & (5 < top < 25) & (290 < right < 310) & (120 < bottom < 150)

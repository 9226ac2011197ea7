"""A training photo measured, and made small."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nano_banana.model.json_values import JSONObject, as_number, as_object
from nano_banana.model.problem import CallFailed
from nano_banana.providers.compute.compute_provider import perform_compute
from nano_banana.providers.workers import WorkResult
from tests.people import astronaut, hopper, saved

SIDEWAYS = 6


def ask(endpoint: str, arguments: JSONObject, **inputs: Path) -> WorkResult:
    return perform_compute(endpoint, json.dumps(arguments).encode(), inputs)


def test_a_photo_is_measured_the_right_way_up(tmp_path: Path) -> None:
    upright = saved(hopper(), tmp_path / "upright.png")
    turned = tmp_path / "turned.png"
    exif = Image.Exif()
    exif[0x0112] = SIDEWAYS
    hopper().rotate(90, expand=True).save(turned, exif=exif)
    plain, files = ask("survey", {}, image=upright)
    assert files == {}
    assert (plain["width"], plain["height"], plain["oriented"]) == (512, 600, False)
    assert ask("survey", {}, image=turned)[0] == {**plain, "oriented": True}


def test_the_faces_light_counts_most(tmp_path: Path) -> None:
    picture = Image.new("RGB", (400, 400), (255, 255, 255))
    picture.paste((0, 0, 0), (100, 100, 200, 200))
    path = saved(picture, tmp_path / "a.png")
    whole = as_object(ask("survey", {}, image=path)[0]["exposure"])
    face = as_object(ask("survey", {"face": [100, 100, 100, 100]}, image=path)[0]["exposure"])
    assert as_number(whole["mean"]) > 0.9
    assert as_number(face["mean"]) < 0.3


def strange(folder: Path) -> dict[str, Path]:
    deep = Image.fromarray(np.asarray(hopper().convert("L")).astype(np.uint16) * 257)
    moving = folder / "moving.gif"
    hopper().convert("P").save(moving, save_all=True, append_images=[astronaut().convert("P")])
    return {
        "cmyk": saved(hopper().convert("CMYK"), folder / "cmyk.jpg"),
        "deep": saved(deep, folder / "deep.png"),
        "moving": moving,
    }


def test_photos_of_any_kind_have_the_same_fingerprint(tmp_path: Path) -> None:
    plain = ask("survey", {}, image=saved(hopper(), tmp_path / "plain.png"))[0]
    for kind, path in strange(tmp_path).items():
        found = ask("survey", {}, image=path)[0]
        assert (int(str(found["hash"]), 16) ^ int(str(plain["hash"]), 16)).bit_count() <= 6, kind


@pytest.mark.parametrize("endpoint", ["survey", "thumbnail"])
@pytest.mark.parametrize(
    ("content", "kind"), [(b"hello", "picture_unreadable"), (b"", "picture_unreadable"), (None, "picture_broken")]
)
def test_what_is_no_picture_is_refused(tmp_path: Path, endpoint: str, content: bytes | None, kind: str) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(saved(hopper(), tmp_path / "b.jpg").read_bytes()[:9000] if content is None else content)
    with pytest.raises(CallFailed) as failed:
        ask(endpoint, {}, image=path)
    assert [problem.kind for problem in failed.value.problems] == [kind]


@pytest.mark.parametrize("size", [(1, 1), (20_000, 10), (300, 200)])
@pytest.mark.parametrize("face", [[10, 20, 60, 80], [-500, -500, 5000, 5000], [900, 900, 0, 0]])
def test_small_pictures_are_made_of_any_photo_and_any_face(
    tmp_path: Path, size: tuple[int, int], face: list[int]
) -> None:
    path = saved(Image.new("RGB", size, (9, 9, 9)), tmp_path / "a.png")
    data, files = ask("thumbnail", {"side": 100, "face": face}, image=path)
    whole, near = (Image.open(io.BytesIO(files[place][0])) for place in ("image", "face"))
    assert (whole.width, whole.height) == (data["width"], data["height"])
    assert max(whole.size) <= 100
    assert near.size == (50, 50)


def test_without_a_face_there_is_no_picture_of_one(tmp_path: Path) -> None:
    files = ask("thumbnail", {}, image=saved(hopper(), tmp_path / "a.png"))[1]
    assert list(files) == ["image"]


def test_a_prefix_begins_every_caption_of_the_zip(tmp_path: Path) -> None:
    caption = tmp_path / "a.txt"
    caption.write_text("at sea\n")
    inputs = {"photos/0": saved(hopper(), tmp_path / "a.png"), "captions/0": caption}
    inputs["photos/1"] = saved(astronaut(), tmp_path / "b.png")

    def captions(arguments: JSONObject) -> list[str]:
        archive = zipfile.ZipFile(
            io.BytesIO(perform_compute("training-zip", json.dumps(arguments).encode(), inputs)[1]["archive"][0])
        )
        return sorted(archive.read(name).decode() for name in archive.namelist() if name.endswith(".txt"))

    prefix = "photo of anqz7 woman"
    assert captions({}) == ["at sea"]
    assert captions({"prefix": prefix}) == [prefix, f"{prefix}, at sea"]
    assert captions({"prefix": prefix, "caption": "in space"}) == [f"{prefix}, at sea", f"{prefix}, in space"]

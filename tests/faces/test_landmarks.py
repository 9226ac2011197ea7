"""Landmarks: where a person sees them, however the head is held."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray
from PIL import Image

from nano_banana.faces.face import Face
from nano_banana.faces.face_detection import find_faces
from nano_banana.faces.landmarks import Head, Landmarks, find_landmarks, head_of
from nano_banana.faces.networks import LANDMARK_WEIGHTS, weights_file
from nano_banana.model.problem import Unusable
from tests.people import astronaut, hopper

pytestmark = pytest.mark.skipif(
    weights_file(LANDMARK_WEIGHTS) is None, reason="`nano-banana setup` fetches these weights"
)


def seen(picture: Image.Image) -> tuple[NDArray[np.uint8], Face]:
    rgb = np.asarray(picture)
    faces = find_faces(rgb)
    assert faces
    return rgb, faces[0]


def points(picture: Image.Image) -> Landmarks:
    return find_landmarks(*seen(picture))


def head(picture: Image.Image) -> Head:
    return head_of(seen(picture)[1], points(picture))


def far(one: object, other: object, head: Head) -> float:
    """The mean distance of points, in distances of the eyes."""
    away = np.asarray(one, np.float64) - np.asarray(other, np.float64)
    return float(np.hypot(away[..., 0], away[..., 1]).mean()) / head.eye_distance


@pytest.mark.parametrize(
    ("picture", "eyes", "mouth", "chin"),
    [
        # Read off the photos by eye, to about two pixels.
        pytest.param(astronaut(), ((204, 100), (247, 103)), (225, 146), (225, 178), id="astronaut"),
        pytest.param(hopper(), ((220, 188), (307, 186)), (267, 279), (268, 333), id="hopper"),
    ],
)
def test_points_lie_where_a_person_sees_them(
    picture: Image.Image,
    eyes: tuple[tuple[int, int], tuple[int, int]],
    mouth: tuple[int, int],
    chin: tuple[int, int],
) -> None:
    found = head(picture)
    assert not found.rough
    assert far([eye.mean(axis=0) for eye in found.eyes], eyes, found) < 0.06
    assert far(found.lips.mean(axis=0), mouth, found) < 0.08
    assert far(found.oval[found.oval[:, 1].argmax()], chin, found) < 0.15


def test_the_same_picture_has_the_same_points() -> None:
    one, other = points(hopper()), points(hopper())
    assert (one.points == other.points).all()
    assert one.presence == other.presence > 0.99


def test_a_mirrored_face_has_mirrored_outlines() -> None:
    picture = hopper()
    plain, mirrored = head(picture), head(picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    for one, other in (
        (plain.oval, mirrored.oval),
        (plain.lips, mirrored.lips),
        (plain.eyes[0], mirrored.eyes[1]),
    ):
        middle = other.mean(axis=0)
        assert far((picture.width - middle[0], middle[1]), one.mean(axis=0), plain) < 0.03


@pytest.mark.parametrize("degrees", [-25, 15])
def test_a_tilted_head_has_tilted_points(degrees: int) -> None:
    picture = hopper()
    turned = picture.rotate(degrees, resample=Image.Resampling.BICUBIC)
    angle = np.radians(degrees)
    middle = np.array([picture.width, picture.height]) / 2
    way = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    expected = (points(picture).points - middle) @ way.T + middle
    assert far(points(turned).points, expected, head(picture)) < 0.05


@pytest.mark.parametrize("factor", [0.3, 6.0])
def test_the_pictures_size_does_not_matter(factor: float) -> None:
    picture = hopper()
    scaled = picture.resize((round(picture.width * factor), round(picture.height * factor)), Image.Resampling.LANCZOS)
    scale = np.array(scaled.size) / picture.size
    assert far(points(scaled).points / scale, points(picture).points, head(picture)) < 0.04


def test_a_face_half_outside_the_picture_has_points_too() -> None:
    rgb, face = seen(hopper())
    cut = 270
    part = find_landmarks(
        np.ascontiguousarray(rgb[:, cut:]), replace(face, left=face.left - cut, eyes=_moved(face, -cut))
    )
    assert np.isfinite(part.points).all()


def test_a_wall_is_no_face_and_a_weak_one_is_drawn_roughly() -> None:
    rgb, face = seen(hopper())
    away = replace(face, left=370.0, top=20.0, width=120.0, height=120.0, eyes=((400.0, 60.0), (460.0, 60.0)))
    wall = find_landmarks(rgb, away)
    assert wall.presence < 0.5
    assert head_of(away, wall).rough


def test_a_rough_face_is_about_where_the_true_one_is() -> None:
    import cv2

    rgb, face = seen(hopper())
    found = find_landmarks(rgb, face)
    true, rough = head_of(face, found), head_of(face, replace(found, presence=0.2))
    assert rough.rough
    drawn = []
    for head_ in (true, rough):
        canvas = np.zeros(rgb.shape[:2], np.uint8)
        cv2.fillPoly(canvas, [np.round(head_.oval).astype(np.int32)], 1)
        drawn.append(canvas > 0)
    assert (drawn[0] & drawn[1]).sum() / (drawn[0] | drawn[1]).sum() > 0.75
    assert far(rough.lips.mean(axis=0), true.lips.mean(axis=0), true) < 0.2
    assert far(rough.eyes[0].mean(axis=0), true.eyes[0].mean(axis=0), true) < 0.1


def test_without_weights_it_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rgb, face = seen(hopper())
    monkeypatch.setenv("NANO_BANANA_WEIGHTS", str(tmp_path))
    (tmp_path / LANDMARK_WEIGHTS).write_bytes(b"another network")
    with pytest.raises(Unusable) as failed:
        find_landmarks(rgb, face)
    assert (failed.value.problems[0].kind, failed.value.problems[0].data) == (
        "faces_missing",
        {"missing": LANDMARK_WEIGHTS},
    )


def _moved(face: Face, by: float) -> tuple[tuple[float, float], tuple[float, float]]:
    (x0, y0), (x1, y1) = face.eyes
    return (x0 + by, y0), (x1 + by, y1)

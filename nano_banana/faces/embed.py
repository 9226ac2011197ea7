"""What makes a face this person's: 128 numbers, by SFace."""

from __future__ import annotations

import functools
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from nano_banana.faces.face import Face
from nano_banana.faces.networks import RECOGNISER, weights_of

Vector = NDArray[np.float32]


class _Recogniser(Protocol):
    def alignCrop(self, picture: NDArray[np.uint8], row: Vector) -> NDArray[np.uint8]: ...  # noqa: N802 - OpenCV's name

    def feature(self, picture: NDArray[np.uint8]) -> Vector: ...


def embedding(rgb: NDArray[np.uint8], face: Face) -> Vector:
    """The face as a unit vector of 128 numbers; the cosine of two says how alike they are, −1 to 1.

    `rgb` is the picture at its full size, `face` one that was found in it. OpenCV calls faces one person's from
    0.363 on (its figure for LFW). Raises Unusable `faces_missing` and `weights_wrong`.
    """
    recogniser = _recogniser()
    row = np.array([face.left, face.top, face.width, face.height, *sum(face.points, ()), face.score], np.float32)
    # The square is turned from RGB to BGR, not the picture it is cut out of: that would take longer than the rest.
    square = np.ascontiguousarray(recogniser.alignCrop(rgb, row)[..., ::-1])
    vector = recogniser.feature(square).ravel()
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


@functools.cache
def _recogniser() -> _Recogniser:
    path = weights_of(RECOGNISER)
    import cv2

    cv2.setNumThreads(1)
    return cast(_Recogniser, cv2.FaceRecognizerSF.create(str(path), ""))

"""Faces turned level and scaled to one size, as recognisers see them."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from nano_banana.faces.face import Face

Pixels = NDArray[np.uint8]

TEMPLATE = ((38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041))
"""The five points of a face in a square of 112 pixels (Deng et al.: "ArcFace", 2019), as SFace was trained on."""

_SQUARE = 112
_MIDDLE = complex(56, 72)
"""The nose: wider squares go the same way beyond it to every side."""


def aligned(rgb: Pixels, face: Face, side: int) -> Pixels:
    """The face in a square of `side` × `side` × 3 pixels, its points on `TEMPLATE` as well as turning and scaling can.

    Large faces are scaled down by the mean of their pixels, so that no noise of theirs is taken for detail. Where the
    square leaves the picture the edge goes on.
    """
    return _turned(rgb, face, side, _goal(face) * (side / _SQUARE))


def placed(rgb: Pixels, face: Face, side: int, *, times: float) -> Pixels:
    """As `aligned`, but the square is `times` as wide as the face's own, with the nose in the middle."""
    middle = complex(side / 2, side / 2)
    return _turned(rgb, face, side, (_goal(face) - _MIDDLE) * (side / _SQUARE / times) + middle)


def _goal(face: Face) -> NDArray[np.complex128]:
    return np.array([complex(*point) for point in TEMPLATE[: len(face.points)]])


def _turned(rgb: Pixels, face: Face, side: int, goal: NDArray[np.complex128]) -> Pixels:
    import cv2

    turn, shift = _similar(np.array([complex(*point) for point in face.points]), goal)
    shrink = min(1.0, abs(turn) * 1.2)
    if shrink < 1:
        left, top, right, bottom = _reach(rgb, turn, shift, side)
        part = rgb[top:bottom, left:right]
        size = (max(1, round(part.shape[1] * shrink)), max(1, round(part.shape[0] * shrink)))
        rgb = cast("Pixels", cv2.resize(part, size, interpolation=cv2.INTER_AREA))
        turn, shift = turn / shrink, shift + turn * complex(left, top)
    matrix = np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
    square = cv2.warpAffine(rgb, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cast("Pixels", square)


def _similar(points: NDArray[np.complex128], goal: NDArray[np.complex128]) -> tuple[complex, complex]:
    """The turn (with scaling) and the shift that bring `points` nearest to `goal`, by least squares."""
    middle, target = points.mean(), goal.mean()
    spread = float((abs(points - middle) ** 2).sum()) or 1.0
    turn = complex((np.conj(points - middle) * (goal - target)).sum() / spread) or complex(1, 0)
    return turn, complex(target - turn * middle)


def _reach(rgb: Pixels, turn: complex, shift: complex, side: int) -> tuple[int, int, int, int]:
    """The box (left, top, right, bottom) of the picture that a square shows, at least one pixel of it."""
    corners = [(complex(x, y) - shift) / turn for x in (0, side) for y in (0, side)]
    height, width = rgb.shape[:2]
    spare = 4 / abs(turn)
    left, right = _span([corner.real for corner in corners], spare, width)
    top, bottom = _span([corner.imag for corner in corners], spare, height)
    return left, top, right, bottom


def _span(ends: list[float], spare: float, room: int) -> tuple[int, int]:
    start = int(np.clip(min(ends) - spare, 0, room - 1))
    return start, int(np.clip(max(ends) + spare, start + 1, room))

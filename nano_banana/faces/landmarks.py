"""The 478 points of a face, found by MediaPipe's landmark network."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nano_banana.faces.face import Face
from nano_banana.faces.tflite import net

WEIGHTS = "face_landmarks_detector.tflite"
SIDE = 256
"""The network sees squares of this many pixels."""

AROUND_BOX = 1.3
"""Side of the first pass's square, in longer sides of the detector's box; with 2.0 half of the faces are lost."""

AROUND_POINTS = 1.5
"""Side of the second pass's square, in longer sides of the first pass's points (as MediaPipe's own graph has it)."""

_EYES = (33, 263)
"""The outer corners of the eyes, the viewer's left one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Landmarks:
    """`points`: 478 × 2 (x, y), pixels of the picture; `presence`: how surely this is a face, 0–1."""

    points: NDArray[np.float32]
    presence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Square:
    """A square in the picture: its centre and side in pixels, and how far it is turned (radians, clockwise)."""

    x: float
    y: float
    side: float
    turn: float


def landmarks(rgb: NDArray[np.uint8], face: Face) -> Landmarks:
    """The points of `face` in an RGB picture (height × width × 3), in two passes.

    Points are MediaPipe's face mesh: 468 of the face, then 5 of each iris. Raises Unusable `faces_missing`.
    """
    (left_x, left_y), (right_x, right_y) = face.eyes
    first = _Square(
        x=face.left + face.width / 2,
        y=face.top + face.height / 2,
        side=AROUND_BOX * max(face.width, face.height),
        turn=math.atan2(right_y - left_y, right_x - left_x),
    )
    return _seen(rgb, _around(_seen(rgb, first).points))


def _seen(rgb: NDArray[np.uint8], square: _Square) -> Landmarks:
    network = net(WEIGHTS)
    crop, back = _levelled(rgb, square)
    network.setInput(np.ascontiguousarray(crop.astype(np.float32).transpose(2, 0, 1)[None] / np.float32(255)))
    points, presence = network.forward(["Identity", "Identity_1"])
    flat = np.asarray(points, np.float64).reshape(-1, 3)[:, :2]
    there = 1 / (1 + math.exp(-min(max(float(presence.ravel()[0]), -50), 50)))
    return Landmarks(points=(flat @ back[:, :2].T + back[:, 2]).astype(np.float32), presence=there)


def _levelled(rgb: NDArray[np.uint8], square: _Square) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The square as SIDE × SIDE pixels, and the affine way (2 × 3) from those back to the picture's."""
    import cv2

    # Warping skips pixels when it makes smaller: what is much too large is averaged first.
    reach = square.side * math.sqrt(0.5) + 2
    height, width = rgb.shape[:2]
    left, top = max(0, math.floor(square.x - reach)), max(0, math.floor(square.y - reach))
    part = rgb[top : max(top + 1, min(height, math.ceil(square.y + reach))), :]
    part = part[:, left : max(left + 1, min(width, math.ceil(square.x + reach)))]
    shrink = max(1.0, square.side / (2 * SIDE))
    size = (max(1, round(part.shape[1] / shrink)), max(1, round(part.shape[0] / shrink)))
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA) if shrink > 1 else part
    per_x, per_y = part.shape[1] / small.shape[1], part.shape[0] / small.shape[0]
    cosine, sine, step = math.cos(square.turn), math.sin(square.turn), square.side / SIDE
    turned = np.array([[cosine, -sine], [sine, cosine]]) * step
    start = np.array([square.x, square.y]) - turned @ np.array([SIDE / 2, SIDE / 2])
    inner = np.column_stack([turned, start - (left, top)]) / np.array([[per_x], [per_y]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    crop = cv2.warpAffine(small, inner, (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, np.uint8), np.column_stack([turned, start])


def _around(points: NDArray[np.float32]) -> _Square:
    """The square for the next pass: level with the eyes, around all points."""
    one, other = points[_EYES[0]], points[_EYES[1]]
    turn = math.atan2(float(other[1] - one[1]), float(other[0] - one[0]))
    cosine, sine = math.cos(turn), math.sin(turn)
    level = points @ np.array([[cosine, -sine], [sine, cosine]], np.float32)
    low, high = level.min(axis=0), level.max(axis=0)
    x, y = (float(value) for value in (low + high) / 2)
    return _Square(
        x=cosine * x - sine * y,
        y=sine * x + cosine * y,
        side=AROUND_POINTS * float((high - low).max()),
        turn=turn,
    )

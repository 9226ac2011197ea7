"""The 478 landmarks of a face (MediaPipe), and a head's outlines."""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nano_banana.faces.face import Face
from nano_banana.faces.networks import LANDMARK_WEIGHTS, tflite_network

LANDMARK_SIDE = 256
"""Pixels a side of the network's input."""

AROUND_BOX = 1.3
"""Side of the first pass's square, in longer sides of the detector's box; at 2.0 half of the faces are lost."""

AROUND_POINTS = 1.5
"""Side of the second pass's square, in longer sides of the first pass's points (as MediaPipe's own graph has it)."""

_EYES = (33, 263)
"""The outer corners of the eyes, the viewer's left one first."""


class Landmarks(Struct, frozen=True, kw_only=True):
    """`points`: 478 × 2 (x, y), pixels of the picture; `presence`: the confidence that this is a face, 0–1."""

    points: NDArray[np.float32]
    presence: float


class _Square(Struct, frozen=True, kw_only=True):
    """A square in the picture: its centre and side in pixels, and its rotation (radians, clockwise)."""

    x: float
    y: float
    side: float
    turn: float


def find_landmarks(rgb: NDArray[np.uint8], face: Face) -> Landmarks:
    """Find the landmarks of `face` in an RGB picture (height × width × 3), in two passes.

    Points are MediaPipe's face mesh: 468 of the face, then 5 of each iris. Raises Unusable `faces_missing`.
    """
    (left_x, left_y), (right_x, right_y) = face.eyes
    first = _Square(
        x=face.left + face.width / 2,
        y=face.top + face.height / 2,
        side=AROUND_BOX * max(face.width, face.height),
        turn=math.atan2(right_y - left_y, right_x - left_x),
    )
    return _landmarks_in(rgb, _square_around(_landmarks_in(rgb, first).points))


def _landmarks_in(rgb: NDArray[np.uint8], square: _Square) -> Landmarks:
    network = tflite_network(LANDMARK_WEIGHTS)
    crop, back = _level_crop(rgb, square)
    network.setInput(np.ascontiguousarray(crop.astype(np.float32).transpose(2, 0, 1)[None] / np.float32(255)))
    points, presence = network.forward(["Identity", "Identity_1"])
    flat = np.asarray(points, np.float64).reshape(-1, 3)[:, :2]
    there = 1 / (1 + math.exp(-min(max(float(presence.ravel()[0]), -50), 50)))
    return Landmarks(points=(flat @ back[:, :2].T + back[:, 2]).astype(np.float32), presence=there)


def _level_crop(rgb: NDArray[np.uint8], square: _Square) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The square as LANDMARK_SIDE pixels a side, and the affine matrix (2 × 3) from those to the picture's pixels."""
    import cv2

    # Warping skips pixels when it shrinks, so large squares are averaged first.
    reach = square.side * math.sqrt(0.5) + 2
    height, width = rgb.shape[:2]
    left, top = max(0, math.floor(square.x - reach)), max(0, math.floor(square.y - reach))
    part = rgb[top : max(top + 1, min(height, math.ceil(square.y + reach))), :]
    part = part[:, left : max(left + 1, min(width, math.ceil(square.x + reach)))]
    shrink = max(1.0, square.side / (2 * LANDMARK_SIDE))
    size = (max(1, round(part.shape[1] / shrink)), max(1, round(part.shape[0] / shrink)))
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA) if shrink > 1 else part
    per_x, per_y = part.shape[1] / small.shape[1], part.shape[0] / small.shape[0]
    cosine, sine, step = math.cos(square.turn), math.sin(square.turn), square.side / LANDMARK_SIDE
    turned = np.array([[cosine, -sine], [sine, cosine]]) * step
    start = np.array([square.x, square.y]) - turned @ np.array([LANDMARK_SIDE / 2, LANDMARK_SIDE / 2])
    inner = np.column_stack([turned, start - (left, top)]) / np.array([[per_x], [per_y]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    crop = cv2.warpAffine(small, inner, (LANDMARK_SIDE, LANDMARK_SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, np.uint8), np.column_stack([turned, start])


def _square_around(points: NDArray[np.float32]) -> _Square:
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


MIN_PRESENCE = 0.5
"""The least presence of usable landmarks."""

Outline = NDArray[np.float32]
"""Corners of a closed outline in order: n × 2 (x, y), pixels of the picture."""

# MediaPipe's face mesh (face_mesh_connections.py), each ring in order.
OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
EYES = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
)
BROWS = (
    (70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
    (300, 293, 334, 296, 336, 285, 295, 282, 283, 276),
)
LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)

_CORNERS_PER_SIDE = 6
"""Corners of the outline for each side of a ring."""


class Head(Struct, frozen=True, kw_only=True):
    """One face and its outlines. `rough`: guessed from the detector's points, because the landmarks are unreliable."""

    face: Face
    oval: Outline
    eyes: tuple[Outline, Outline]
    brows: tuple[Outline, Outline]
    lips: Outline
    rough: bool = False

    @property
    def eye_axis(self) -> NDArray[np.float32]:
        """The unit vector from the viewer's left eye to the right one."""
        way = self.eyes[1].mean(axis=0) - self.eyes[0].mean(axis=0)
        return np.asarray(way / max(float(np.hypot(*way)), 1e-6), np.float32)

    @property
    def eye_distance(self) -> float:
        """Pixels between the middles of the eyes."""
        return float(np.hypot(*(self.eyes[1].mean(axis=0) - self.eyes[0].mean(axis=0))))

    @property
    def size(self) -> float:
        """The diameter in pixels of a circle with the oval's area."""
        x, y = self.oval[:, 0].astype(np.float64), self.oval[:, 1].astype(np.float64)
        area = abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2
        return 2 * math.sqrt(area / math.pi)

    def to_head_coordinates(self, outline: NDArray[np.float32]) -> NDArray[np.float32]:
        """Points (… × 2) in head coordinates: right and down from the oval's centre, in mean diameters."""
        (x, y), middle = self.eye_axis, self.oval.mean(axis=0)
        turned = (outline - middle) @ np.array([[x, -y], [y, x]], np.float32)
        return np.asarray(turned / self.size, np.float32)


def head_of(face: Face, found: Landmarks) -> Head:
    """The head with outlines from landmarks, or rough ones if their presence is below MIN_PRESENCE."""
    if found.presence < MIN_PRESENCE:
        return rough_head(face)
    points = found.points
    # Landmarks use the person's sides; if mirrored or upside down, the viewer's left may be the other one.
    one, other = sorted((0, 1), key=lambda side: float(points[list(EYES[side]), 0].mean()))
    return Head(
        face=face,
        oval=_ring(points, OVAL),
        eyes=(_ring(points, EYES[one]), _ring(points, EYES[other])),
        brows=(_ring(points, BROWS[one]), _ring(points, BROWS[other])),
        lips=_ring(points, LIPS),
    )


def rough_head(face: Face) -> Head:
    """A head with ellipses at the usual positions, by the face's eyes and the width of its box."""
    one, other = (np.array(eye, np.float32) for eye in face.eyes)
    apart = float(np.hypot(*(other - one)))
    across = (other - one) / apart if apart > 0 else np.array([1, 0], np.float32)
    down = np.array([-across[1], across[0]], np.float32)
    # In profile the eyes are close to each other; then the box gives the size.
    unit = max(apart, 0.4 * face.width)

    def ellipse(middle: NDArray[np.float32], wide: float, high: float) -> Outline:
        angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        ring = np.outer(np.cos(angles), across * wide) + np.outer(np.sin(angles), down * high)
        return np.asarray(middle + ring * unit, np.float32)

    box = np.array([face.left + face.width / 2, face.top + face.height / 2], np.float32)
    middle = (one + other) / 2
    axis = middle + down * np.dot(box - middle, down) + across * 0.5 * np.dot(box - middle, across)
    return Head(
        face=face,
        oval=ellipse(axis, 1.02, 1.32),
        eyes=(ellipse(one, 0.24, 0.14), ellipse(other, 0.24, 0.14)),
        brows=(ellipse(one - down * 0.33 * unit, 0.3, 0.1), ellipse(other - down * 0.33 * unit, 0.3, 0.1)),
        lips=ellipse(middle + down * 1.08 * unit, 0.42, 0.2),
        rough=True,
    )


def _ring(points: NDArray[np.float32], corners: tuple[int, ...]) -> Outline:
    """A smooth ring through these points (Catmull–Rom spline)."""
    at = points[list(corners)].astype(np.float64)
    return _spline(*(np.roll(at, shift, axis=0) for shift in (1, 0, -1, -2)))


def _spline(
    before: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64], beyond: NDArray[np.float64]
) -> Outline:
    steps = np.linspace(0, 1, _CORNERS_PER_SIDE, endpoint=False)[None, :, None]
    before, start, end, beyond = before[:, None], start[:, None], end[:, None], beyond[:, None]
    linear, square = end - before, 2 * before - 5 * start + 4 * end - beyond
    cubic = 3 * (start - end) + beyond - before
    curve = start + (linear * steps + square * steps**2 + cubic * steps**3) / 2
    return np.asarray(curve.reshape(-1, 2), np.float32)

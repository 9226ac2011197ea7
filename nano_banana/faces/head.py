"""A head's outlines: the face's oval, eyes, brows and lips."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nano_banana.faces.face import Face
from nano_banana.faces.landmarks import Landmarks

SURE = 0.5
"""Presence from which the landmarks are believed."""

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

_SMOOTH = 6
"""Corners that each side of a ring becomes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """One face and its outlines. `rough`: guessed from the detector's points, since the landmarks are weak."""

    face: Face
    oval: Outline
    eyes: tuple[Outline, Outline]
    brows: tuple[Outline, Outline]
    lips: Outline
    rough: bool = False

    @property
    def across(self) -> NDArray[np.float32]:
        """The unit vector from the viewer's left eye to the right one."""
        way = self.eyes[1].mean(axis=0) - self.eyes[0].mean(axis=0)
        return np.asarray(way / max(float(np.hypot(*way)), 1e-6), np.float32)

    @property
    def eye_distance(self) -> float:
        """Pixels between the middles of the eyes."""
        return float(np.hypot(*(self.eyes[1].mean(axis=0) - self.eyes[0].mean(axis=0))))

    @property
    def size(self) -> float:
        """The oval's mean diameter in pixels: what it would be if it were a circle."""
        x, y = self.oval[:, 0].astype(np.float64), self.oval[:, 1].astype(np.float64)
        area = abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2
        return 2 * math.sqrt(area / math.pi)

    def seen_from(self, outline: NDArray[np.float32]) -> NDArray[np.float32]:
        """Points (… × 2) as the head has them: right and down from the oval's middle, in mean diameters."""
        (x, y), middle = self.across, self.oval.mean(axis=0)
        turned = (outline - middle) @ np.array([[x, -y], [y, x]], np.float32)
        return np.asarray(turned / self.size, np.float32)


def head_of(face: Face, found: Landmarks) -> Head:
    """The outlines that the landmarks draw, or rough ones where their presence is below SURE."""
    if found.presence < SURE:
        return rough_head(face)
    points = found.points
    # Landmarks go by the person's sides: mirrored or upside down, the viewer's left may be the other one.
    one, other = sorted((0, 1), key=lambda side: float(points[list(EYES[side]), 0].mean()))
    return Head(
        face=face,
        oval=_ring(points, OVAL),
        eyes=(_ring(points, EYES[one]), _ring(points, EYES[other])),
        brows=(_ring(points, BROWS[one]), _ring(points, BROWS[other])),
        lips=_ring(points, LIPS),
    )


def rough_head(face: Face) -> Head:
    """Ellipses where a face's parts are as a rule, by its eyes and the width of its box."""
    one, other = (np.array(eye, np.float32) for eye in face.eyes)
    apart = float(np.hypot(*(other - one)))
    across = (other - one) / apart if apart > 0 else np.array([1, 0], np.float32)
    down = np.array([-across[1], across[0]], np.float32)
    # Seen from the side the eyes are near each other: the box then says how large the face is.
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
    """The ring through these points, its sides rounded (Catmull and Rom's spline)."""
    at = points[list(corners)].astype(np.float64)
    return _spline(*(np.roll(at, shift, axis=0) for shift in (1, 0, -1, -2)))


def _spline(
    before: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64], beyond: NDArray[np.float64]
) -> Outline:
    steps = np.linspace(0, 1, _SMOOTH, endpoint=False)[None, :, None]
    before, start, end, beyond = before[:, None], start[:, None], end[:, None], beyond[:, None]
    linear, square = end - before, 2 * before - 5 * start + 4 * end - beyond
    cubic = 3 * (start - end) + beyond - before
    curve = start + (linear * steps + square * steps**2 + cubic * steps**3) / 2
    return np.asarray(curve.reshape(-1, 2), np.float32)

"""Faces in a picture: boxes and eyes, found by YuNet."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Protocol
from typing import cast

import numpy as np
from numpy.typing import NDArray

from nano_banana.faces.yunet import model

LONGEST = 640
"""Larger pictures are scaled down first: at full size large faces get wrong points."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A face in pixels of its picture: the box's corner and sides, and the eyes as the viewer sees them."""

    left: float
    top: float
    width: float
    height: float
    eyes: tuple[Point, Point]
    score: float = 1.0


class _Detector(Protocol):
    def setInputSize(self, size: tuple[int, int]) -> None: ...  # noqa: N802 - OpenCV's name

    def detect(self, picture: NDArray[np.uint8]) -> tuple[int, NDArray[np.float32] | None]: ...


def find_faces(rgb: NDArray[np.uint8]) -> tuple[Face, ...] | None:
    """The faces of an RGB picture (height × width × 3), largest first; None where OpenCV or YuNet is missing."""
    detector = _detector()
    if detector is None:
        return None
    import cv2

    scale = min(1.0, LONGEST / max(rgb.shape[:2]))
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else rgb
    bgr = np.ascontiguousarray(small[..., ::-1], np.uint8)
    detector.setInputSize((bgr.shape[1], bgr.shape[0]))
    _, rows = detector.detect(bgr)
    found = [_face(row, scale) for row in (() if rows is None else rows)]
    return tuple(sorted(found, key=lambda face: (-face.width * face.height, face.left)))


@functools.cache
def _detector() -> _Detector | None:
    path = model()
    if path is None:
        return None
    import cv2

    cv2.setNumThreads(1)
    return cast(_Detector, cv2.FaceDetectorYN.create(str(path), "", (320, 320), 0.6, 0.3, 5000))


def _face(row: NDArray[np.float32], scale: float) -> Face:
    left, top, width, height, *points = (float(value) / scale for value in row[:8])
    one, other = sorted([(points[0], points[1]), (points[2], points[3])])
    return Face(left=left, top=top, width=width, height=height, eyes=(one, other), score=float(row[14]))

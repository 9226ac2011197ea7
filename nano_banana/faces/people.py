"""Everybody in a picture as one soft mask, small people too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nano_banana.faces.face import Face
from nano_banana.faces.person import fitted, solid
from nano_banana.faces.window import Pixels, Soft, Window, whole, window

LONGEST = 1536
"""The longest side that edges are looked for at; the mask of a larger picture is enlarged."""

SMALL = 0.2
"""Widths of faces, in longest sides of the picture, below which a person is looked at once more and nearer."""

_CRUMB = 0.02
"""Parts smaller than this (in the largest one) are crumbs, unless a face lies in them."""


def people(rgb: Pixels, faces: Sequence[Face]) -> tuple[Window, Soft]:
    """How much of each pixel is a person, and the window that says which pixels these are.

    The network sees 256 × 256 pixels of whatever it is shown: around small faces it is shown a part. Raises
    Unusable `faces_missing`.
    """
    size = rgb.shape[1], rgb.shape[0]
    view = whole(size, LONGEST)
    seen = view.cut(rgb)
    matte = fitted(seen)
    scale = view.width / size[0]
    small = [face for face in faces if face.width < SMALL * max(size)]
    if small:
        matte = _nearer(seen, matte, small, scale)
    matte = _without_crumbs(matte, [_middle(face, scale) for face in faces])
    # Between two people there is a hole that is none of theirs.
    return view, solid(matte) if len(faces) < 2 else matte


def _nearer(seen: Pixels, matte: Soft, faces: Sequence[Face], scale: float) -> Soft:
    """The matte with what the network sees around each of these faces in place of what it saw from afar."""
    near, weight = np.zeros_like(matte), np.zeros_like(matte)
    for face in faces:
        part = _around(face, scale, (seen.shape[1], seen.shape[0]))
        found = fitted(part.cut(seen))
        area = np.s_[part.top : part.bottom, part.left : part.right]
        near[area] = np.maximum(near[area], part.laid(found).astype(np.float32) / 255)
        weight[area] = np.maximum(weight[area], _fading(part, (seen.shape[1], seen.shape[0])))
    return np.asarray(matte + (near - matte) * weight, np.float32)


def _around(face: Face, scale: float, size: tuple[int, int]) -> Window:
    """Head and shoulders, as the network knows people from video calls."""
    x, y, width = *_middle(face, scale), face.width * scale
    return window(size, (x - 2.9 * width, y - 2.3 * width, x + 2.9 * width, y + 4.0 * width), scale=1.0)


def _middle(face: Face, scale: float) -> tuple[float, float]:
    return (face.left + face.width / 2) * scale, (face.top + face.height / 2) * scale


def _fading(part: Window, size: tuple[int, int]) -> Soft:
    """1 in the part's middle, down to 0 towards those of its sides that are not the picture's."""
    across = _ramp(part.right - part.left, part.left > 0, part.right < size[0])
    down = _ramp(part.bottom - part.top, part.top > 0, part.bottom < size[1])
    return np.outer(down, across).astype(np.float32)


def _ramp(length: int, begins: bool, ends: bool) -> Soft:  # noqa: FBT001 - which of the two sides fade
    steps = (np.arange(length, dtype=np.float32) + np.float32(0.5)) / np.float32(max(1.0, length * 0.15))
    up = np.clip(steps, 0, 1) if begins else np.ones(length, np.float32)
    return np.asarray(up * (np.clip(steps[::-1], 0, 1) if ends else 1), np.float32)


def _without_crumbs(matte: Soft, points: Sequence[tuple[float, float]]) -> Soft:
    import cv2

    count, labels, stats, _ = cv2.connectedComponentsWithStats((matte > 0.25).astype(np.uint8))
    if count < 3:
        return matte
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    keep = areas >= _CRUMB * areas[1:].max()
    height, width = matte.shape
    for x, y in points:
        keep[labels[min(max(0, int(y)), height - 1), min(max(0, int(x)), width - 1)]] = True
    keep[0] = False
    near = cv2.dilate(keep[labels].astype(np.uint8), np.ones((5, 5), np.uint8))
    return np.asarray(matte * near, np.float32)

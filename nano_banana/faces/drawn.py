"""A region of a picture as pixels, no larger than it needs to be."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nano_banana.faces.head import Head, Outline
from nano_banana.faces.window import Pixels, Soft, Window

NOISE = 8
"""Values of a mask that are as good as 0, or as 255: an edge that nobody sees would make a region far too large."""

WIDER = {"face": 0.0, "eyes": 0.04, "mouth": 0.02}
"""By how much outlines are drawn wider, in distances of the eyes: lids and lips belong to what is repainted."""

SOFT = 0.012
"""Standard deviation of the blur that makes a drawn edge soft, in distances of the eyes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A piece of a mask (height × width, 0–255) whose corner lies at (left, top); all around it is 0."""

    left: int
    top: int
    mask: Pixels


def outlined(size: tuple[int, int], head: Head, part: str) -> Region | None:
    """The head's `face`, `eyes` or `mouth` in a picture of `size` (width, height); None where it lies outside."""
    import cv2

    outlines: dict[str, tuple[Outline, ...]] = {"face": (head.oval,), "eyes": head.eyes, "mouth": (head.lips,)}
    apart = head.eye_distance
    wider, soft = WIDER[part] * apart, SOFT * apart
    points = np.concatenate(outlines[part])
    margin = math.ceil(wider + 4 * soft) + 2
    left, top = (max(0, math.floor(edge) - margin) for edge in points.min(axis=0))
    right, bottom = (min(side, math.ceil(edge) + margin) for edge, side in zip(points.max(axis=0), size, strict=True))
    if left >= right or top >= bottom:
        return None
    drawn = np.zeros((bottom - top, right - left), np.uint8)
    for outline in outlines[part]:
        # OpenCV counts from the middle of the first pixel, in sixteenths.
        corners = np.round((outline - (left, top) - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(drawn, [corners], 255, lineType=cv2.LINE_AA, shift=4)
    if wider >= 0.5:
        reach = 2 * round(wider) + 1
        drawn = cv2.dilate(drawn, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    if soft >= 0.2:
        drawn = cv2.GaussianBlur(drawn, (0, 0), soft, borderType=cv2.BORDER_REPLICATE)
    return _trimmed(np.asarray(drawn, np.uint8), left, top)


def region_of(view: Window, seen: Soft) -> Region | None:
    """A soft mask of what a window shows as a region of the picture; None where there is nothing of it."""
    return _trimmed(view.laid(seen), view.left, view.top)


def _trimmed(mask: NDArray[np.uint8], left: int, top: int) -> Region | None:
    mask[mask < NOISE] = 0
    mask[mask > 255 - NOISE] = 255
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    up, aside = int(rows[0]), int(columns[0])
    kept = np.ascontiguousarray(mask[up : int(rows[-1]) + 1, aside : int(columns[-1]) + 1])
    return Region(left=left + aside, top=top + up, mask=kept)

"""How light a picture is, and how much of it is lost in black or white."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from PIL import Image

LONGEST = 512
"""Larger pictures are scaled down first: light is no matter of detail."""

OF_FACE = 0.75
"""How much of the whole a face is worth, however small it is in the picture."""

BLACK = 8
WHITE = 247
"""Grey values (0–255) at and beyond which nothing is told apart any more."""

Box = tuple[float, float, float, float]
Stretch: TypeAlias = "slice[int, int, None]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """The mean grey value (0–1), and the fractions (0–1) that are black and that are white."""

    mean: float
    dark: float
    bright: float


def exposure(picture: Image.Image, face: Box | None = None) -> Exposure:
    """Measure the picture; `face` (left, top, width, height in its pixels) counts for three quarters of it."""
    small = picture.convert("L")
    small.thumbnail((LONGEST, LONGEST), Image.Resampling.BOX)
    grey = np.asarray(small, np.float64)
    weights = np.full(grey.shape, 1 / grey.size)
    inside = None if face is None else _inside(grey.shape, picture.size, face)
    if inside is not None:
        weights *= 1 - OF_FACE
        weights[inside] += OF_FACE / weights[inside].size
    return Exposure(
        mean=_rounded((grey * weights).sum() / 255),
        dark=_rounded(weights[grey <= BLACK].sum()),
        bright=_rounded(weights[grey >= WHITE].sum()),
    )


def _inside(shape: tuple[int, ...], size: tuple[int, int], face: Box) -> tuple[Stretch, Stretch] | None:
    """The middle of the face's box in pixels of the small picture; None where it lies outside."""
    across, down = shape[1] / size[0], shape[0] / size[1]
    left, top, width, height = face
    # The box has hair and background in its corners.
    columns = _stretch((left + width * 0.15) * across, (left + width * 0.85) * across, shape[1])
    rows = _stretch((top + height * 0.15) * down, (top + height * 0.9) * down, shape[0])
    return None if columns is None or rows is None else (rows, columns)


def _stretch(first: float, last: float, length: int) -> Stretch | None:
    start, stop = max(0, int(first)), min(length, int(last) + 1)
    return slice(start, stop) if start < stop else None


def _rounded(value: float) -> float:
    return round(float(value), 4)

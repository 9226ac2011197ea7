"""How sharp the sharpest part of a picture is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LONGEST = 1024
"""Larger pictures are scaled down first, so that a number means the same for all cameras."""

TILE = 96
"""Pixels a side of the parts that are looked at one by one, half a side apart."""


def best_sharpness(picture: Image.Image) -> float:
    """The variance of the Laplacian in the sharpest part of the picture, of grey values 0–255.

    A background out of focus does not lower it. 0 for a picture that is too small to have any detail.
    """
    small = picture.convert("L")
    small.thumbnail((LONGEST, LONGEST), Image.Resampling.BOX)
    grey = np.asarray(small, np.float64)
    if min(grey.shape) < 3:
        return 0.0
    edges = _laplacian(grey)
    return max(
        float(edges[rows, columns].var()) for rows in _parts(edges.shape[0]) for columns in _parts(edges.shape[1])
    )


def _laplacian(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each pixel differs by from its four neighbours, in sum; the outermost pixels are left out."""
    sides = grey[1:-1, :-2] + grey[1:-1, 2:] + grey[:-2, 1:-1] + grey[2:, 1:-1]
    return np.asarray(sides - 4 * grey[1:-1, 1:-1], np.float64)


def _parts(length: int) -> list[slice[int, int, None]]:
    """Stretches of TILE that cover `length`, half of them shared with the next; one where it is shorter."""
    if length <= TILE:
        return [slice(0, length)]
    starts = range(0, length - TILE, TILE // 2)
    return [slice(start, start + TILE) for start in (*starts, length - TILE)]

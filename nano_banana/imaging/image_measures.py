"""Measures of a photo: exposure, sharpness, perceptual hashes."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PIL import Image, ImageOps

EXPOSURE_SIDE = 512
"""Larger pictures are scaled down first, because exposure doesn't depend on detail."""

FACE_WEIGHT = 0.75
"""The weight of the face in the whole, whatever its size."""

BLACK_LEVEL = 8
WHITE_LEVEL = 247
"""Grey values (0–255) at and beyond which there is no detail."""

FaceBox = tuple[float, float, float, float]
Stretch: TypeAlias = "slice[int, int, None]"


class Exposure(Struct, frozen=True, kw_only=True):
    """The mean grey value (0–1), and the fractions (0–1) that are black and that are white."""

    mean: float
    dark: float
    bright: float


def measure_exposure(picture: Image.Image, face: FaceBox | None = None) -> Exposure:
    """Measure the picture; `face` (left, top, width, height in pixels) has three quarters of the weight."""
    small = picture.convert("L")
    small.thumbnail((EXPOSURE_SIDE, EXPOSURE_SIDE), Image.Resampling.BOX)
    grey = np.asarray(small, np.float64)
    weights = np.full(grey.shape, 1 / grey.size)
    inside = None if face is None else _face_area(grey.shape, picture.size, face)
    if inside is not None:
        weights *= 1 - FACE_WEIGHT
        weights[inside] += FACE_WEIGHT / weights[inside].size
    return Exposure(
        mean=_rounded((grey * weights).sum() / 255),
        dark=_rounded(weights[grey <= BLACK_LEVEL].sum()),
        bright=_rounded(weights[grey >= WHITE_LEVEL].sum()),
    )


def _face_area(shape: tuple[int, ...], size: tuple[int, int], face: FaceBox) -> tuple[Stretch, Stretch] | None:
    """The middle of the face's box in pixels of the small picture; None if it lies outside."""
    across, down = shape[1] / size[0], shape[0] / size[1]
    left, top, width, height = face
    # The corners of the box are hair and background.
    columns = _stretch((left + width * 0.15) * across, (left + width * 0.85) * across, shape[1])
    rows = _stretch((top + height * 0.15) * down, (top + height * 0.9) * down, shape[0])
    return None if columns is None or rows is None else (rows, columns)


def _stretch(first: float, last: float, length: int) -> Stretch | None:
    start, stop = max(0, int(first)), min(length, int(last) + 1)
    return slice(start, stop) if start < stop else None


def _rounded(value: float) -> float:
    return round(float(value), 4)


SHARPNESS_SIDE = 1024
"""Larger pictures are scaled down first, so that numbers are comparable between cameras."""

TILE = 96
"""Pixels a side of the tiles that are measured, half a side apart."""


def best_sharpness(picture: Image.Image) -> float:
    """The variance of the Laplacian in the sharpest tile of the picture, of grey values 0–255.

    So a background out of focus doesn't lower it. 0 if the picture is smaller than 3 pixels a side.
    """
    small = picture.convert("L")
    small.thumbnail((SHARPNESS_SIDE, SHARPNESS_SIDE), Image.Resampling.BOX)
    grey = np.asarray(small, np.float64)
    if min(grey.shape) < 3:
        return 0.0
    # The sum of each pixel's differences from its four neighbours, without the outermost pixels.
    edges = grey[1:-1, :-2] + grey[1:-1, 2:] + grey[:-2, 1:-1] + grey[2:, 1:-1] - 4 * grey[1:-1, 1:-1]
    return max(
        float(edges[rows, columns].var()) for rows in _tiles(edges.shape[0]) for columns in _tiles(edges.shape[1])
    )


def _tiles(length: int) -> list[slice[int, int, None]]:
    """Ranges of TILE that cover `length` and overlap by half; one range if it is shorter."""
    if length <= TILE:
        return [slice(0, length)]
    starts = range(0, length - TILE, TILE // 2)
    return [slice(start, start + TILE) for start in (*starts, length - TILE)]


HASH_SIDE = 32
"""Pixels a side of the cosine transform's input."""

HASH_FREQUENCIES = 8
"""Frequencies a side in the hash: 64 bits."""

_TIE = 1e-6


def phash(picture: Image.Image) -> str:
    """64 bits as 16 hex digits: which of the lowest 8 × 8 frequencies are above their median.

    The input is the picture as 32 × 32 grey pixels. This is the DCT-II hash of Zauner ("Implementation and Benchmarking
    of Perceptual Image Hash Functions", 2010). Distances are those of the package imagehash: at most 6 for copies of
    one picture, 18 or more for two pictures.
    """
    grey = _grey(picture, (HASH_SIDE, HASH_SIDE))
    low = _COSINES @ grey @ _COSINES.T
    # Rounded, so that nearly equal values (a flat picture) don't depend on the order of additions.
    low = np.rint(low / _TIE) * _TIE
    return _hex(low > np.median(low))


def phash_mirrored(picture: Image.Image) -> str:
    """The `phash` of the mirrored picture."""
    return phash(ImageOps.mirror(picture))


def dhash(picture: Image.Image) -> str:
    """64 bits as 16 hex digits: whether each of 8 × 8 cells is darker than the one to its right."""
    grey = _grey(picture, (HASH_FREQUENCIES + 1, HASH_FREQUENCIES))
    return _hex(grey[:, 1:] > grey[:, :-1])


def _grey(picture: Image.Image, size: tuple[int, int]) -> NDArray[np.float64]:
    return np.asarray(picture.convert("L").resize(size, Image.Resampling.LANCZOS), np.float64)


def _hex(bits: NDArray[np.bool_]) -> str:
    return np.packbits(bits.ravel()).tobytes().hex()


_COSINES = np.array(
    [
        [2 * math.cos(math.pi * k * (2 * n + 1) / (2 * HASH_SIDE)) for n in range(HASH_SIDE)]
        for k in range(HASH_FREQUENCIES)
    ]
)
"""The lowest frequencies (rows) of the DCT-II's matrix, with the factor 2 of the usual definition."""

"""Short fingerprints of pictures: near pictures, few different bits."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

SIDE = 32
"""Pixels a side that the cosine transform sees."""

KEPT = 8
"""Frequencies a side that are kept: 64 bits."""

_TIE = 1e-6


def phash(picture: Image.Image) -> str:
    """64 bits as 16 hex digits: which of the lowest 8 × 8 frequencies are over their median.

    Of the picture as 32 × 32 grey pixels. The DCT-II hash of Zauner ("Implementation and Benchmarking of Perceptual
    Image Hash Functions", 2010), with the same distances as the package imagehash: of 6 and less they are one
    picture, of 18 and more two.
    """
    grey = _grey(picture, (SIDE, SIDE))
    low = _COSINES[:KEPT] @ grey @ _COSINES[:KEPT].T
    # What is equal but for the last digits (a flat picture) must not hang on the order of additions.
    low = np.rint(low / _TIE) * _TIE
    return _hex(low > np.median(low))


def phash_mirrored(picture: Image.Image) -> str:
    """The `phash` of the picture's mirror image."""
    return phash(ImageOps.mirror(picture))


def dhash(picture: Image.Image) -> str:
    """64 bits as 16 hex digits: whether each of 8 × 8 cells is darker than the one to its right."""
    grey = _grey(picture, (KEPT + 1, KEPT))
    return _hex(grey[:, 1:] > grey[:, :-1])


def _grey(picture: Image.Image, size: tuple[int, int]) -> NDArray[np.float64]:
    return np.asarray(picture.convert("L").resize(size, Image.Resampling.LANCZOS), np.float64)


def _hex(bits: NDArray[np.bool_]) -> str:
    return np.packbits(bits.ravel()).tobytes().hex()


def _cosines(side: int) -> NDArray[np.float64]:
    """The matrix of the DCT-II (side × side), each row a frequency, with the factor 2 of the usual definition."""
    return np.array([[2 * math.cos(math.pi * k * (2 * n + 1) / (2 * side)) for n in range(side)] for k in range(side)])


_COSINES = _cosines(SIDE)

"""The watermark that Stable Diffusion's and BFL's code writes, decoded.

The reference is the method `dwtDct` of the package invisible-watermark 0.2.0 (MIT), whose arithmetic this follows to
the last bit: U of YUV → one level of Haar → blocks of 4 × 4 → of the coefficient that is largest in the block (the
first left out) the remainder by 36: 0–18 says 0, 18–36 says 1. Blocks give the bits in turn, row by row, and vote.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
"""Height × width × 3 (red, green, blue)."""

Votes: TypeAlias = NDArray[np.bool_]
"""One bit a block, row by row."""

SCALE = 36
BLOCK = 4
LEAST_PIXELS = 256 * 256
"""The reference refuses to mark anything smaller."""

_ROOT = np.float64(0.7071067811865476)
_VOTED = 127 / 255


def plane(rgb: Pixels, *, swapped: bool, whole: bool) -> NDArray[np.float64]:
    """U of the picture as OpenCV makes it.

    With `swapped` red is taken for blue, as diffusers did until 2024. With `whole`, U is of 8 bits around 128, as the
    scripts of Stable Diffusion 1 had it; else it is a fraction around 0.5, as in the code that marks what the sampler
    gives (SDXL, FLUX).
    """
    red, green, blue = (rgb[..., channel] for channel in ((2, 1, 0) if swapped else (0, 1, 2)))
    if whole:
        r, g, b = (channel.astype(np.int32) for channel in (red, green, blue))
        # OpenCV's fixed point: 14 bits after the point, rounded at each step.
        luma = (r * 4899 + g * 9617 + b * 1868 + 8192) >> 14
        return np.asarray(np.clip(((b - luma) * 8061 + (128 << 14) + 8192) >> 14, 0, 255), np.float64)
    return np.asarray((blue - (0.299 * red + 0.587 * green + 0.114 * blue)) * 0.492 + 0.5, np.float64)


def blocks(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 16 coefficients of each block of the plane's lower half, row by row."""
    high, wide = (side // 4 * 4 for side in u.shape)
    # The order of the sums is the reference's: where two coefficients are equal, rounding decides which is larger.
    rows = _ROOT * u[1:high:2, :wide] + _ROOT * u[0:high:2, :wide]
    low = _ROOT * rows[:, 1::2] + _ROOT * rows[:, 0::2]
    down, across = low.shape[0] // BLOCK, low.shape[1] // BLOCK
    low = low[: down * BLOCK, : across * BLOCK]
    return low.reshape(down, BLOCK, across, BLOCK).swapaxes(1, 2).reshape(-1, BLOCK * BLOCK)


def largest(coefficients: NDArray[np.float64]) -> Votes:
    """What each block says by its largest coefficient, as the reference reads it.

    Where a mark made that one smaller (in plain areas nearly always), another is the largest, and says nothing.
    """
    return _said(np.abs(coefficients[:, 1:]).max(axis=1))


def odd(coefficients: NDArray[np.float64]) -> Votes:
    """What each block says by the coefficient that is farthest from the block's median: most likely the marked one."""
    apart = np.abs(coefficients[:, 1:] - np.median(coefficients, axis=1, keepdims=True))
    at = apart.argmax(axis=1) + 1
    return _said(np.abs(coefficients[np.arange(len(coefficients)), at]))


def _said(sizes: NDArray[np.float64]) -> Votes:
    return np.asarray(sizes % SCALE > SCALE / 2)


def bits(said: Votes, length: int) -> Votes:
    """The message of `length` bits that the blocks vote for; needs as many blocks as bits."""
    at = np.arange(len(said)) % length
    mean = np.bincount(at, weights=said, minlength=length) / np.bincount(at, minlength=length)
    return np.asarray(mean > _VOTED)

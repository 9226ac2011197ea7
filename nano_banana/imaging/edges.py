"""A mask's edge: moved outwards, made soft."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter


def grow(mask: Image.Image, radius: float) -> Image.Image:
    """Widen the white of an L mask by `radius` pixels on all sides (at most 8 % more at the corners).

    The grown edge is as soft as it was: this is the grey dilation by a regular octagon, which is the sum
    of four lines (along, down and the two diagonals), each as long as the octagon's side, 2 r tan(π/8).
    """
    straight = round(radius * math.tan(math.pi / 8))
    slanted = round(radius * math.tan(math.pi / 8) / math.sqrt(2))
    pixels = np.asarray(mask)
    for down, right, steps in ((0, 1, straight), (1, 0, straight), (1, 1, slanted), (1, -1, slanted)):
        pixels = _along(pixels, down, right, steps)
    return Image.fromarray(pixels)


def _along(pixels: NDArray[np.uint8], down: int, right: int, steps: int) -> NDArray[np.uint8]:
    """Each pixel's largest neighbour within `steps` steps either way, by doubling the reach."""
    height, width = pixels.shape
    margin = (down * steps, abs(right) * steps)
    run = np.pad(pixels, ((margin[0], margin[0]), (margin[1], margin[1])))
    reach, whole = 1, 2 * steps + 1
    while reach < whole:
        jump = min(reach, whole - reach)
        # The wrapped edge lands in the far margin, which no wanted pixel's run begins in.
        run = np.maximum(run, np.roll(run, (-jump * down, -jump * right), axis=(0, 1)))
        reach += jump
    start = 2 * steps if right < 0 else 0
    return np.ascontiguousarray(run[:height, start : start + width])


def feather(mask: Image.Image, width: float) -> Image.Image:
    """Make an L mask's edge a smooth band `width` pixels wide, centred where the edge was.

    Three box blurs, each a third of the band: a bell with an end, so that what is further away stays
    exactly black or white. At the picture's border the mask counts as going on.
    """
    soft = mask
    if width > 0:
        for _ in range(3):
            soft = soft.filter(ImageFilter.BoxBlur(width / 6))
    return soft

"""Pixels of any depth as 8 bits a channel."""

from __future__ import annotations

import numpy as np
from PIL import Image

DEEP = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")


def eight_bits(picture: Image.Image) -> Image.Image:
    """Bring 16-bit, 32-bit and float grey to L; every other mode is 8 bits deep and stays.

    Whole numbers count to 65535 (what a 16-bit file holds, whatever Pillow reads it into); floats to 1
    or, where one is larger, to 255. NaN is black.
    """
    if picture.mode not in DEEP:
        return picture
    values = np.nan_to_num(np.asarray(picture).astype(np.float64))
    white = 65535.0 if picture.mode != "F" else 255.0 if values.max() > 1.0 else 1.0
    grey = np.clip(np.rint(values * (255.0 / white)), 0, 255).astype(np.uint8)
    return Image.fromarray(grey)

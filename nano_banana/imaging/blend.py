"""One picture over another, by a mask; what the mask leaves is untouched."""

from __future__ import annotations

import numpy as np
from PIL import Image

from nano_banana.imaging.frame import Rect

_ROWS = 256
"""Mixed at a time: sums take four bytes a channel."""


def blend(original: Image.Image, painted: Image.Image, mask: Image.Image, box: Rect) -> Image.Image:
    """`original` (RGB or RGBA) with `painted` (RGB, any size) laid over `box`, as opaque as `mask` (L) is white.

    Alpha stays the original's. Pixels where the mask is 0, and those outside the box, are the original's,
    bit for bit; where it is 255 they are the painted picture's, scaled (Lanczos) to the box. `original` is changed
    in place: a copy of a large photo is hundreds of megabytes.
    """
    size = (box[2] - box[0], box[3] - box[1])
    over = painted if painted.size == size else painted.resize(size, Image.Resampling.LANCZOS)
    for top in range(box[1], box[3], _ROWS):
        strip = (box[0], top, box[2], min(top + _ROWS, box[3]))
        weight = np.asarray(mask.crop(strip)).astype(np.uint32)[..., None]
        below = np.asarray(original.crop(strip)).copy()
        above = np.asarray(over.crop((0, top - box[1], size[0], strip[3] - box[1])))
        below[..., :3] = ((below[..., :3] * (255 - weight) + above * weight + 127) // 255).astype(np.uint8)
        original.paste(Image.fromarray(below), strip[:2])
    return original

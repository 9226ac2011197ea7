"""One picture over another, by a mask; what the mask leaves is untouched."""

from __future__ import annotations

import numpy as np
from PIL import Image

from nano_banana.imaging.frame import Rect


def blend(original: Image.Image, painted: Image.Image, mask: Image.Image, box: Rect) -> Image.Image:
    """`original` (RGB or RGBA) with `painted` (RGB, any size) laid over `box`, as opaque as `mask` (L) is white.

    Alpha stays the original's. Pixels where the mask is 0, and those outside the box, are the original's,
    bit for bit; where it is 255 they are the painted picture's, scaled (Lanczos) to the box.
    """
    size = (box[2] - box[0], box[3] - box[1])
    over = painted if painted.size == size else painted.resize(size, Image.Resampling.LANCZOS)
    weight = np.asarray(mask.crop(box)).astype(np.uint32)[..., None]
    below = np.asarray(original.crop(box)).copy()
    mixed = (below[..., :3] * (255 - weight) + np.asarray(over) * weight + 127) // 255
    below[..., :3] = mixed.astype(np.uint8)
    result = original.copy()
    result.paste(Image.fromarray(below), box[:2])
    return result

"""What to cut out around a region, and how the result is pasted back.

Pixels where the mask is 0 stay the original's, bit for bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

PixelBox = tuple[int, int, int, int]

MAX_ENLARGEMENT = 4.0
MAX_CROP_SHARE = 0.7
MAX_ASPECT = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CropFrame:
    """A cut: `box` (left, top, right, bottom) in the picture's pixels, painted as `width` × `height`."""

    box: PixelBox
    width: int
    height: int


def crop_frame(
    region: PixelBox,
    size: tuple[int, int],
    *,
    megapixels: float = 1.0,
    multiple: int = 16,
    context: float = 0.5,
    least: int = 0,
) -> CropFrame:
    """Cut out `region` of a picture of `size` with `context` × its mean side added on every side.

    The painted size is about `megapixels` (10⁶ pixels), each side a multiple of `multiple`, no more than
    four times the box's; the box is as it is in the picture's pixels where that is within a quarter of the
    wish, so that nothing is resampled. A cut of 70 % of the picture or more is the whole picture; none is
    slimmer than 1 : 2 where the picture has room. With `least` no painted side is shorter, where the picture has room.
    """
    left, top, right, bottom = region
    margin = context * (right - left + bottom - top) / 2
    wide = min(size[0], right + margin) - max(0, left - margin)
    high = min(size[1], bottom + margin) - max(0, top - margin)
    wide, high = max(wide, high / MAX_ASPECT), max(high, wide / MAX_ASPECT)
    wide, high = max(wide, least / MAX_ENLARGEMENT), max(high, least / MAX_ENLARGEMENT)
    if wide * high >= MAX_CROP_SHARE * size[0] * size[1]:
        wide, high = float(size[0]), float(size[1])
    scale = min(MAX_ENLARGEMENT, math.sqrt(megapixels * 1e6 / (wide * high)))
    if abs(math.log(scale)) <= math.log(1.25):
        scale = 1.0
    width, across = _side(wide, size[0], scale, multiple)
    height, down = _side(high, size[1], scale, multiple)
    x = _start((left + right) / 2, across, size[0])
    y = _start((top + bottom) / 2, down, size[1])
    return CropFrame(box=(x, y, x + across, y + down), width=width, height=height)


def _side(wanted: float, room: int, scale: float, multiple: int) -> tuple[int, int]:
    """One painted side, and the side of the box that it shows (at least `wanted`, at most `room`)."""
    painted = math.ceil(min(wanted, room) * scale / multiple) * multiple
    shown = round(painted / scale)
    if shown <= room:
        return painted, shown
    return max(multiple, math.floor(room * scale / multiple) * multiple), room


def _start(centre: float, side: int, room: int) -> int:
    return min(max(0, round(centre - side / 2)), room - side)


_ROWS_AT_ONCE = 256
"""Mixed at a time: sums take four bytes a channel."""


def paste_by_mask(original: Image.Image, painted: Image.Image, mask: Image.Image, box: PixelBox) -> Image.Image:
    """`original` (RGB or RGBA) with `painted` (RGB, any size) laid over `box`, as opaque as `mask` (L) is white.

    Alpha stays the original's. Pixels where the mask is 0, and those outside the box, are the original's,
    bit for bit; where it is 255 they are the painted picture's, scaled (Lanczos) to the box. `original` is changed
    in place: a copy of a large photo is hundreds of megabytes.
    """
    size = (box[2] - box[0], box[3] - box[1])
    over = painted if painted.size == size else painted.resize(size, Image.Resampling.LANCZOS)
    for top in range(box[1], box[3], _ROWS_AT_ONCE):
        strip = (box[0], top, box[2], min(top + _ROWS_AT_ONCE, box[3]))
        weight = np.asarray(mask.crop(strip)).astype(np.uint32)[..., None]
        below = np.asarray(original.crop(strip)).copy()
        above = np.asarray(over.crop((0, top - box[1], size[0], strip[3] - box[1])))
        below[..., :3] = ((below[..., :3] * (255 - weight) + above * weight + 127) // 255).astype(np.uint8)
        original.paste(Image.fromarray(below), strip[:2])
    return original

"""What to cut out around a region, and how large the cut is painted."""

from __future__ import annotations

import math
from dataclasses import dataclass

Rect = tuple[int, int, int, int]

MOST_ENLARGED = 4.0
MOST_OF_IT = 0.7
SLIMMEST = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A cut: `box` (left, top, right, bottom) in the picture's pixels, painted as `width` × `height`."""

    box: Rect
    width: int
    height: int


def frame(
    region: Rect,
    size: tuple[int, int],
    *,
    megapixels: float = 1.0,
    multiple: int = 16,
    context: float = 0.5,
    least: int = 0,
) -> Frame:
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
    wide, high = max(wide, high / SLIMMEST), max(high, wide / SLIMMEST)
    wide, high = max(wide, least / MOST_ENLARGED), max(high, least / MOST_ENLARGED)
    if wide * high >= MOST_OF_IT * size[0] * size[1]:
        wide, high = float(size[0]), float(size[1])
    scale = min(MOST_ENLARGED, math.sqrt(megapixels * 1e6 / (wide * high)))
    if abs(math.log(scale)) <= math.log(1.25):
        scale = 1.0
    width, across = _side(wide, size[0], scale, multiple)
    height, down = _side(high, size[1], scale, multiple)
    x = _start((left + right) / 2, across, size[0])
    y = _start((top + bottom) / 2, down, size[1])
    return Frame(box=(x, y, x + across, y + down), width=width, height=height)


def _side(wanted: float, room: int, scale: float, multiple: int) -> tuple[int, int]:
    """One painted side, and the side of the box that it shows (at least `wanted`, at most `room`)."""
    painted = math.ceil(min(wanted, room) * scale / multiple) * multiple
    shown = round(painted / scale)
    if shown <= room:
        return painted, shown
    return max(multiple, math.floor(room * scale / multiple) * multiple), room


def _start(centre: float, side: int, room: int) -> int:
    return min(max(0, round(centre - side / 2)), room - side)

"""Masks: draw, read, grow and show them; crop and paste by them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from nano_banana.formats.picture_files import DEEP_MODES, open_picture_with_alpha, open_undecoded
from nano_banana.model.problem import CallFailed, problem

Point = tuple[float, float]
Box = tuple[float, float, float, float]

_MAX_CELLS = 64_000_000
"""Cells of the fine grid for drawing, at most (one byte each)."""


def box_mask(size: tuple[int, int], box: Box) -> Image.Image:
    """White within `box` (x0, y0, x1, y1; fractions of width and height), black around; mode L."""
    canvas = _Canvas(size)
    if (corners := canvas.corners(box)) is not None:
        canvas.draw.rectangle(corners, fill=255)
    return canvas.mask()


def ellipse_mask(size: tuple[int, int], box: Box) -> Image.Image:
    """White within the ellipse that touches `box`'s sides, black around; mode L."""
    canvas = _Canvas(size)
    if (corners := canvas.corners(box)) is not None:
        canvas.draw.ellipse(corners, fill=255)
    return canvas.mask()


def polygon_mask(size: tuple[int, int], corners: Sequence[Point]) -> Image.Image:
    """White within the polygon of three or more corners (x, y; fractions), black around; mode L."""
    canvas = _Canvas(size)
    canvas.draw.polygon([canvas.at(corner) for corner in corners], fill=255)
    return canvas.mask()


class _Canvas:
    """A grid finer than the picture, for antialiased edges."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.width, self.height = size
        fine = 4
        while fine > 1 and self.width * self.height * fine * fine > _MAX_CELLS:
            fine //= 2
        self.fine = fine
        self.image = Image.new("L", (self.width * fine, self.height * fine), 0)
        self.draw = ImageDraw.Draw(self.image)

    def at(self, point: Point) -> tuple[int, int]:
        return round(point[0] * self.width * self.fine), round(point[1] * self.height * self.fine)

    def corners(self, box: Box) -> tuple[int, int, int, int] | None:
        """The box's outermost pixels; None if it is empty."""
        (left, top), (right, bottom) = self.at((box[0], box[1])), self.at((box[2], box[3]))
        return (left, top, right - 1, bottom - 1) if left < right and top < bottom else None

    def mask(self) -> Image.Image:
        return self.image.reduce(self.fine) if self.fine > 1 else self.image


Pixels = NDArray[np.uint8]

_DARK = 8
"""Values that count as black, as JPEG makes them beside an edge."""

_BRUSH_SPREAD = 24
"""Levels by which pixels of one brush may differ."""

_COLOURED = 40
"""Levels between a pixel's channels from which it counts as coloured."""

_NOISE_SHARE = 0.0001
"""A smaller share of pixels is noise."""

_MAX_ZERO_ONE_PIXELS = 64_000_000
"""Pixels of the largest mask of 0 and 1."""


def read_mask(path: Path, *, place: str) -> Image.Image:
    """Read the mask at `path` as mode L, white for the region to repaint.

    Accepts white on black (also with soft edges, or as 0 and 1), a brush of one colour on transparency or black, and a
    picture with transparent holes. Raises CallFailed `mask_colours`, `mask_black` or `mask_faint` if the mask is
    ambiguous, and as `open_picture` does.
    """
    ones = _zero_one_mask(path, place)
    if ones is not None:
        return ones
    pixels = np.asarray(open_picture_with_alpha(path, place=place).convert("RGBA"))
    colours, alpha = pixels[..., :3], pixels[..., 3]
    return Image.fromarray(_mask_from_colours(colours) if alpha.min() == 255 else _mask_from_alpha(colours, alpha))


def _zero_one_mask(path: Path, place: str) -> Image.Image | None:
    """The mask if it is grey with only the values 0 and 1, as segmentation masks have; else None."""
    with open_undecoded(path, place=place) as picture:
        if picture.mode not in ("L", *DEEP_MODES) or picture.width * picture.height > _MAX_ZERO_ONE_PIXELS:
            return None
        values = np.asarray(picture)
    if values.max() != 1 or not np.isin(values, (0, 1)).all():
        return None
    return Image.fromarray(np.where(values == 1, 255, 0).astype(np.uint8))


def _mask_from_colours(colours: Pixels) -> Pixels:
    brightest = colours.max(axis=-1)
    if not _has_colour(colours):
        grey = np.asarray(Image.fromarray(colours).convert("L"))
        if 0 < brightest.max() <= _DARK:
            raise CallFailed([problem("mask_faint", brightest=int(brightest.max()))])
        return grey
    # One colour on black: its brightness, relative to the brush, is the mask.
    painted = brightest > 4 * _DARK
    brush = np.percentile(brightest[painted], 90)
    hues = colours[painted] / brightest[painted][:, None]
    same = np.abs(hues - np.median(hues, axis=0)).max(axis=-1) < 0.25
    if painted.mean() > 0.99 or same.mean() < 0.95:
        raise CallFailed([problem("mask_colours")])
    return np.asarray(np.clip(brightest * (255 / brush), 0, 255), np.uint8)


def _mask_from_alpha(colours: Pixels, alpha: Pixels) -> Pixels:
    solid = colours[alpha > 127]
    if not len(solid):
        return np.zeros_like(alpha)
    spread = np.percentile(solid, 99, axis=0) - np.percentile(solid, 1, axis=0)
    if spread.max() <= _BRUSH_SPREAD:
        if solid.max() <= _DARK:
            raise CallFailed([problem("mask_black")])
        return alpha
    grey = np.asarray(Image.fromarray(colours).convert("L"))
    half = (grey > 2 * _DARK) & (grey < 255 - 2 * _DARK) & (alpha > 127)
    if not _has_colour(solid[None]) and half.sum() < 0.2 * len(solid):
        return (grey.astype(np.uint16) * alpha // 255).astype(np.uint8)
    holes = 255 - alpha
    if (holes > _DARK).mean() < _NOISE_SHARE:
        raise CallFailed([problem("mask_colours")])
    return holes


def _has_colour(colours: Pixels) -> bool:
    span = colours.max(axis=-1).astype(np.int16) - colours.min(axis=-1)
    return float((span > _COLOURED).mean()) > _NOISE_SHARE


def grow_mask(mask: Image.Image, radius: float) -> Image.Image:
    """Widen the white of an L mask by `radius` pixels on all sides (at most 8 % more at the corners).

    The grown edge is as soft as it was: this is the grey dilation by a regular octagon, which is the sum
    of four lines (along, down and the two diagonals), each as long as the octagon's side, 2 r tan(π/8).
    """
    straight = round(radius * math.tan(math.pi / 8))
    slanted = round(radius * math.tan(math.pi / 8) / math.sqrt(2))
    pixels = np.asarray(mask)
    for down, right, steps in ((0, 1, straight), (1, 0, straight), (1, 1, slanted), (1, -1, slanted)):
        pixels = _dilated_along(pixels, down, right, steps)
    return Image.fromarray(pixels)


def _dilated_along(pixels: NDArray[np.uint8], down: int, right: int, steps: int) -> NDArray[np.uint8]:
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


def feather_mask(mask: Image.Image, width: float) -> Image.Image:
    """Make an L mask's edge a smooth band `width` pixels wide, centred where the edge was.

    Three box blurs, each a third of the band: a bell with an end, so that what is further away stays
    exactly black or white. At the picture's border the mask counts as going on.
    """
    soft = mask
    if width > 0:
        for _ in range(3):
            soft = soft.filter(ImageFilter.BoxBlur(width / 6))
    return soft


TINT = (255, 0, 110)
"""No skin, hair or sky has this colour."""

TINTED = 0.35
DIMMED = 0.65
_LINES = 500
"""The edge is as wide as the picture's longest side divided by this (at least one pixel)."""


MAX_OVERLAY_PIXELS = 16_000_000
"""Pixels of the largest overlay: it is made to be looked at."""


def mask_overlay(picture: Image.Image, mask: Image.Image) -> Image.Image:
    """`picture` (RGB) with what is white in `mask` (L, of its size) tinted, its edge drawn, and the rest darker.

    Of a picture of more than LARGEST pixels it is smaller than that.
    """
    factor = math.ceil(math.sqrt(picture.width * picture.height / MAX_OVERLAY_PIXELS))
    if factor > 1:
        picture, mask = picture.reduce(factor), mask.reduce(factor)
    dark = picture.point(lambda value: round(value * DIMMED))
    lit = Image.blend(picture, Image.new("RGB", picture.size, TINT), TINTED)
    shown = Image.composite(lit, dark, mask)
    inside = mask.point(lambda value: 255 if value >= 128 else 0)
    edge = ImageChops.subtract(grow_mask(inside, max(1.3, max(picture.size) / _LINES)), inside)
    shown.paste(TINT, mask=edge)
    return shown


PixelBox = tuple[int, int, int, int]

MAX_ENLARGEMENT = 4.0
MAX_CROP_SHARE = 0.7
MAX_ASPECT = 2.0


class CropFrame(Struct, frozen=True, kw_only=True):
    """A crop: `box` (left, top, right, bottom) in the picture's pixels, painted at `width` × `height`."""

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
    """The crop for `region` of a picture of `size`, with `context` × its mean side added on every side.

    The painted size is about `megapixels` (10⁶ pixels), each side a multiple of `multiple` and at most four times the
    box's. If the box's own size is within a quarter of that, it is painted without resampling. A crop of 70 % of the
    picture or more becomes the whole picture. If the picture is large enough, no crop is slimmer than 1 : 2, and no
    painted side is shorter than `least`.
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
    """One painted side, and the box's side (at least `wanted`, at most `room`)."""
    painted = math.ceil(min(wanted, room) * scale / multiple) * multiple
    shown = round(painted / scale)
    if shown <= room:
        return painted, shown
    return max(multiple, math.floor(room * scale / multiple) * multiple), room


def _start(centre: float, side: int, room: int) -> int:
    return min(max(0, round(centre - side / 2)), room - side)


_ROWS_AT_ONCE = 256
"""Rows that are blended at a time, because sums take four bytes a channel."""


def paste_by_mask(original: Image.Image, painted: Image.Image, mask: Image.Image, box: PixelBox) -> Image.Image:
    """Blend `painted` (RGB, any size) into the `box` of `original` (RGB or RGBA) by `mask` (L).

    Alpha stays the original's. Pixels outside the box or with mask 0 stay the original's, bit for bit; those with mask
    255 become the painted picture's, scaled (Lanczos) to the box. Changes `original` in place, because a copy of a
    large photo takes hundreds of megabytes.
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

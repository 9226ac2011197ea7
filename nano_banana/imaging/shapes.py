"""Shapes as masks: fractions of a picture in, soft-edged white out."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

Point = tuple[float, float]
Box = tuple[float, float, float, float]

_MOST_CELLS = 64_000_000
"""Cells of the fine grid that a shape is drawn on (one byte each)."""


def box_mask(size: tuple[int, int], box: Box) -> Image.Image:
    """White within `box` (x0, y0, x1, y1; fractions of width and height), black around; mode L."""
    canvas = _Canvas(size)
    left, top, right, bottom = canvas.corners(box)
    if left < right and top < bottom:
        canvas.draw.rectangle((left, top, right - 1, bottom - 1), fill=255)
    return canvas.mask()


def ellipse_mask(size: tuple[int, int], box: Box) -> Image.Image:
    """White within the ellipse that touches `box`'s sides, black around; mode L."""
    canvas = _Canvas(size)
    left, top, right, bottom = canvas.corners(box)
    if left < right and top < bottom:
        canvas.draw.ellipse((left, top, right - 1, bottom - 1), fill=255)
    return canvas.mask()


def polygon_mask(size: tuple[int, int], corners: Sequence[Point]) -> Image.Image:
    """White within the polygon of three or more corners (x, y; fractions), black around; mode L."""
    canvas = _Canvas(size)
    canvas.draw.polygon([canvas.at(corner) for corner in corners], fill=255)
    return canvas.mask()


class _Canvas:
    """A grid finer than the picture, so that edges come out antialiased."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.width, self.height = size
        fine = 4
        while fine > 1 and self.width * self.height * fine * fine > _MOST_CELLS:
            fine //= 2
        self.fine = fine
        self.image = Image.new("L", (self.width * fine, self.height * fine), 0)
        self.draw = ImageDraw.Draw(self.image)

    def at(self, point: Point) -> tuple[int, int]:
        return round(point[0] * self.width * self.fine), round(point[1] * self.height * self.fine)

    def corners(self, box: Box) -> tuple[int, int, int, int]:
        return *self.at((box[0], box[1])), *self.at((box[2], box[3]))

    def mask(self) -> Image.Image:
        return self.image.reduce(self.fine) if self.fine > 1 else self.image

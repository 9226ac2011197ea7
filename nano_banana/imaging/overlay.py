"""A mask shown over its picture, for people to look at."""

from __future__ import annotations

import math

from PIL import Image, ImageChops

from nano_banana.imaging.edges import grow

TINT = (255, 0, 110)
"""No skin, hair or sky has this colour."""

TINTED = 0.35
DIMMED = 0.65
_LINES = 500
"""The edge is as wide as the picture's longest side divided by this (at least one pixel)."""


LARGEST = 16_000_000
"""Pixels of the largest overlay: it is made to be looked at."""


def overlay(picture: Image.Image, mask: Image.Image) -> Image.Image:
    """`picture` (RGB) with what is white in `mask` (L, of its size) tinted, its edge drawn, and the rest darker.

    Of a picture of more than LARGEST pixels it is smaller than that.
    """
    factor = math.ceil(math.sqrt(picture.width * picture.height / LARGEST))
    if factor > 1:
        picture, mask = picture.reduce(factor), mask.reduce(factor)
    dark = picture.point(lambda value: round(value * DIMMED))
    lit = Image.blend(picture, Image.new("RGB", picture.size, TINT), TINTED)
    shown = Image.composite(lit, dark, mask)
    inside = mask.point(lambda value: 255 if value >= 128 else 0)
    edge = ImageChops.subtract(grow(inside, max(1.3, max(picture.size) / _LINES)), inside)
    shown.paste(TINT, mask=edge)
    return shown

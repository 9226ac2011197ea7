"""A mask shown over its picture, for people to look at."""

from __future__ import annotations

from PIL import Image
from PIL import ImageChops

from nano_banana.imaging.edges import grow

TINT = (255, 0, 110)
"""No skin, hair or sky has this colour."""

TINTED = 0.35
DIMMED = 0.65
_LINES = 500
"""The edge is as wide as the picture's longest side divided by this (at least one pixel)."""


def overlay(picture: Image.Image, mask: Image.Image) -> Image.Image:
    """`picture` (RGB) with what is white in `mask` (L, of its size) tinted, its edge drawn, and the rest darker."""
    dark = picture.point(lambda value: round(value * DIMMED))
    lit = Image.blend(picture, Image.new("RGB", picture.size, TINT), TINTED)
    shown = Image.composite(lit, dark, mask)
    inside = mask.point(lambda value: 255 if value >= 128 else 0)
    edge = ImageChops.subtract(grow(inside, max(1.3, max(picture.size) / _LINES)), inside)
    shown.paste(TINT, mask=edge)
    return shown

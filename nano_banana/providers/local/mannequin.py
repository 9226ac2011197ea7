"""A stand-in for a person nobody has a photo of, without features."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image
from PIL import ImageDraw

from nano_banana.faces.find import Face
from nano_banana.providers.local.backdrops.canvas import Colour
from nano_banana.providers.local.chance import chance
from nano_banana.providers.local.cutout import Cutout
from nano_banana.providers.local.pixels import Pixels
from nano_banana.providers.local.pixels import blurred
from nano_banana.providers.local.pixels import f32
from nano_banana.providers.local.pixels import floats
from nano_banana.providers.local.pixels import mixed

WIDTH, HEIGHT = 640, 760
SKINS = ((0.93, 0.78, 0.68), (0.85, 0.66, 0.52), (0.72, 0.52, 0.39), (0.55, 0.38, 0.28), (0.40, 0.27, 0.20))
HAIRS = ((0.13, 0.10, 0.09), (0.28, 0.18, 0.11), (0.48, 0.32, 0.18), (0.72, 0.56, 0.34), (0.55, 0.53, 0.52))
CLOTHES = (
    (0.20, 0.26, 0.36),
    (0.42, 0.20, 0.22),
    (0.26, 0.36, 0.30),
    (0.75, 0.70, 0.62),
    (0.30, 0.30, 0.33),
    (0.62, 0.45, 0.28),
)


def mannequin(seed: int, garment: Colour | None) -> Cutout:
    """Head, hair and shoulders as soft shapes, coloured by the seed; `garment` in display values where it is known."""
    rng = chance(seed, "mannequin")
    skin, hair, cloth = (table[int(rng.integers(len(table)))] for table in (SKINS, HAIRS, CLOTHES))
    cloth = garment or cloth
    x, wide = WIDTH / 2, 88.0
    shoulders = _mask(lambda draw: draw.polygon(_shoulders(x), fill=255), 5)
    neck = _mask(
        lambda draw: draw.polygon([(x - 42, 300), (x + 42, 300), (x + 52, 420), (x, 462), (x - 52, 420)], fill=255), 3
    )
    head = _mask(lambda draw: draw.ellipse((x - wide, 110, x + wide, 352), fill=255), 2)
    long = bool(rng.uniform() < 0.5)
    back = _mask(lambda draw: _hair(draw, x, wide, long=long), 4)
    fringe = _mask(lambda draw: draw.pieslice((x - wide - 9, 88, x + wide + 9, 330), 188, 352, fill=255), 7)
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for mask, colour, depth in (
        (back, hair, 26),
        (shoulders, cloth, 60),
        (neck, _dim(skin, 0.82), 16),
        (head, skin, 44),
        (fringe, hair, 18),
    ):
        pixels = mixed(pixels, _rounded(mask, colour, depth), mask)
    alpha = np.clip(np.maximum.reduce([back, shoulders, neck, head, fringe]), 0, 1)
    eyes = ((x - 36, 232.0), (x + 36, 232.0))
    face = Face(left=x - 74, top=150, width=148, height=196, eyes=eyes)
    return Cutout(pixels=f32(np.clip(pixels, 0, 1)), alpha=f32(alpha), face=face)


def _shoulders(x: float) -> list[tuple[float, float]]:
    right = [(52.0, 392.0), (120, 424), (190, 446), (236, 482), (264, 548), (282, 660), (300, 780)]
    return [(x + dx, y) for dx, y in right] + [(x - dx, y) for dx, y in reversed(right)]


def _hair(draw: ImageDraw.ImageDraw, x: float, wide: float, *, long: bool) -> None:
    draw.ellipse((x - wide - 16, 82, x + wide + 16, 330), fill=255)
    if long:
        draw.rounded_rectangle((x - wide - 16, 200, x + wide + 16, 450), 60, fill=255)


def _mask(shape: Callable[[ImageDraw.ImageDraw], None], softness: float) -> Pixels:
    picture = Image.new("L", (WIDTH, HEIGHT))
    shape(ImageDraw.Draw(picture))
    return blurred(floats(picture), softness)


def _rounded(mask: Pixels, colour: Colour, depth: float) -> Pixels:
    """The colour, lighter in the middle of the shape than towards its edge, and lit from above."""
    body = blurred(mask, depth)
    down, _ = np.gradient(body)
    tone = 0.62 + 0.42 * np.clip(body, 0, 1) + np.clip(down * depth, -0.3, 0.3) * 0.7
    return f32(tone[..., None] * np.array(colour, np.float32))


def _dim(colour: Colour, factor: float) -> Colour:
    return (colour[0] * factor, colour[1] * factor, colour[2] * factor)

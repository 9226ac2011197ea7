"""A stranger: head, hair and shoulders of somebody whom nobody knows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from nano_banana.faces.face import Face
from nano_banana.providers.local.backdrops.canvas import Colour
from nano_banana.providers.local.chance import chance, clouds
from nano_banana.providers.local.cutout import Cutout
from nano_banana.providers.local.facial import Plane, outline, plane
from nano_banana.providers.local.features import Features, features
from nano_banana.providers.local.pixels import Pixels, blurred, f32, floats, mixed, smooth
from nano_banana.providers.local.visage import visage

WIDTH, HEIGHT = 720, 1200
UNIT, CENTRE = 100.0, (360.0, 270.0)
"""Half a face's width in pixels, and the point between the eyes."""

HEAD = (200, 80, 520, 540)
"""The part of the picture (left, top, right, bottom) that head, neck and hair keep to."""

BOX = Face(left=268, top=181, width=184, height=252, eyes=((316, 270), (404, 270)))
"""The usual face's box in the picture."""


def mannequin(seed: int, garment: Colour | None, kind: str = "", at: int = 0) -> Cutout:
    """The stranger number `at` of this seed, of this `kind` (see `features`).

    `garment` colours the clothes (display values) where it is known.
    """
    who = features(chance(seed, f"stranger/{at}"), kind)
    left, top, right, bottom = HEAD
    centre = (CENTRE[0] - left, CENTRE[1] - top)
    on, rng = plane(right - left, bottom - top, centre, UNIT, who.tall), chance(seed, f"skin/{at}")
    shoulders, neck, ears = body(), _neck(on, who), _ears(on)
    alpha = shoulders.copy()
    seen = alpha[top:bottom, left:right]
    cloth = rounded(shoulders, garment or who.cloth, 60)
    pixels = cloth.copy()
    near = pixels[top:bottom, left:right]
    near[:] = mixed(_strands(on, who, rng, 0.75), near, seen)
    for mask, painted in (
        (neck, _in_shadow(rounded(neck, who.skin, 26), on)),
        (ears, rounded(ears, who.skin, 12)),
        (on.inside(outline(on, who), 1.5), visage(on, who, rng)),
        (_fringe(on, who, rng), _strands(on, who, rng, 1.0)),
    ):
        near[:] = mixed(near, painted, mask)
        seen[:] = np.maximum(seen, mask)
    seen[:] = np.maximum(seen, _behind(on, who))
    return Cutout(pixels=f32(np.clip(pixels, 0, 1)), alpha=f32(np.clip(alpha, 0, 1)), face=_face(who))


def _face(who: Features) -> Face:
    """Its box as YuNet draws one: from the upper forehead to the chin."""
    (x, y), high = CENTRE, UNIT * who.tall
    eyes = ((x - who.gap * UNIT, y), (x + who.gap * UNIT, y))
    return Face(left=x - 0.92 * UNIT, top=y - 0.85 * high, width=1.84 * UNIT, height=2.42 * high, eyes=eyes)


def _behind(on: Plane, who: Features) -> Pixels:
    """The hair behind the head."""
    cap = 1.17 - np.hypot(on.u, (on.v + 0.35) / 1.16)
    if not who.long:
        return on.inside(f32(np.where(on.v < 0.25, cap, -1)), 3)
    width = 1.17 + 0.05 * np.sin(on.v * 5) - 0.10 * smooth(1.2, 2.3, on.v)
    fall = np.where((on.v > -0.35) & (on.v < 2.0), width - np.abs(on.u), -1)
    return on.inside(f32(np.maximum(cap, fall)), 4)


def _fringe(on: Plane, who: Features, rng: np.random.Generator) -> Pixels:
    """The hair over the forehead and the temples."""
    cap = 1.15 - np.hypot(on.u, (on.v + 0.35) / 1.15)
    side = np.abs(on.u - who.parting * 0.35)
    line = who.fringe + 0.30 * np.clip(side - 0.15, 0, 2) ** 1.6 + 0.55 * smooth(0.72, 1.02, np.abs(on.u))
    ragged = line + 0.02 * clouds(rng, on.u.shape[0], on.u.shape[1], 22, 2)
    temple = smooth(0.9, 0.98, np.abs(on.u)) * (on.v < (1.0 if who.long else 0.1))
    over = np.maximum(on.inside(f32(ragged - on.v), 5), temple)
    return f32(over * on.inside(f32(cap), 3))


def _strands(on: Plane, who: Features, rng: np.random.Generator, bright: float) -> Pixels:
    """Hair: thin streaks that run outward and down from the parting, with a sheen."""
    turn = np.arctan2(on.u - who.parting * 0.3, on.v + 1.75)
    streaks = rng.standard_normal(512)
    fine = np.interp((turn + np.pi) / (2 * np.pi) * 511 * 3 % 511, np.arange(512), streaks)
    coarse = np.interp((turn + np.pi) / (2 * np.pi) * 511 * 0.7 % 511, np.arange(512), streaks[::-1])
    sheen = 0.35 * np.exp(-(((np.hypot(on.u, on.v + 0.2) - 1.02) / 0.16) ** 2)) * smooth(0.1, -0.8, on.v)
    tone = bright * (0.85 + 0.10 * fine + 0.10 * coarse) + sheen
    return f32(np.clip(tone, 0.3, 1.8)[..., None] * np.array(who.hair, np.float32) + 0.015)


def _ears(on: Plane) -> Pixels:
    return on.inside(f32(0.16 - np.hypot((np.abs(on.u) - 0.98) * 1.35, (on.v - 0.2) * 0.55)), 2)


def _neck(on: Plane, who: Features) -> Pixels:
    width = 0.60 + 0.04 * (who.square - 2.5) + 0.35 * smooth(1.65, 2.25, on.v) ** 2
    collar = 2.22 - 0.5 * on.u**2 - on.v
    return on.inside(f32(np.minimum(np.minimum(width - np.abs(on.u), on.v - 0.7), collar)), 3)


def _in_shadow(neck: Pixels, on: Plane) -> Pixels:
    """The neck, darkened by the chin above it."""
    return f32(neck * (0.95 - 0.38 * smooth(2.0, 1.4, on.v))[..., None])


def body() -> Pixels:
    """Shoulders and arms of anybody (HEIGHT × WIDTH, 0–1)."""
    return _mask(_shoulders, 4)


def _shoulders(draw: ImageDraw.ImageDraw) -> None:
    x, top = CENTRE[0], CENTRE[1]
    right = [(56.0, 186.0), (112, 214), (184, 238), (232, 274), (262, 346), (280, 470), (286, 940)]
    points = [(x + dx, top + dy) for dx, dy in right] + [(x - dx, top + dy) for dx, dy in reversed(right)]
    draw.polygon(points, fill=255)


def _mask(shape: Callable[[ImageDraw.ImageDraw], None], softness: float) -> Pixels:
    picture = Image.new("L", (WIDTH, HEIGHT))
    shape(ImageDraw.Draw(picture))
    return blurred(floats(picture), softness)


def rounded(mask: Pixels, colour: Colour, depth: float) -> Pixels:
    """The colour, lighter in the middle of the shape than towards its edge, and lit from above."""
    body = blurred(mask, depth)
    down, _ = np.gradient(body)
    tone = 0.62 + 0.42 * np.clip(body, 0, 1) + np.clip(down * depth, -0.3, 0.3) * 0.7
    return f32(tone[..., None] * np.array(colour, np.float32))

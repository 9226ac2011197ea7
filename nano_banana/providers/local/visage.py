"""A stranger's face: skin, eyes, brows, nose and mouth, painted on a form."""

from __future__ import annotations

import numpy as np

from nano_banana.providers.local.backdrops.canvas import Colour
from nano_banana.providers.local.chance import clouds
from nano_banana.providers.local.facial import Plane, lit, mouth_line
from nano_banana.providers.local.features import Features
from nano_banana.providers.local.pixels import Pixels, f32, mixed, smooth

PUPIL, GLINT, LASHES = (
    np.array(colour, np.float32) for colour in ((0.03, 0.025, 0.02), (1, 1, 1), (0.07, 0.05, 0.045))
)
"""Colours that all eyes have."""


def visage(on: Plane, who: Features, rng: np.random.Generator) -> Pixels:
    """The face (display values) as far as the plane goes; what is beyond the head's outline means nothing."""
    shade = lit(on, who)
    # In the shade skin is redder: light wanders below it.
    face = f32(_skin(on, who, rng) * np.power(shade[..., None], np.array([0.92, 1.04, 1.12], np.float32)))
    for side in (-1, 1):
        face = _eye(face, on, who, side)
        face = _brow(face, on, who, side, rng)
    return f32(np.clip(_mouth(_nostrils(face, on, who), on, who, shade), 0, 1))


def _skin(on: Plane, who: Features, rng: np.random.Generator) -> Pixels:
    """Its colour: blood in cheeks, nose and lids, a beard, uneven tone."""
    height, width = on.u.shape
    blood = 0.8 * on.pair(0.56, 0.45, 0.25, 0.2) + 0.5 * on.bump(0, who.nose - 0.05, 0.16, 0.12)
    blood = blood + 0.5 * on.pair(who.gap, 0.12, 0.2, 0.06)
    tint = 1 - np.clip(blood, 0, 1)[..., None] * np.array([0.01, 0.11, 0.10], np.float32)
    uneven = 1 + 0.014 * clouds(rng, height, width, 30, 3)
    bare = f32(np.array(who.skin, np.float32) * tint * uneven[..., None])
    return mixed(bare, _shade(who.hair, 1.15), _beard(on, who, rng)) if who.beard else bare


def _beard(on: Plane, who: Features, rng: np.random.Generator) -> Pixels:
    height, width = on.u.shape
    line = mouth_line(who)
    jaw = smooth(0.42, 0.8, f32(on.v - 0.28 * (1 - np.clip(np.abs(on.u) / 0.75, 0, 1))))
    jaw = jaw * smooth(0.26, 0.5, f32(np.hypot(on.u / 1.15, on.v - line + 0.02)))
    lip = (
        smooth(who.nose + 0.06, who.nose + 0.14, on.v)
        * (1 - smooth(line - 0.1, line - 0.04, on.v))
        * smooth(-0.5, -0.3, -np.abs(on.u))
    )
    hairs = np.clip(0.8 + 0.25 * clouds(rng, height, width, 170, 1), 0, 1)
    return f32(np.clip(jaw + lip, 0, 1) * hairs * who.beard)


def _eye(face: Pixels, on: Plane, who: Features, side: int) -> Pixels:
    """The eye on one side: ball, iris, pupil, glint, lids and lashes."""
    x = (on.u * side - who.gap) / who.eye
    y = on.v + who.tilt * x * 0.8
    arch = np.clip(1 - x * x, 0, 1)
    upper = -0.105 * np.power(arch, 0.62) * (who.eye / 0.22)
    lower = 0.075 * np.power(arch, 0.8) * (who.eye / 0.22)
    open_ = on.inside(f32(np.minimum(y - upper, lower - y)), 0.9) * (np.abs(x) < 1)
    ball = (
        np.array([0.90, 0.87, 0.84], np.float32)
        * (1 - 0.28 * np.clip(1 - (y - upper) / 0.08, 0, 1) - 0.18 * x**2)[..., None]
    )
    dark = _shade(who.skin, 0.45)
    around = f32(0.45 * np.exp(-(((y - upper) / 0.05) ** 2)) * smooth(-1.15, -0.8, -np.abs(x)))
    crease = f32(0.5 * np.exp(-(((y - 1.1 * upper + 0.075) / 0.022) ** 2)) * smooth(-1.05, -0.7, -np.abs(x)))
    face = mixed(face, dark, f32(np.clip(around + crease, 0, 1)))
    face = mixed(face, f32(ball), open_)
    far = np.hypot(on.u - side * who.gap, (on.v + 0.012) * 1.02)
    iris = on.inside(f32(0.098 - far)) * open_
    ring = np.clip(0.55 + 0.75 * smooth(0.1, 0.035, f32(far)) + 0.25 * smooth(-0.02, 0.06, on.v), 0.4, 1.5)
    face = mixed(face, f32(np.array(who.iris, np.float32) * ring[..., None]), iris)
    face = mixed(face, PUPIL, on.inside(f32(0.042 - far)) * open_)
    face = mixed(face, GLINT, on.inside(f32(0.02 - np.hypot(on.u - side * who.gap - 0.032, on.v + 0.05))) * open_ * 0.9)
    lash = np.exp(-(((y - upper) / 0.019) ** 2)) * smooth(-1.1, -0.9, -np.abs(x))
    under = 0.45 * np.exp(-(((y - lower) / 0.014) ** 2)) * smooth(-1.0, -0.7, -np.abs(x))
    return mixed(face, LASHES, f32(np.clip(lash * 0.92 + under * 0.6, 0, 1)))


def _brow(face: Pixels, on: Plane, who: Features, side: int, rng: np.random.Generator) -> Pixels:
    height, width = on.u.shape
    along = (on.u * side - who.gap + 0.02) / 0.30
    middle = who.brows_at + 0.05 * (along - 0.35) ** 2 - 0.02
    thick = who.brow * np.clip(1.15 - 0.55 * np.abs(along - 0.1) - 0.35 * np.clip(along, 0, 1), 0.2, 1)
    hairs = 0.85 + 0.1 * clouds(rng, height, width, 190, 1)
    there = np.exp(-(((on.v - middle) / thick) ** 4)) * smooth(-1.1, -0.85, -np.abs(along))
    return mixed(face, _shade(who.hair, 0.8), f32(np.clip(there * hairs, 0, 1) * 0.85))


def _nostrils(face: Pixels, on: Plane, who: Features) -> Pixels:
    low = who.nose - 0.005
    holes = on.pair(who.nostrils * 0.48, low, 0.065, 0.03)
    wings = 0.42 * on.pair(who.nostrils * 1.02, low - 0.06, 0.03, 0.075)
    under = 0.30 * on.bump(0, low + 0.05, who.nostrils, 0.05)
    return mixed(face, _shade(who.skin, 0.28), f32(np.clip(holes * 0.95 + wings + under, 0, 0.92)))


def _mouth(face: Pixels, on: Plane, who: Features, shade: Pixels) -> Pixels:
    line = mouth_line(who)
    x = on.u / who.mouth
    arch = np.clip(1 - x * x, 0, 1)
    parting = line - 0.018 * x * x + 0.012 * np.exp(-((x / 0.2) ** 2))
    bow = who.lips * 0.95 * np.power(arch, 0.75) * (1 - 0.22 * np.exp(-((x / 0.16) ** 2)))
    full = who.lips * 1.2 * np.power(arch, 0.6)
    red, green, blue = who.skin
    colour = np.array([red * 0.86, green * 0.60, blue * 0.60], np.float32)
    upper = on.inside(f32(np.minimum(on.v - parting + bow, parting - on.v)), 1.6) * (np.abs(x) < 1)
    lower = on.inside(f32(np.minimum(on.v - parting, parting + full - on.v)), 2.2) * (np.abs(x) < 1)
    face = mixed(face, f32(colour * 0.86 * shade[..., None]), upper * 0.9)
    face = mixed(face, f32(colour * 1.04 * shade[..., None]), lower * 0.85)
    gleam = 0.10 * on.bump(0.04, line + who.lips * 0.65, who.mouth * 0.35, 0.035)
    between = np.exp(-(((on.v - parting) / 0.017) ** 2)) * smooth(-1.08, -0.85, -np.abs(x))
    face = f32(face + gleam[..., None])
    return mixed(face, _shade(who.skin, 0.22), f32(between * 0.85))


def _shade(colour: Colour, factor: float) -> Pixels:
    return np.array(colour, np.float32) * np.float32(factor)

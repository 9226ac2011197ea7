"""Draw a stranger: a face and a body from random numbers.

A face is a form (how far each point stands out) under a lamp, with skin, eyes, brows, nose and mouth painted on it. The
same shoulders complete a person whose photo cuts them off.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from PIL import Image, ImageDraw

from nano_banana.faces.face import Face
from nano_banana.providers.local.backdrop_canvas import Colour
from nano_banana.providers.local.cutouts import Cutout
from nano_banana.providers.local.pixel_math import (
    Pixels,
    as_float32,
    blurred,
    mixed,
    resized,
    seeded_rng,
    smoothstep,
    to_floats,
    value_noise,
)

SKIN_COLOURS = ((0.92, 0.76, 0.66), (0.86, 0.68, 0.55), (0.76, 0.57, 0.44), (0.62, 0.44, 0.33), (0.48, 0.33, 0.25))
HAIR_COLOURS = ((0.10, 0.08, 0.07), (0.22, 0.14, 0.09), (0.40, 0.26, 0.15), (0.66, 0.50, 0.30), (0.52, 0.50, 0.49))
IRIS_COLOURS = ((0.22, 0.13, 0.07), (0.30, 0.21, 0.11), (0.27, 0.36, 0.42), (0.30, 0.38, 0.24), (0.16, 0.10, 0.06))
CLOTHES_COLOURS = (
    (0.20, 0.26, 0.36),
    (0.42, 0.20, 0.22),
    (0.26, 0.36, 0.30),
    (0.75, 0.70, 0.62),
    (0.30, 0.30, 0.33),
    (0.62, 0.45, 0.28),
)
WOMAN, MAN = "woman", "man"


class FaceFeatures(Struct, frozen=True, kw_only=True):
    """A face. Lengths are in halves of its width at the cheekbones, down from the line of the eyes.

    `square` (2 pointed to 3.2 square) is the jaw; `tall` stretches the face; `tilt` lifts the outer corners of the
    eyes; `beard` is 0–1; `parting` −1 to 1 from the viewer's left; colours are display values.
    """

    skin: Colour
    hair: Colour
    cloth: Colour
    iris: Colour
    tall: float
    square: float
    gap: float
    eye: float
    tilt: float
    brow: float
    brows_at: float
    nose: float
    nostrils: float
    mouth: float
    lips: float
    beard: float
    parting: float
    fringe: float
    long: bool


def random_features(rng: np.random.Generator, kind: str = "") -> FaceFeatures:
    """Random features; `kind` is WOMAN, MAN or empty for either."""
    man = kind == MAN or (kind != WOMAN and bool(rng.uniform() < 0.5))
    between = rng.uniform

    def one(table: tuple[Colour, ...]) -> Colour:
        return table[int(rng.integers(len(table)))]

    skin = one(SKIN_COLOURS)
    return FaceFeatures(
        skin=skin,
        hair=one(HAIR_COLOURS if skin in SKIN_COLOURS[:2] else HAIR_COLOURS[:2] + HAIR_COLOURS[-1:]),
        cloth=one(CLOTHES_COLOURS),
        iris=one(IRIS_COLOURS if skin in SKIN_COLOURS[:2] else IRIS_COLOURS[:1] + IRIS_COLOURS[-1:]),
        tall=between(0.90, 1.12),
        square=between(2.4, 3.8) if man else between(1.8, 2.7),
        gap=between(0.41, 0.49),
        eye=between(0.175, 0.26),
        tilt=between(-0.06, 0.09),
        brow=between(0.04, 0.085) if man else between(0.022, 0.05),
        brows_at=between(-0.36, -0.25) if man else between(-0.42, -0.29),
        nose=between(0.54, 0.80),
        nostrils=between(0.17, 0.32),
        mouth=between(0.28, 0.46),
        lips=between(0.055, 0.12) if man else between(0.07, 0.16),
        beard=between(0.3, 0.9) if man and rng.uniform() < 0.35 else 0.0,
        parting=between(-0.6, 0.6),
        fringe=between(-1.02, -0.84),
        long=not man and bool(rng.uniform() < 0.7),
    )


CHIN = 1.52
"""The chin below the line of the eyes, in halves of the face's width; the crown is as far above."""

LAMP = np.array([0.1, -0.46, 0.88], np.float32)
"""The light's direction: from the front, above, and a little from the right."""


class FacePlane(Struct, frozen=True, kw_only=True):
    """Coordinates relative to the face: `u` to the right and `v` down from between the eyes.

    `unit` is half the face's width in pixels.
    """

    u: Pixels
    v: Pixels
    unit: float

    def inside(self, distance: Pixels, softness: float = 1.2) -> Pixels:
        """1 inside an edge (`distance` is positive inside), 0 outside, smooth over `softness` pixels on both sides."""
        edge = softness / self.unit
        return smoothstep(-edge, edge, distance)

    def bump(self, x: float, y: float, wide: float, high: float) -> Pixels:
        """A soft hill of height 1 at (x, y)."""
        return as_float32(np.exp(-(((self.u - x) / wide) ** 2) - ((self.v - y) / high) ** 2))

    def pair(self, x: float, y: float, wide: float, high: float) -> Pixels:
        """Such a hill and its mirror image."""
        return as_float32(self.bump(x, y, wide, high) + self.bump(-x, y, wide, high))


def face_plane(width: int, height: int, centre: tuple[float, float], unit: float, tall: float) -> FacePlane:
    """The plane of `width` × `height` pixels, the point between the eyes at `centre`, stretched down by `tall`."""
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    u = np.broadcast_to((x - centre[0])[None, :] / unit, (height, width))
    v = np.broadcast_to((y - centre[1])[:, None] / (unit * tall), (height, width))
    return FacePlane(u=as_float32(u), v=as_float32(v), unit=unit)


def half_width(v: Pixels, square: float) -> Pixels:
    """Half the head's width at each height; 0 beyond chin and crown."""
    up, down = np.clip(-v / CHIN, 0, 1), np.clip(v / CHIN, 0, 1)
    skull = np.power(1 - np.power(up, 2.7), 0.5)
    jaw = np.power(1 - np.power(down, square), 0.6)
    return as_float32(np.where(v < 0, skull, jaw))


def head_outline(on: FacePlane, who: FaceFeatures) -> Pixels:
    """How far inside the head each point is, in units of the face; −1 above the crown and below the chin."""
    return as_float32(np.where(np.abs(on.v) < CHIN, half_width(on.v, who.square) - np.abs(on.u), -1))


def mouth_line(who: FaceFeatures) -> float:
    """The height of the line between the lips."""
    return who.nose + 0.35


def shaded_head(on: FacePlane, who: FaceFeatures) -> Pixels:
    """The head's brightness under the lamp: about 1 on the forehead and the cheeks."""
    form = _relief(on, who)
    down, across = np.gradient(form)
    across, down = np.clip(across * on.unit, -2.4, 2.4), np.clip(down * on.unit, -2.4, 2.4)
    facing = (LAMP[2] - across * LAMP[0] - down * LAMP[1]) / np.sqrt(1 + across**2 + down**2)
    hollow = np.clip((form - blurred(form, 0.2 * on.unit)) * 1.1, -0.22, 0.05)
    return as_float32(np.clip(0.36 + 0.72 * np.clip(facing, 0, 1) + hollow, 0.15, 1.1))


def _relief(on: FacePlane, who: FaceFeatures) -> Pixels:
    """How far each point of the head stands out."""
    within = np.clip(1 - (on.u / np.maximum(half_width(on.v, who.square), 0.05)) ** 2, 0, 1)
    profile = np.sqrt(np.clip(1 - np.power(np.abs(on.v - 0.15) / 1.9, 2.6), 0, 1))
    head = np.power(within, 0.42) * 0.85 * profile
    return as_float32(head + _nose(on, who) + _around_eyes(on, who) + _around_mouth(on, who))


def _nose(on: FacePlane, who: FaceFeatures) -> Pixels:
    tip = who.nose - 0.07
    rise = np.power(np.clip((on.v + 0.2) / (tip + 0.2), 0, 1), 1.3) * (1 - smoothstep(tip, tip + 0.15, on.v))
    thin = 0.10 + 0.08 * np.clip(on.v / tip, 0, 1)
    wings = on.pair(who.nostrils * 0.7, tip + 0.02, 0.085, 0.08)
    return as_float32(0.34 * rise * np.exp(-((on.u / thin) ** 2)) + 0.10 * wings)


def _around_eyes(on: FacePlane, who: FaceFeatures) -> Pixels:
    sockets = -0.15 * on.pair(who.gap * 0.93, -0.04, 0.24, 0.16) + 0.09 * on.pair(who.gap, 0.0, 0.17, 0.12)
    ridge = 0.06 * on.pair(who.gap, who.brows_at, 0.30, 0.10)
    cheeks = 0.09 * on.pair(0.58, 0.40, 0.25, 0.22) - 0.05 * on.pair(0.66, 0.92, 0.18, 0.26)
    return as_float32(sockets + ridge + cheeks)


def _around_mouth(on: FacePlane, who: FaceFeatures) -> Pixels:
    line = mouth_line(who)
    upper = 0.06 * on.bump(0, line - who.lips * 0.6, who.mouth * 0.9, who.lips * 0.7)
    lower = 0.09 * on.bump(0, line + who.lips * 0.8, who.mouth * 0.75, who.lips * 0.9)
    under = -0.06 * on.bump(0, line + who.lips * 2.5, 0.26, 0.08)
    chin = 0.10 * on.bump(0, CHIN - 0.17, 0.24, 0.14)
    folds = -0.05 * on.pair(who.mouth + 0.04, line, 0.06, 0.09) - 0.03 * on.bump(0, who.nose + 0.14, 0.05, 0.08)
    return as_float32(upper + lower + under + chin + folds)


PUPIL, GLINT, LASHES = (
    np.array(colour, np.float32) for colour in ((0.03, 0.025, 0.02), (1, 1, 1), (0.07, 0.05, 0.045))
)
"""Colours of every eye."""


def paint_face(on: FacePlane, who: FaceFeatures, rng: np.random.Generator) -> Pixels:
    """The face (display values); pixels outside the head's outline are undefined."""
    shade = shaded_head(on, who)
    # In the shade skin is redder: light wanders below it.
    face = as_float32(_skin(on, who, rng) * np.power(shade[..., None], np.array([0.92, 1.04, 1.12], np.float32)))
    for side in (-1, 1):
        face = _eye(face, on, who, side)
        face = _brow(face, on, who, side, rng)
    return as_float32(np.clip(_mouth(_nostrils(face, on, who), on, who, shade), 0, 1))


def _skin(on: FacePlane, who: FaceFeatures, rng: np.random.Generator) -> Pixels:
    """The skin's colour: redder cheeks, nose and lids, a beard, an uneven tone."""
    height, width = on.u.shape
    blood = 0.8 * on.pair(0.56, 0.45, 0.25, 0.2) + 0.5 * on.bump(0, who.nose - 0.05, 0.16, 0.12)
    blood = blood + 0.5 * on.pair(who.gap, 0.12, 0.2, 0.06)
    tint = 1 - np.clip(blood, 0, 1)[..., None] * np.array([0.01, 0.11, 0.10], np.float32)
    uneven = 1 + 0.014 * value_noise(rng, height, width, 30, 3)
    bare = as_float32(np.array(who.skin, np.float32) * tint * uneven[..., None])
    return mixed(bare, _shade(who.hair, 1.15), _beard(on, who, rng)) if who.beard else bare


def _beard(on: FacePlane, who: FaceFeatures, rng: np.random.Generator) -> Pixels:
    height, width = on.u.shape
    line = mouth_line(who)
    jaw = smoothstep(0.42, 0.8, as_float32(on.v - 0.28 * (1 - np.clip(np.abs(on.u) / 0.75, 0, 1))))
    jaw = jaw * smoothstep(0.26, 0.5, as_float32(np.hypot(on.u / 1.15, on.v - line + 0.02)))
    lip = smoothstep(who.nose + 0.06, who.nose + 0.14, on.v) * (1 - smoothstep(line - 0.1, line - 0.04, on.v))
    lip = lip * smoothstep(-0.5, -0.3, -np.abs(on.u))
    hairs = np.clip(0.8 + 0.25 * value_noise(rng, height, width, 170, 1), 0, 1)
    return as_float32(np.clip(jaw + lip, 0, 1) * hairs * who.beard)


def _eye(face: Pixels, on: FacePlane, who: FaceFeatures, side: int) -> Pixels:
    """The eye on one side: ball, iris, pupil, glint, lids and lashes."""
    x = (on.u * side - who.gap) / who.eye
    y = on.v + who.tilt * x * 0.8
    arch = np.clip(1 - x * x, 0, 1)
    upper = -0.105 * np.power(arch, 0.62) * (who.eye / 0.22)
    lower = 0.075 * np.power(arch, 0.8) * (who.eye / 0.22)
    open_ = on.inside(as_float32(np.minimum(y - upper, lower - y)), 0.9) * (np.abs(x) < 1)
    light = 1 - 0.28 * np.clip(1 - (y - upper) / 0.08, 0, 1) - 0.18 * x**2
    ball = np.array([0.90, 0.87, 0.84], np.float32) * light[..., None]
    dark = _shade(who.skin, 0.45)
    around = as_float32(0.45 * np.exp(-(((y - upper) / 0.05) ** 2)) * smoothstep(-1.15, -0.8, -np.abs(x)))
    crease = as_float32(0.5 * np.exp(-(((y - 1.1 * upper + 0.075) / 0.022) ** 2)) * smoothstep(-1.05, -0.7, -np.abs(x)))
    face = mixed(face, dark, as_float32(np.clip(around + crease, 0, 1)))
    face = mixed(face, as_float32(ball), open_)
    far = np.hypot(on.u - side * who.gap, (on.v + 0.012) * 1.02)
    iris = on.inside(as_float32(0.098 - far)) * open_
    ring = 0.55 + 0.75 * smoothstep(0.1, 0.035, as_float32(far)) + 0.25 * smoothstep(-0.02, 0.06, on.v)
    ring = np.clip(ring, 0.4, 1.5)
    face = mixed(face, as_float32(np.array(who.iris, np.float32) * ring[..., None]), iris)
    face = mixed(face, PUPIL, on.inside(as_float32(0.042 - far)) * open_)
    glint = 0.02 - np.hypot(on.u - side * who.gap - 0.032, on.v + 0.05)
    face = mixed(face, GLINT, on.inside(as_float32(glint)) * open_ * 0.9)
    lash = np.exp(-(((y - upper) / 0.019) ** 2)) * smoothstep(-1.1, -0.9, -np.abs(x))
    under = 0.45 * np.exp(-(((y - lower) / 0.014) ** 2)) * smoothstep(-1.0, -0.7, -np.abs(x))
    return mixed(face, LASHES, as_float32(np.clip(lash * 0.92 + under * 0.6, 0, 1)))


def _brow(face: Pixels, on: FacePlane, who: FaceFeatures, side: int, rng: np.random.Generator) -> Pixels:
    height, width = on.u.shape
    along = (on.u * side - who.gap + 0.02) / 0.30
    middle = who.brows_at + 0.05 * (along - 0.35) ** 2 - 0.02
    thick = who.brow * np.clip(1.15 - 0.55 * np.abs(along - 0.1) - 0.35 * np.clip(along, 0, 1), 0.2, 1)
    hairs = 0.85 + 0.1 * value_noise(rng, height, width, 190, 1)
    there = np.exp(-(((on.v - middle) / thick) ** 4)) * smoothstep(-1.1, -0.85, -np.abs(along))
    return mixed(face, _shade(who.hair, 0.8), as_float32(np.clip(there * hairs, 0, 1) * 0.85))


def _nostrils(face: Pixels, on: FacePlane, who: FaceFeatures) -> Pixels:
    low = who.nose - 0.005
    holes = on.pair(who.nostrils * 0.48, low, 0.065, 0.03)
    wings = 0.42 * on.pair(who.nostrils * 1.02, low - 0.06, 0.03, 0.075)
    under = 0.30 * on.bump(0, low + 0.05, who.nostrils, 0.05)
    return mixed(face, _shade(who.skin, 0.28), as_float32(np.clip(holes * 0.95 + wings + under, 0, 0.92)))


def _mouth(face: Pixels, on: FacePlane, who: FaceFeatures, shade: Pixels) -> Pixels:
    line = mouth_line(who)
    x = on.u / who.mouth
    arch = np.clip(1 - x * x, 0, 1)
    parting = line - 0.018 * x * x + 0.012 * np.exp(-((x / 0.2) ** 2))
    bow = who.lips * 0.95 * np.power(arch, 0.75) * (1 - 0.22 * np.exp(-((x / 0.16) ** 2)))
    full = who.lips * 1.2 * np.power(arch, 0.6)
    red, green, blue = who.skin
    colour = np.array([red * 0.86, green * 0.60, blue * 0.60], np.float32)
    upper = on.inside(as_float32(np.minimum(on.v - parting + bow, parting - on.v)), 1.6) * (np.abs(x) < 1)
    lower = on.inside(as_float32(np.minimum(on.v - parting, parting + full - on.v)), 2.2) * (np.abs(x) < 1)
    face = mixed(face, as_float32(colour * 0.86 * shade[..., None]), upper * 0.9)
    face = mixed(face, as_float32(colour * 1.04 * shade[..., None]), lower * 0.85)
    gleam = 0.10 * on.bump(0.04, line + who.lips * 0.65, who.mouth * 0.35, 0.035)
    between = np.exp(-(((on.v - parting) / 0.017) ** 2)) * smoothstep(-1.08, -0.85, -np.abs(x))
    face = as_float32(face + gleam[..., None])
    return mixed(face, _shade(who.skin, 0.22), as_float32(between * 0.85))


def _shade(colour: Colour, factor: float) -> Pixels:
    return np.array(colour, np.float32) * np.float32(factor)


WIDTH, HEIGHT = 720, 1200
UNIT, CENTRE = 100.0, (360.0, 270.0)
"""Half a face's width in pixels, and the point between the eyes."""

HEAD_BOX = (200, 80, 520, 540)
"""The part of the picture (left, top, right, bottom) with head, neck and hair."""

USUAL_FACE = Face(left=268, top=181, width=184, height=252, eyes=((316, 270), (404, 270)))
"""The usual face's box in the picture."""


def draw_stranger(seed: int, garment: Colour | None, kind: str = "", at: int = 0) -> Cutout:
    """Stranger number `at` of this seed, of this `kind` (see `random_features`).

    `garment` is the colour of the clothes (display values), if known.
    """
    who = random_features(seeded_rng(seed, f"stranger/{at}"), kind)
    left, top, right, bottom = HEAD_BOX
    centre = (CENTRE[0] - left, CENTRE[1] - top)
    on, rng = face_plane(right - left, bottom - top, centre, UNIT, who.tall), seeded_rng(seed, f"skin/{at}")
    shoulders, neck = body_mask(), _neck(on, who)
    ears = on.inside(as_float32(0.16 - np.hypot((np.abs(on.u) - 0.98) * 1.35, (on.v - 0.2) * 0.55)), 2)
    alpha = shoulders.copy()
    seen = alpha[top:bottom, left:right]
    cloth = shaded_shape(shoulders, garment or who.cloth, 60)
    pixels = cloth.copy()
    near = pixels[top:bottom, left:right]
    near[:] = mixed(_strands(on, who, rng, 0.75), near, seen)
    for mask, painted in (
        (neck, _in_shadow(shaded_shape(neck, who.skin, 26), on)),
        (ears, shaded_shape(ears, who.skin, 12)),
        (on.inside(head_outline(on, who), 1.5), paint_face(on, who, rng)),
        (_fringe(on, who, rng), _strands(on, who, rng, 1.0)),
    ):
        near[:] = mixed(near, painted, mask)
        seen[:] = np.maximum(seen, mask)
    seen[:] = np.maximum(seen, _back_hair(on, who))
    return Cutout(pixels=as_float32(np.clip(pixels, 0, 1)), alpha=as_float32(np.clip(alpha, 0, 1)), face=_face(who))


def _face(who: FaceFeatures) -> Face:
    """The face's box as YuNet reports it: from the upper forehead to the chin."""
    (x, y), high = CENTRE, UNIT * who.tall
    eyes = ((x - who.gap * UNIT, y), (x + who.gap * UNIT, y))
    return Face(left=x - 0.92 * UNIT, top=y - 0.85 * high, width=1.84 * UNIT, height=2.42 * high, eyes=eyes)


def _back_hair(on: FacePlane, who: FaceFeatures) -> Pixels:
    """The hair behind the head."""
    cap = 1.17 - np.hypot(on.u, (on.v + 0.35) / 1.16)
    if not who.long:
        return on.inside(as_float32(np.where(on.v < 0.25, cap, -1)), 3)
    width = 1.17 + 0.05 * np.sin(on.v * 5) - 0.10 * smoothstep(1.2, 2.3, on.v)
    fall = np.where((on.v > -0.35) & (on.v < 2.0), width - np.abs(on.u), -1)
    return on.inside(as_float32(np.maximum(cap, fall)), 4)


def _fringe(on: FacePlane, who: FaceFeatures, rng: np.random.Generator) -> Pixels:
    """The hair over the forehead and the temples."""
    cap = 1.15 - np.hypot(on.u, (on.v + 0.35) / 1.15)
    side = np.abs(on.u - who.parting * 0.35)
    line = who.fringe + 0.30 * np.clip(side - 0.15, 0, 2) ** 1.6 + 0.55 * smoothstep(0.72, 1.02, np.abs(on.u))
    ragged = line + 0.02 * value_noise(rng, on.u.shape[0], on.u.shape[1], 22, 2)
    temple = smoothstep(0.9, 0.98, np.abs(on.u)) * (on.v < (1.0 if who.long else 0.1))
    over = np.maximum(on.inside(as_float32(ragged - on.v), 5), temple)
    return as_float32(over * on.inside(as_float32(cap), 3))


def _strands(on: FacePlane, who: FaceFeatures, rng: np.random.Generator, bright: float) -> Pixels:
    """Hair: thin streaks that run outward and down from the parting, with a sheen."""
    turn = np.arctan2(on.u - who.parting * 0.3, on.v + 1.75)
    streaks = rng.standard_normal(512)
    fine = np.interp((turn + np.pi) / (2 * np.pi) * 511 * 3 % 511, np.arange(512), streaks)
    coarse = np.interp((turn + np.pi) / (2 * np.pi) * 511 * 0.7 % 511, np.arange(512), streaks[::-1])
    sheen = 0.35 * np.exp(-(((np.hypot(on.u, on.v + 0.2) - 1.02) / 0.16) ** 2)) * smoothstep(0.1, -0.8, on.v)
    tone = bright * (0.85 + 0.10 * fine + 0.10 * coarse) + sheen
    return as_float32(np.clip(tone, 0.3, 1.8)[..., None] * np.array(who.hair, np.float32) + 0.015)


def _neck(on: FacePlane, who: FaceFeatures) -> Pixels:
    width = 0.60 + 0.04 * (who.square - 2.5) + 0.35 * smoothstep(1.65, 2.25, on.v) ** 2
    collar = 2.22 - 0.5 * on.u**2 - on.v
    return on.inside(as_float32(np.minimum(np.minimum(width - np.abs(on.u), on.v - 0.7), collar)), 3)


def _in_shadow(neck: Pixels, on: FacePlane) -> Pixels:
    """The neck, darkened by the chin above it."""
    return as_float32(neck * (0.95 - 0.38 * smoothstep(2.0, 1.4, on.v))[..., None])


def body_mask() -> Pixels:
    """A mask of shoulders and arms (HEIGHT × WIDTH, 0–1)."""
    x, top = CENTRE
    right = [(56.0, 186.0), (112, 214), (184, 238), (232, 274), (262, 346), (280, 470), (286, 940)]
    points = [(x + dx, top + dy) for dx, dy in right] + [(x - dx, top + dy) for dx, dy in reversed(right)]
    picture = Image.new("L", (WIDTH, HEIGHT))
    ImageDraw.Draw(picture).polygon(points, fill=255)
    return blurred(to_floats(picture), 4)


def shaded_shape(mask: Pixels, colour: Colour, depth: float) -> Pixels:
    """The colour, lighter in the middle of the shape than towards its edge, and lit from above."""
    body = blurred(mask, depth)
    down, _ = np.gradient(body)
    tone = 0.62 + 0.42 * np.clip(body, 0, 1) + np.clip(down * depth, -0.3, 0.3) * 0.7
    return as_float32(tone[..., None] * np.array(colour, np.float32))


CUT_OFF_SHARE = 0.3
"""If the person covers less than this share of the photo's lower edge, nothing is cut off."""


def with_body(cutout: Cutout) -> Cutout:
    """The person with shoulders and arms in the colour at the photo's lower edge; unchanged if nothing is cut off."""
    lowest = cutout.alpha[-max(2, cutout.size[1] // 16) :]
    if cutout.plain or float(lowest.mean()) < CUT_OFF_SHARE:
        return cutout
    weight = lowest[..., None] + 1e-4
    colour = (cutout.pixels[-lowest.shape[0] :] * weight).sum(axis=(0, 1)) / weight.sum()
    scale = cutout.face.height / USUAL_FACE.height
    mask = np.clip(resized(body_mask(), round(WIDTH * scale), round(HEIGHT * scale)), 0, 1)
    left = round(_face_middle(cutout.face) - _face_middle(USUAL_FACE) * scale)
    top = round(cutout.face.top - USUAL_FACE.top * scale)
    start = (max(0, -left), max(0, -top))
    width = start[0] + max(cutout.size[0], left + mask.shape[1])
    height = start[1] + max(cutout.size[1], top + mask.shape[0])
    alpha = _on_canvas(mask, (start[0] + left, start[1] + top), (width, height))
    pixels = shaded_shape(alpha, (float(colour[0]), float(colour[1]), float(colour[2])), 60 * scale)
    over = _on_canvas(_fade_edges(cutout.alpha), start, (width, height))
    photo = np.stack([_on_canvas(cutout.pixels[..., at], start, (width, height)) for at in range(3)], axis=-1)
    return Cutout(
        pixels=as_float32(np.clip(mixed(photo, pixels, as_float32(alpha * (1 - over))), 0, 1)),
        alpha=as_float32(np.maximum(alpha, over)),
        face=_moved_face(cutout.face, start),
    )


def _face_middle(face: Face) -> float:
    return face.left + face.width / 2


def _fade_edges(alpha: Pixels) -> Pixels:
    """The alpha, fading towards the photo's lower edge and its sides."""
    height, width = alpha.shape
    up = smoothstep(0, 0.14 * height, np.arange(height, dtype=np.float32)[::-1])[:, None]
    across = np.arange(width, dtype=np.float32)
    sides = smoothstep(0, 0.06 * width, np.minimum(across, across[::-1]))[None, :]
    return as_float32(alpha * up * sides)


def _on_canvas(layer: Pixels, start: tuple[int, int], size: tuple[int, int]) -> Pixels:
    """The layer on an empty canvas of `size`, its corner at `start`."""
    plane = np.zeros((size[1], size[0]), np.float32)
    plane[start[1] : start[1] + layer.shape[0], start[0] : start[0] + layer.shape[1]] = layer
    return plane


def _moved_face(face: Face, by: tuple[int, int]) -> Face:
    (x0, y0), (x1, y1) = face.eyes
    eyes = ((x0 + by[0], y0 + by[1]), (x1 + by[0], y1 + by[1]))
    return replace(face, left=face.left + by[0], top=face.top + by[1], eyes=eyes, nose=None, mouth=None)

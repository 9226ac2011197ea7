"""The plane of a stranger's face, and the form of the head on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nano_banana.providers.local.features import Features
from nano_banana.providers.local.pixels import Pixels, blurred, f32, smooth

CHIN = 1.52
"""The chin below the line of the eyes, in halves of the face's width; the crown is as far above."""

LAMP = np.array([0.1, -0.46, 0.88], np.float32)
"""Where the light comes from: a little from the right, from above, from the front."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """The picture in the face's own measure: `u` to the right and `v` down from between the eyes.

    `unit` is half the face's width in pixels.
    """

    u: Pixels
    v: Pixels
    unit: float

    def inside(self, distance: Pixels, softness: float = 1.2) -> Pixels:
        """1 where the distance to an edge (positive within) is more than `softness` pixels, 0 as far beyond it."""
        edge = softness / self.unit
        return smooth(-edge, edge, distance)

    def bump(self, x: float, y: float, wide: float, high: float) -> Pixels:
        """A soft hill of height 1 at (x, y)."""
        return f32(np.exp(-(((self.u - x) / wide) ** 2) - ((self.v - y) / high) ** 2))

    def pair(self, x: float, y: float, wide: float, high: float) -> Pixels:
        """Such a hill and its mirror image."""
        return f32(self.bump(x, y, wide, high) + self.bump(-x, y, wide, high))


def plane(width: int, height: int, centre: tuple[float, float], unit: float, tall: float) -> Plane:
    """The plane of `width` × `height` pixels with the point between the eyes at `centre`, stretched down by `tall`."""
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    u = np.broadcast_to((x - centre[0])[None, :] / unit, (height, width))
    v = np.broadcast_to((y - centre[1])[:, None] / (unit * tall), (height, width))
    return Plane(u=f32(u), v=f32(v), unit=unit)


def half_width(v: Pixels, square: float) -> Pixels:
    """Half the head's width at each height; 0 beyond chin and crown."""
    up, down = np.clip(-v / CHIN, 0, 1), np.clip(v / CHIN, 0, 1)
    skull = np.power(1 - np.power(up, 2.7), 0.5)
    jaw = np.power(1 - np.power(down, square), 0.6)
    return f32(np.where(v < 0, skull, jaw))


def outline(on: Plane, who: Features) -> Pixels:
    """How far within the head each point is, in the face's measure; −1 above the crown and below the chin."""
    return f32(np.where(np.abs(on.v) < CHIN, half_width(on.v, who.square) - np.abs(on.u), -1))


def mouth_line(who: Features) -> float:
    """The height of the line between the lips."""
    return who.nose + 0.35


def lit(on: Plane, who: Features) -> Pixels:
    """The head's brightness under the lamp: about 1 on the forehead and the cheeks."""
    form = _form(on, who)
    down, across = np.gradient(form)
    across, down = np.clip(across * on.unit, -2.4, 2.4), np.clip(down * on.unit, -2.4, 2.4)
    facing = (LAMP[2] - across * LAMP[0] - down * LAMP[1]) / np.sqrt(1 + across**2 + down**2)
    hollow = np.clip((form - blurred(form, 0.2 * on.unit)) * 1.1, -0.22, 0.05)
    return f32(np.clip(0.36 + 0.72 * np.clip(facing, 0, 1) + hollow, 0.15, 1.1))


def _form(on: Plane, who: Features) -> Pixels:
    """How far each point of the head stands out."""
    within = np.clip(1 - (on.u / np.maximum(half_width(on.v, who.square), 0.05)) ** 2, 0, 1)
    profile = np.sqrt(np.clip(1 - np.power(np.abs(on.v - 0.15) / 1.9, 2.6), 0, 1))
    head = np.power(within, 0.42) * 0.85 * profile
    return f32(head + _nose(on, who) + _around_eyes(on, who) + _around_mouth(on, who))


def _nose(on: Plane, who: Features) -> Pixels:
    tip = who.nose - 0.07
    rise = np.power(np.clip((on.v + 0.2) / (tip + 0.2), 0, 1), 1.3) * (1 - smooth(tip, tip + 0.15, on.v))
    thin = 0.10 + 0.08 * np.clip(on.v / tip, 0, 1)
    wings = on.pair(who.nostrils * 0.7, tip + 0.02, 0.085, 0.08)
    return f32(0.34 * rise * np.exp(-((on.u / thin) ** 2)) + 0.10 * wings)


def _around_eyes(on: Plane, who: Features) -> Pixels:
    sockets = -0.15 * on.pair(who.gap * 0.93, -0.04, 0.24, 0.16) + 0.09 * on.pair(who.gap, 0.0, 0.17, 0.12)
    ridge = 0.06 * on.pair(who.gap, who.brows_at, 0.30, 0.10)
    cheeks = 0.09 * on.pair(0.58, 0.40, 0.25, 0.22) - 0.05 * on.pair(0.66, 0.92, 0.18, 0.26)
    return f32(sockets + ridge + cheeks)


def _around_mouth(on: Plane, who: Features) -> Pixels:
    line = mouth_line(who)
    upper = 0.06 * on.bump(0, line - who.lips * 0.6, who.mouth * 0.9, who.lips * 0.7)
    lower = 0.09 * on.bump(0, line + who.lips * 0.8, who.mouth * 0.75, who.lips * 0.9)
    under = -0.06 * on.bump(0, line + who.lips * 2.5, 0.26, 0.08)
    chin = 0.10 * on.bump(0, CHIN - 0.17, 0.24, 0.14)
    folds = -0.05 * on.pair(who.mouth + 0.04, line, 0.06, 0.09) - 0.03 * on.bump(0, who.nose + 0.14, 0.05, 0.08)
    return f32(upper + lower + under + chin + folds)

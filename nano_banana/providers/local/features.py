"""What a stranger looks like, in numbers that follow from chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nano_banana.providers.local.backdrops.canvas import Colour

SKINS = ((0.92, 0.76, 0.66), (0.86, 0.68, 0.55), (0.76, 0.57, 0.44), (0.62, 0.44, 0.33), (0.48, 0.33, 0.25))
HAIRS = ((0.10, 0.08, 0.07), (0.22, 0.14, 0.09), (0.40, 0.26, 0.15), (0.66, 0.50, 0.30), (0.52, 0.50, 0.49))
IRISES = ((0.22, 0.13, 0.07), (0.30, 0.21, 0.11), (0.27, 0.36, 0.42), (0.30, 0.38, 0.24), (0.16, 0.10, 0.06))
CLOTHES = (
    (0.20, 0.26, 0.36),
    (0.42, 0.20, 0.22),
    (0.26, 0.36, 0.30),
    (0.75, 0.70, 0.62),
    (0.30, 0.30, 0.33),
    (0.62, 0.45, 0.28),
)
WOMAN, MAN = "woman", "man"


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
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


def features(rng: np.random.Generator, kind: str = "") -> Features:
    """Those of somebody; `kind` is WOMAN, MAN or empty for either."""
    man = kind == MAN or (kind != WOMAN and bool(rng.uniform() < 0.5))

    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    def one(table: tuple[Colour, ...]) -> Colour:
        return table[int(rng.integers(len(table)))]

    skin = one(SKINS)
    return Features(
        skin=skin,
        hair=one(HAIRS if skin in SKINS[:2] else HAIRS[:2] + HAIRS[-1:]),
        cloth=one(CLOTHES),
        iris=one(IRISES if skin in SKINS[:2] else IRISES[:1] + IRISES[-1:]),
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

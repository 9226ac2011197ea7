"""From a composed scene to the picture: painted if asked, then graded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from nano_banana.providers.local.chance import chance
from nano_banana.providers.local.compose import Scene
from nano_banana.providers.local.grade import Grade, graded
from nano_banana.providers.local.pixels import Pixels, f32
from nano_banana.providers.local.styles.drawing import charcoal, comic, pencil
from nano_banana.providers.local.styles.looks import DRAWN, LOOKS, PAINTED, PHOTOGRAPH, prepared
from nano_banana.providers.local.styles.neural import impressionist, mosaic
from nano_banana.providers.local.styles.painting import oil, watercolour

PAINTINGS: Mapping[str, tuple[Callable[[Scene, np.random.Generator], Pixels], Grade]] = {
    "oil": (oil, PAINTED),
    "impressionist": (impressionist, PAINTED),
    "mosaic": (mosaic, PAINTED),
    "watercolour": (watercolour, DRAWN),
    "pencil": (pencil, DRAWN),
    "charcoal": (charcoal, DRAWN),
    "comic": (comic, DRAWN),
}
"""Ways of painting, and how each is finished."""


def painted(scene: Scene, styles: Sequence[str], seed: int) -> Pixels:
    """The scene painted in the first of the styles that is a way of painting; else as it was photographed."""
    painting = next((style for style in styles if style in PAINTINGS), None)
    return PAINTINGS[painting][0](scene, chance(seed, "strokes")) if painting else scene.shown


def finished(scene: Scene, styles: Sequence[str], side: int, seed: int) -> Pixels:
    """The scene in its styles, display values 0–1."""
    shown, grade = scene.shown, PHOTOGRAPH
    look = next((style for style in styles if style in LOOKS), None)
    if look:
        shown, grade = prepared(scene, look, side, chance(seed, "look")), LOOKS[look]
    painting = next((style for style in styles if style in PAINTINGS), None)
    if painting:
        last = PAINTINGS[painting][1]
        shown = painted(replace(scene, shown=f32(np.clip(shown, 0, 1))), styles, seed)
        grade = replace(grade, grain=0.0, vignette=last.vignette, curve=last.curve) if look else last
    return graded(shown, grade, chance(seed, "grain"))

"""Looks of film: how each colours, hardens and grains a photograph."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nano_banana.providers.local.compose import Scene
from nano_banana.providers.local.grade import Grade
from nano_banana.providers.local.pixels import Pixels, blurred, f32, grid, mixed, smooth
from nano_banana.providers.local.styles.painting import face_mask

PHOTOGRAPH = Grade()
PAINTED = Grade(curve=0.2, colour=1.0, shadows=(0, 0, 0), highlights=(0, 0, 0), vignette=0.16, grain=0.0)
DRAWN = Grade(curve=0.0, colour=1.0, shadows=(0, 0, 0), highlights=(0, 0, 0), vignette=0.05, grain=0.0)
"""Finishes for photographs, paintings, and what is drawn on paper."""

LOOKS: Mapping[str, Grade] = {
    "mono": Grade(
        curve=0.6, colour=0, shadows=(0, 0, 0), highlights=(0.006, 0.003, -0.003), vignette=0.32, grain=0.028, lump=1.6
    ),
    "noir": Grade(
        curve=0.75, colour=0, shadows=(-0.02, -0.02, -0.015), highlights=(0, 0, 0), vignette=0.55, grain=0.038, lump=1.7
    ),
    "sepia": Grade(
        curve=0.4,
        colour=0,
        shadows=(0.045, 0.012, -0.02),
        highlights=(0.03, 0.015, -0.03),
        tone=(1.08, 0.94, 0.75),
        fade=0.08,
        vignette=0.42,
        grain=0.032,
        lump=1.8,
    ),
    "kodachrome": Grade(
        curve=0.5,
        colour=1.22,
        shadows=(0.03, 0.0, 0.012),
        highlights=(0.035, 0.012, -0.05),
        fade=0.06,
        vignette=0.3,
        grain=0.024,
        lump=1.5,
    ),
    "instant": Grade(
        curve=0.15,
        colour=0.9,
        shadows=(0.0, 0.02, 0.05),
        highlights=(0.02, 0.012, -0.025),
        tone=(1.08, 1.05, 1.0),
        fade=0.13,
        vignette=0.24,
        grain=0.022,
        lump=1.6,
    ),
    "cinematic": Grade(
        curve=0.5,
        colour=1.02,
        shadows=(-0.022, 0.008, 0.035),
        highlights=(0.04, 0.008, -0.04),
        vignette=0.36,
        grain=0.02,
        lump=1.5,
    ),
    "neon": Grade(
        curve=0.5,
        colour=1.2,
        shadows=(0.02, -0.015, 0.06),
        highlights=(0.0, 0.01, 0.03),
        vignette=0.36,
        grain=0.018,
        lump=1.4,
    ),
}


def prepared(scene: Scene, look: str, side: int, rng: np.random.Generator) -> Pixels:
    """What a look does before its colours: the slats of a blind in noir, softness of old lenses, coloured rims."""
    if look == "noir":
        return _slats(scene, rng)
    if look in {"sepia", "instant"}:
        return mixed(scene.shown, blurred(scene.shown, scene.alpha.shape[0] * 0.006), 0.4)
    if look == "neon":
        return _rims(scene, side)
    return scene.shown


def _slats(scene: Scene, rng: np.random.Generator) -> Pixels:
    """Bars of shadow from a blind, fainter in the face."""
    height, width = scene.alpha.shape
    x, y = grid(height, width)
    slope, pitch = float(rng.uniform(-0.35, 0.35)), float(rng.uniform(0.085, 0.12))
    wave = np.sin((y + x * slope * width / height) * (2 * np.pi / pitch))
    light = 1.3 - 0.72 * smooth(-0.1, 0.55, f32(wave)) * (1 - 0.62 * face_mask(scene))
    return f32(scene.shown * light[..., None])


def _rims(scene: Scene, side: int) -> Pixels:
    """Magenta on one cheek and cyan on the other, as from signs on both sides of a street."""
    width = scene.alpha.shape[1]
    body = blurred(scene.alpha, width * 0.035)
    lean = np.gradient(body, axis=1) * width * 0.16
    shine = np.clip(np.stack([np.clip(lean, 0, 1), np.clip(-lean, 0, 1)], axis=-1), 0, 1) * scene.alpha[..., None]
    colours = np.array([[1.0, 0.16, 0.62], [0.1, 0.75, 1.0]], np.float32)[:: 1 if side < 0 else -1]
    added = shine @ colours
    return f32(np.clip(1 - (1 - scene.shown) * (1 - np.clip(added * 0.8, 0, 0.8)), 0, 1))

"""Film looks, and how a composed scene is finished in its styles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from msgspec.structs import replace

from nano_banana.providers.local.composition import ComposedScene, apply_grade
from nano_banana.providers.local.pixel_math import (
    Pixels,
    as_float32,
    blurred,
    mixed,
    pixel_grid,
    seeded_rng,
    smoothstep,
)
from nano_banana.providers.local.prompt_parser import FilmGrade, load_vocabulary
from nano_banana.providers.local.styles_painted import (
    charcoal,
    comic,
    face_mask,
    oil,
    pencil,
    transfer_style,
    watercolour,
)

PHOTO_GRADE = FilmGrade()
PAINTED_GRADE = FilmGrade(curve=0.2, colour=1.0, shadows=(0, 0, 0), highlights=(0, 0, 0), vignette=0.16, grain=0.0)
DRAWN_GRADE = FilmGrade(curve=0.0, colour=1.0, shadows=(0, 0, 0), highlights=(0, 0, 0), vignette=0.05, grain=0.0)
"""Finishes of photographs, paintings and drawings."""

FILM_LOOKS: Mapping[str, FilmGrade] = load_vocabulary().looks


def prepare_look(scene: ComposedScene, look: str, side: int, rng: np.random.Generator) -> Pixels:
    """A look's effect before its colours: shadows of a blind in noir, soft old lenses, coloured rims."""
    if look == "noir":
        return _slats(scene, rng)
    if look in {"sepia", "instant"}:
        return mixed(scene.shown, blurred(scene.shown, scene.alpha.shape[0] * 0.006), 0.4)
    if look == "neon":
        return _coloured_rims(scene, side)
    return scene.shown


def _slats(scene: ComposedScene, rng: np.random.Generator) -> Pixels:
    """Bars of shadow from a blind, fainter in the face."""
    height, width = scene.alpha.shape
    x, y = pixel_grid(height, width)
    slope, pitch = float(rng.uniform(-0.35, 0.35)), float(rng.uniform(0.085, 0.12))
    wave = np.sin((y + x * slope * width / height) * (2 * np.pi / pitch))
    light = 1.3 - 0.72 * smoothstep(-0.1, 0.55, as_float32(wave)) * (1 - 0.62 * face_mask(scene))
    return as_float32(scene.shown * light[..., None])


def _coloured_rims(scene: ComposedScene, side: int) -> Pixels:
    """Magenta on one cheek and cyan on the other, as from signs on both sides of a street."""
    width = scene.alpha.shape[1]
    body = blurred(scene.alpha, width * 0.035)
    lean = np.gradient(body, axis=1) * width * 0.16
    shine = np.clip(np.stack([np.clip(lean, 0, 1), np.clip(-lean, 0, 1)], axis=-1), 0, 1) * scene.alpha[..., None]
    colours = np.array([[1.0, 0.16, 0.62], [0.1, 0.75, 1.0]], np.float32)[:: 1 if side < 0 else -1]
    added = shine @ colours
    return as_float32(np.clip(1 - (1 - scene.shown) * (1 - np.clip(added * 0.8, 0, 0.8)), 0, 1))


PAINTINGS: Mapping[str, tuple[Callable[[ComposedScene, np.random.Generator], Pixels], FilmGrade]] = {
    "oil": (oil, PAINTED_GRADE),
    "impressionist": (partial(transfer_style, mix={5: 0.5, 0: 0.3, 25: 0.2}, strength=0.62), PAINTED_GRADE),
    "mosaic": (partial(transfer_style, mix={15: 0.75, 4: 0.25}, strength=0.6), PAINTED_GRADE),
    "watercolour": (watercolour, DRAWN_GRADE),
    "pencil": (pencil, DRAWN_GRADE),
    "charcoal": (charcoal, DRAWN_GRADE),
    "comic": (comic, DRAWN_GRADE),
}
"""Ways of painting, and how each is finished."""


def paint_scene(scene: ComposedScene, styles: Sequence[str], seed: int) -> Pixels:
    """The scene in the first painted style; unchanged if there is none."""
    painting = next((style for style in styles if style in PAINTINGS), None)
    return PAINTINGS[painting][0](scene, seeded_rng(seed, "strokes")) if painting else scene.shown


def finish_styles(scene: ComposedScene, styles: Sequence[str], side: int, seed: int) -> Pixels:
    """The scene in its styles, display values 0–1."""
    shown, grade = scene.shown, PHOTO_GRADE
    look = next((style for style in styles if style in FILM_LOOKS), None)
    if look:
        shown, grade = prepare_look(scene, look, side, seeded_rng(seed, "look")), FILM_LOOKS[look]
    painting = next((style for style in styles if style in PAINTINGS), None)
    if painting:
        last = PAINTINGS[painting][1]
        shown = paint_scene(replace(scene, shown=as_float32(np.clip(shown, 0, 1))), styles, seed)
        grade = replace(grade, grain=0.0, vignette=last.vignette, curve=last.curve) if look else last
    return apply_grade(shown, grade, seeded_rng(seed, "grain"))

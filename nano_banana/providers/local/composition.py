"""Compose people and a backdrop as one camera would see both.

The backdrop is painted, the people are lit by its light and throw a shadow on it, and the whole gets a film's curve,
colour, vignette and grain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from nano_banana.providers.local import backdrops_indoor, backdrops_outdoor
from nano_banana.providers.local.backdrop_canvas import BackdropCanvas, BackdropSpec, Colour
from nano_banana.providers.local.cutouts import FaceBox, Figure
from nano_banana.providers.local.pixel_math import (
    LUMA,
    Pixels,
    as_float32,
    blurred,
    film_grain,
    luma,
    mixed,
    pixel_grid,
    saturated,
    seeded_rng,
    smoothstep,
    to_linear,
)
from nano_banana.providers.local.prompt_parser import FilmGrade, PromptReading, SceneLight


def filmic_curve(light: Pixels) -> Pixels:
    """Linear light of any brightness as display values, with a soft shoulder (Hable's filmic curve)."""
    exposed = light * 1.9
    a, b, c, d, e, f = 0.22, 0.30, 0.10, 0.20, 0.01, 0.30

    def hable(x: Pixels) -> Pixels:
        return as_float32((x * (a * x + c * b) + d * e) / (x * (a * x + b) + d * f) - e / f)

    shown = hable(exposed) / hable(as_float32(6.5))
    return as_float32(np.power(np.clip(shown, 0, 1), 1 / 2.2))


def add_bloom(light: Pixels, amount: float) -> Pixels:
    """Linear light with a glow around what is brighter than white."""
    width = light.shape[1]
    bright = np.clip(light - 0.85, 0, 3)
    veil = blurred(bright, width * 0.012) * 0.6 + blurred(bright, width * 0.05) * 0.4
    return as_float32(light + veil * amount)


def apply_grade(shown: Pixels, grade: FilmGrade, rng: np.random.Generator) -> Pixels:
    """The picture (display values) with the look applied."""
    height, width = shown.shape[:2]
    result = as_float32(np.clip(shown, 0, 1))
    result = result + as_float32((result * result * (3 - 2 * result) - result) * grade.curve)
    grey = result @ LUMA
    result = saturated(result, grade.colour)
    dark, bright = 1 - smoothstep(0.0, 0.55, grey), smoothstep(0.45, 1.0, grey)
    result = as_float32(result + dark[..., None] * np.array(grade.shadows, np.float32))
    result = as_float32(result + bright[..., None] * np.array(grade.highlights, np.float32))
    result = result * np.array(grade.tone, np.float32)
    result = result * (1 - grade.fade) + grade.fade * np.array([0.16, 0.15, 0.17], np.float32)
    x, y = pixel_grid(height, width)
    far = np.hypot((x - 0.5) * 1.05, (y - 0.46) * 1.05)
    result = result * (1 - grade.vignette * smoothstep(0.38, 0.85, as_float32(far)))[..., None]
    return add_grain(result, grade.grain, grade.lump, rng)


def add_grain(shown: Pixels, amount: float, lump: float, rng: np.random.Generator) -> Pixels:
    """The picture with film grain, strongest in the mid-tones."""
    height, width = shown.shape[:2]
    noise = film_grain(rng, height, width, lump * max(1.0, height / 1000))
    middle = 0.35 + 0.65 * (1 - np.abs(luma(np.clip(shown, 0, 1)) * 2 - 1))
    return as_float32(np.clip(shown + (noise * amount * middle)[..., None], 0, 1))


SKIN_LIGHT = 0.30
"""Light of a well-exposed face, linear."""


def relight(person: Pixels, alpha: Pixels, face: FaceBox, place: Pixels, light: SceneLight) -> Pixels:
    """The person (linear light) lit by the backdrop `place` (linear light) and by `light`, whose side is set."""
    height, width = alpha.shape
    around = np.array([float(np.clip(place[..., at], 0, 1.5).mean()) for at in range(3)], np.float32)
    tint = np.array(light.tint, np.float32) * _hue(around, 0.32)
    shape = _shading(alpha, face, light)
    lit = person * _exposure(person, alpha, face, light, float(luma(around))) * shape[..., None] * tint
    spill = np.stack([blurred(np.clip(place[..., at], 0, 1.0), width * 0.03) for at in range(3)], axis=-1)
    inner = smoothstep(0.0, 0.75, 1 - blurred(alpha, max(1.5, width * 0.008)))
    lit = lit + spill * (inner * (0.22 + 0.6 * light.rim))[..., None]
    floor = smoothstep(0.62, 1.08, np.broadcast_to(pixel_grid(height, width)[1], alpha.shape))
    return as_float32(lit * (1 - 0.38 * floor)[..., None])


def _hue(colour: Pixels, amount: float) -> Pixels:
    """The colour's tint at brightness 1, weakened to `amount` and clipped."""
    tint = colour / max(float(luma(colour)), 1e-3)
    return as_float32(np.clip(1 + (np.clip(tint, 0.3, 2.2) - 1) * amount, 0.6, 1.5))


def _exposure(person: Pixels, alpha: Pixels, face: FaceBox, light: SceneLight, around: float) -> float:
    """The factor of brightness that makes the face fit the place."""
    left, top, wide, high = face
    rows = slice(max(0, int(top + high * 0.3)), min(alpha.shape[0], int(top + high * 0.85)))
    columns = slice(max(0, int(left + wide * 0.2)), min(alpha.shape[1], int(left + wide * 0.8)))
    skin = person[rows, columns]
    seen = float(np.median(luma(skin))) if skin.size else SKIN_LIGHT
    wished = SKIN_LIGHT * light.exposure * (0.82 + 0.36 * min(around, 0.6) / 0.6)
    return float(np.clip((wished / max(seen, 0.02)) ** 0.75, 0.35, 2.2))


def _shading(alpha: Pixels, face: FaceBox, light: SceneLight) -> Pixels:
    """Shading of a body inflated from its outline: about 1 on average, brighter on the lamp's side."""
    height, width = alpha.shape
    body = blurred(alpha, face[2] * 0.32) + 0.5 * blurred(alpha, face[2] * 0.12)
    down, across = np.gradient(body)
    across, down = across * face[2], down * face[2]
    x, _ = pixel_grid(height, width)
    slope = (x - (face[0] + face[2] / 2) / width) * width / max(face[2], 1)
    facing = -across * 0.55 * light.side - (-down) * 0.2
    facing = np.clip(facing, -0.7, 0.7) + np.clip(slope, -1.6, 1.6) * 0.26 * light.side
    return as_float32(np.clip(1 + light.contrast * 1.6 * facing, 0.22, 1.75))


def cast_shadow(place: Pixels, alpha: Pixels, light: SceneLight, near: float) -> Pixels:
    """The backdrop with the person's shadow: `near` 1 is a wall close behind, 0 is far away."""
    height, width = alpha.shape
    cast = blurred(alpha, width * (0.05 + 0.03 * near))
    shift = round(-light.side * width * 0.045 * near)
    cast = np.roll(cast, shift, axis=1) if shift else cast
    if shift > 0:
        cast[:, :shift] = cast[:, shift : shift + 1]
    elif shift < 0:
        cast[:, shift:] = cast[:, shift - 1 : shift]
    drop = round(height * 0.02 * near)
    if drop:
        cast = np.concatenate([np.repeat(cast[:1], drop, axis=0), cast[:-drop]])
    return as_float32(place * (1 - (0.12 + 0.33 * near) * cast)[..., None])


PAINTERS: Mapping[str, tuple[Callable[[BackdropCanvas, BackdropSpec], None], float]] = {
    "seamless": (backdrops_indoor.seamless, 0.0),
    "cloth": (backdrops_indoor.canvas_cloth, 0.0),
    "mood": (backdrops_indoor.mood, 0.035),
    "fairy-lights": (backdrops_indoor.fairy_lights, 0.03),
    "office": (backdrops_indoor.office, 0.022),
    "library": (backdrops_indoor.library, 0.014),
    "brick": (backdrops_indoor.brick, 0.006),
    "cafe": (backdrops_indoor.cafe, 0.024),
    "clinic": (backdrops_indoor.clinic, 0.024),
    "home": (backdrops_indoor.home, 0.02),
    "street": (backdrops_outdoor.street, 0.022),
    "neon": (backdrops_outdoor.neon, 0.02),
    "skyline": (backdrops_outdoor.skyline, 0.016),
    "forest": (backdrops_outdoor.forest, 0.024),
    "field": (backdrops_outdoor.field, 0.022),
    "coast": (backdrops_outdoor.coast, 0.016),
    "mountains": (backdrops_outdoor.mountains, 0.012),
    "garden": (backdrops_outdoor.garden, 0.028),
    "stage": (backdrops_indoor.stage, 0.016),
    "space": (backdrops_indoor.space, 0.0022),
    "hangar": (backdrops_indoor.hangar, 0.018),
}
"""The painter, and the radius of its out-of-focus discs in picture heights."""


COARSE, FINE = 300, 720
"""Rows of the canvas; a strongly blurred one needs fewer."""


def paint_backdrop(painter: str, place: BackdropSpec, width: int, height: int, rng: np.random.Generator) -> Pixels:
    """The backdrop in linear light, `height` × `width` × 3; lamps may be brighter than 1."""
    work, aperture = PAINTERS[painter]
    canvas = BackdropCanvas(width / height, rng, FINE if 0 < aperture < 0.008 else COARSE)
    work(canvas, place)
    return canvas.photograph(width, height, aperture * float(rng.uniform(0.85, 1.25)))


WALL_DISTANCES = {"seamless": 1.0, "cloth": 0.6, "brick": 0.9, "library": 0.5, "home": 0.4, "clinic": 0.2}
"""How close the backdrop is behind the person (0 far, 1 touching)."""


class ComposedScene(Struct, frozen=True, kw_only=True):
    """A picture before its style: display values, the people's alpha and the boxes of their faces."""

    shown: Pixels
    alpha: Pixels
    faces: Sequence[FaceBox] = ()


def light_side(direction: PromptReading, seed: int) -> int:
    """Where the light comes from: as the prompt says, else by the seed."""
    return direction.light.side or (-1 if seeded_rng(seed, "side").uniform() < 0.5 else 1)


def backdrop_for(direction: PromptReading, seed: int, width: int, height: int) -> Pixels:
    """The backdrop without people, in linear light."""
    rng = seeded_rng(seed, f"backdrop/{direction.painter}")
    sway = rng.normal(1, 0.07, (len(direction.colours), 3))
    colours: list[Colour] = [tuple(row) for row in (np.array(direction.colours) * sway).tolist()]
    side, dark = light_side(direction, seed), direction.dark
    place = BackdropSpec(colours=colours, dark=dark, wet=direction.wet, snowy=direction.snowy, side=side)
    painted = paint_backdrop(direction.painter, place, width, height, rng)
    tint = 1 + (np.array(direction.light.tint, np.float32) - 1) * 0.7
    return as_float32(painted * tint * (0.55 + 0.45 * direction.light.exposure))


def compose_scene(
    figures: Sequence[Figure], direction: PromptReading, seed: int, width: int, height: int
) -> ComposedScene:
    """The people in the place, lit by its light; later ones stand in front."""
    shown = backdrop_for(direction, seed, width, height)
    light = replace(direction.light, side=light_side(direction, seed))
    alpha = np.zeros((height, width), np.float32)
    for figure in figures:
        shown, alpha = _add_figure(figure, shown, light, direction, seed), np.maximum(alpha, figure.alpha)
    return ComposedScene(
        shown=filmic_curve(add_bloom(shown, 0.5)), alpha=alpha, faces=[figure.face for figure in figures]
    )


def _add_figure(figure: Figure, place: Pixels, light: SceneLight, direction: PromptReading, seed: int) -> Pixels:
    """The place with one person in front of it, in linear light."""
    crisp = _sharpened(figure.pixels, figure.scale, seed)
    person = relight(to_linear(crisp), figure.alpha, figure.face, place, light)
    behind = cast_shadow(place, figure.alpha, light, WALL_DISTANCES.get(direction.painter, 0.0))
    # Drawn in a little, so that no halo of the old background is left; softer the more it is enlarged.
    edge = smoothstep(0.22, 0.93, blurred(figure.alpha, max(0.6, 0.55 * figure.scale)))
    return mixed(behind, person, edge)


def _sharpened(pixels: Pixels, scale: float, seed: int) -> Pixels:
    """An enlarged photo with sharper edges and some fine texture."""
    strength = float(np.clip((scale - 0.8) * 0.45, 0.15, 1.1))
    fine = pixels - blurred(pixels, max(1.0, 0.8 * scale))
    broad = pixels - blurred(pixels, 8.0 * max(1.0, scale))
    sharp = pixels + np.clip(fine, -0.08, 0.08) * strength * 1.3 + np.clip(broad, -0.1, 0.1) * 0.12
    texture = film_grain(seeded_rng(seed, "texture"), pixels.shape[0], pixels.shape[1], 1.5) * 0.0035 * min(scale, 2.5)
    return as_float32(np.clip(sharp + texture[..., None], 0, 1))

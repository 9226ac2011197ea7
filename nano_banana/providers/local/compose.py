"""A person in a place, as one camera would see both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nano_banana.providers.local.backdrops.paint import paint
from nano_banana.providers.local.backdrops.place import Place
from nano_banana.providers.local.chance import chance, grain
from nano_banana.providers.local.direction import Direction, Light
from nano_banana.providers.local.grade import bloom, film
from nano_banana.providers.local.pixels import Pixels, blurred, f32, linear, mixed, smooth
from nano_banana.providers.local.placing import Figure
from nano_banana.providers.local.relight import relit, shadow

NEAR = {"seamless": 1.0, "cloth": 0.6, "brick": 0.9, "library": 0.5, "home": 0.4, "clinic": 0.2}
"""How close behind the person a painter's place stands (0 far, 1 touching)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A picture before its style: display values, the people's alpha and the boxes of their faces."""

    shown: Pixels
    alpha: Pixels
    faces: Sequence[tuple[float, float, float, float]] = ()


def side_of(direction: Direction, seed: int) -> int:
    """Where the light comes from: as the prompt says, else by the seed."""
    return direction.light.side or (-1 if chance(seed, "side").uniform() < 0.5 else 1)


def backdrop(direction: Direction, seed: int, width: int, height: int) -> Pixels:
    """The place alone, in linear light."""
    rng = chance(seed, f"backdrop/{direction.painter}")
    sway = rng.normal(1, 0.07, (len(direction.colours), 3))
    colours = [
        (float(red * by[0]), float(green * by[1]), float(blue * by[2]))
        for (red, green, blue), by in zip(direction.colours, sway, strict=True)
    ]
    place = Place(
        colours=colours,
        dark=direction.dark,
        wet=direction.wet,
        snowy=direction.snowy,
        side=side_of(direction, seed),
    )
    painted = paint(direction.painter, place, width, height, rng)
    tint = 1 + (np.array(direction.light.tint, np.float32) - 1) * 0.7
    return f32(painted * tint * (0.55 + 0.45 * direction.light.exposure))


def composed(figures: Sequence[Figure], direction: Direction, seed: int, width: int, height: int) -> Scene:
    """The people in the place, lit by its light; who comes later stands in front."""
    shown = backdrop(direction, seed, width, height)
    light = replace(direction.light, side=side_of(direction, seed))
    alpha = np.zeros((height, width), np.float32)
    for figure in figures:
        shown, alpha = _joined(figure, shown, light, direction, seed), np.maximum(alpha, figure.alpha)
    return Scene(shown=film(bloom(shown, 0.5)), alpha=alpha, faces=[figure.face for figure in figures])


def _joined(figure: Figure, place: Pixels, light: Light, direction: Direction, seed: int) -> Pixels:
    """A person before the place, in linear light."""
    crisp = _crisp(figure.pixels, figure.scale, seed)
    person = relit(linear(crisp), figure.alpha, figure.face, place, light)
    behind = shadow(place, figure.alpha, light, NEAR.get(direction.painter, 0.0))
    edge = _snug(figure.alpha, figure.scale)
    return mixed(behind, person, edge)


def _snug(alpha: Pixels, scale: float) -> Pixels:
    """The alpha drawn in a little, so that no halo of the old background is left; softer the more it is enlarged."""
    soft = blurred(alpha, max(0.6, 0.55 * scale))
    return smooth(0.22, 0.93, soft)


def _crisp(pixels: Pixels, scale: float, seed: int) -> Pixels:
    """An enlarged photo with some of its bite back: edges sharpened, pores' worth of texture added."""
    strength = float(np.clip((scale - 0.8) * 0.45, 0.15, 1.1))
    fine = pixels - blurred(pixels, max(1.0, 0.8 * scale))
    broad = pixels - blurred(pixels, 8.0 * max(1.0, scale))
    sharp = pixels + np.clip(fine, -0.08, 0.08) * strength * 1.3 + np.clip(broad, -0.1, 0.1) * 0.12
    texture = grain(chance(seed, "texture"), pixels.shape[0], pixels.shape[1], 1.5) * 0.0035 * min(scale, 2.5)
    return f32(np.clip(sharp + texture[..., None], 0, 1))

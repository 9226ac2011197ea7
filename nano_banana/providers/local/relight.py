"""Light on the person: shape, rim, colour of the place."""

from __future__ import annotations

import numpy as np

from nano_banana.providers.local.direction import Light
from nano_banana.providers.local.pixels import Pixels, blurred, f32, grid, luma, smooth

SKIN = 0.30
"""Light of a well-exposed face, linear."""


def relit(
    person: Pixels, alpha: Pixels, face: tuple[float, float, float, float], place: Pixels, light: Light
) -> Pixels:
    """The person (linear light) as lit in `place` (the backdrop's linear light), by `light`, whose side is set."""
    height, width = alpha.shape
    around = np.array([float(np.clip(place[..., at], 0, 1.5).mean()) for at in range(3)], np.float32)
    tint = np.array(light.tint, np.float32) * _hue(around, 0.32)
    shape = _shading(alpha, face, light)
    lit = person * _exposure(person, alpha, face, light, float(luma(around))) * shape[..., None] * tint
    spill = np.stack([blurred(np.clip(place[..., at], 0, 1.0), width * 0.03) for at in range(3)], axis=-1)
    inner = smooth(0.0, 0.75, 1 - blurred(alpha, max(1.5, width * 0.008)))
    lit = lit + spill * (inner * (0.22 + 0.6 * light.rim))[..., None]
    floor = smooth(0.62, 1.08, np.broadcast_to(grid(height, width)[1], alpha.shape))
    return f32(lit * (1 - 0.38 * floor)[..., None])


def _hue(colour: Pixels, amount: float) -> Pixels:
    """The colour's tint at brightness 1, weakened to `amount`, never wild."""
    tint = colour / max(float(luma(colour)), 1e-3)
    return f32(np.clip(1 + (np.clip(tint, 0.3, 2.2) - 1) * amount, 0.6, 1.5))


def _exposure(
    person: Pixels, alpha: Pixels, face: tuple[float, float, float, float], light: Light, around: float
) -> float:
    """How much brighter the person must be for the face to sit well in the place."""
    rows, columns = _inside(face, alpha.shape)
    seen = (
        float(np.median(luma(person[rows, columns])))
        if rows.stop > rows.start and columns.stop > columns.start
        else SKIN
    )
    wished = SKIN * light.exposure * (0.82 + 0.36 * min(around, 0.6) / 0.6)
    return float(np.clip((wished / max(seen, 0.02)) ** 0.75, 0.35, 2.2))


def _inside(
    face: tuple[float, float, float, float], shape: tuple[int, ...]
) -> tuple[slice[int, int, None], slice[int, int, None]]:
    left, top, wide, high = face
    rows = slice(max(0, int(top + high * 0.3)), min(shape[0], int(top + high * 0.85)))
    return rows, slice(max(0, int(left + wide * 0.2)), min(shape[1], int(left + wide * 0.8)))


def _shading(alpha: Pixels, face: tuple[float, float, float, float], light: Light) -> Pixels:
    """Light on a body blown up from its outline: 1 on average, bright towards the lamp, darker away from it."""
    height, width = alpha.shape
    body = blurred(alpha, face[2] * 0.32) + 0.5 * blurred(alpha, face[2] * 0.12)
    down, across = np.gradient(body)
    across, down = across * face[2], down * face[2]
    x, _ = grid(height, width)
    slope = (x - (face[0] + face[2] / 2) / width) * width / max(face[2], 1)
    facing = -across * 0.55 * light.side - (-down) * 0.2
    facing = np.clip(facing, -0.7, 0.7) + np.clip(slope, -1.6, 1.6) * 0.26 * light.side
    return f32(np.clip(1 + light.contrast * 1.6 * facing, 0.22, 1.75))


def shadow(place: Pixels, alpha: Pixels, light: Light, near: float) -> Pixels:
    """The backdrop darkened where the person keeps light from it: `near` 1 is a wall close behind, 0 far away."""
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
    return f32(place * (1 - (0.12 + 0.33 * near) * cast)[..., None])

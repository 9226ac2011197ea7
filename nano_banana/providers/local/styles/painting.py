"""Oil and watercolour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nano_banana.providers.local.chance import clouds
from nano_banana.providers.local.compose import Scene
from nano_banana.providers.local.pixels import LUMA, Pixels, blurred, f32, grid, luma, mixed, smooth
from nano_banana.providers.local.styles.strokes import along, dabs, relief

PAPER = np.array([0.965, 0.945, 0.905], np.float32)


def oil(scene: Scene, rng: np.random.Generator) -> Pixels:
    """Thick paint on linen: broad strokes behind, finer ones on the person, the finest in the face."""
    height, width = scene.alpha.shape
    unit = height / 800
    near = face_mask(scene)
    broad = dabs(scene.shown, round(9 * unit))
    fine = dabs(scene.shown, max(1, round(4 * unit)))
    finest = dabs(scene.shown, max(1, round(2 * unit)))
    paint = mixed(mixed(broad, fine, smooth(0.2, 0.8, scene.alpha)), finest, near * 0.85)
    noise = rng.standard_normal((height, width), np.float32)
    drift = f32(float(rng.uniform(0.5, 1.1)) + 0.7 * clouds(rng, height, width, 4, 2))
    strokes = along(blurred(noise, 1.9 * unit), paint, drift, round(13 * unit), 5 * unit)
    thick = (1 - 0.62 * near) * (0.72 + 0.28 * scene.alpha)
    paint = paint + (strokes * 0.04 * thick * (1.15 - 0.5 * scene.alpha))[..., None] * np.array(
        [1.0, 0.94, 0.84], np.float32
    )
    paint = paint + (relief(strokes) * 0.085 * thick)[..., None]
    paint = paint + (_linen(height, width) * 0.012)[..., None]
    grey = paint @ LUMA
    vivid = grey[..., None] + (paint - grey[..., None]) * 1.18
    return f32(np.clip(vivid * np.array([1.02, 0.995, 0.94], np.float32), 0, 1))


def watercolour(scene: Scene, rng: np.random.Generator) -> Pixels:
    """Thin washes on rough paper that run out before its edges; darker where a wash dried."""
    height, width = scene.alpha.shape
    unit = height / 800
    near = face_mask(scene)
    washes = mixed(
        dabs(scene.shown, round(7 * unit)),
        dabs(scene.shown, max(1, round(2 * unit))),
        np.maximum(near, 0.55 * scene.alpha),
    )
    washes = _wobbled(washes, rng, 3.0 * unit * (1 - 0.9 * near))
    behind = blurred(washes, 7 * unit)
    washes = mixed(mixed(behind, washes, 0.4), washes, smooth(0.1, 0.7, scene.alpha))
    grey = washes @ LUMA
    colour = np.clip(grey[..., None] + (washes - grey[..., None]) * 1.5, 0.02, 1)
    density = -np.log(colour)
    blotches = clouds(rng, height, width, 5, 4)
    grains = rng.standard_normal((height, width), np.float32)
    edges = np.clip(_edges(grey, 1.4 * unit) * 3.2, 0, 0.55)
    strength = (0.80 + 0.2 * scene.alpha) * (1 + 0.16 * blotches * (1 - 0.8 * near) + 0.035 * grains) + edges * 0.55
    wet = _run_out(height, width, rng, scene.alpha)
    ink = density * np.clip(strength * 0.95, 0.1, 2)[..., None] * wet[..., None]
    rough = relief(blurred(grains, 1.1)) * 0.035
    return f32(np.clip(PAPER * np.exp(-ink) + rough[..., None], 0, 1))


def face_mask(scene: Scene) -> Pixels:
    """1 in the faces, fading to 0 around them."""
    height, width = scene.alpha.shape
    return ovals(scene.faces, width, height)


def ovals(boxes: Sequence[tuple[float, float, float, float]], width: int, height: int) -> Pixels:
    """1 in an oval in each box (left, top, width, height in pixels), fading to 0 around it."""
    x, y = grid(height, width)
    near = np.zeros((height, width), np.float32)
    for left, top, wide, high in boxes:
        across = (x * width - left - wide / 2) / (wide * 0.62)
        down = (y * height - top - high / 2) / (high * 0.66)
        near = np.maximum(near, 1 - smooth(0.55, 1.15, f32(np.hypot(across, down))))
    return near


def _linen(height: int, width: int) -> Pixels:
    rows, columns = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None, :]
    return f32(np.sin(rows * 2.1) * np.sin(columns * 0.35) + np.sin(columns * 2.1) * np.sin(rows * 0.35))


def _wobbled(picture: Pixels, rng: np.random.Generator, amount: Pixels) -> Pixels:
    """The picture with its edges shaken by up to `amount` pixels (a map)."""
    height, width = amount.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    down = np.clip(rows + clouds(rng, height, width, 40, 2) * amount, 0, height - 1).astype(np.int32)
    across = np.clip(columns + clouds(rng, height, width, 40, 2) * amount, 0, width - 1).astype(np.int32)
    return f32(picture[down, across])


def _edges(grey: Pixels, radius: float) -> Pixels:
    down, across = np.gradient(blurred(grey, radius))
    return f32(np.hypot(down, across))


def _run_out(height: int, width: int, rng: np.random.Generator, alpha: Pixels) -> Pixels:
    """How wet the paper is: 1 in the middle, 0 towards the edges along a ragged line."""
    x, y = grid(height, width)
    border = f32(np.minimum(np.minimum(x, 1 - x) * width / height, np.minimum(y, 1 - y)))
    ragged = border + clouds(rng, height, width, 6, 4) * 0.022 + blurred(alpha, height * 0.02) * 0.03
    return smooth(0.028, 0.085, np.asarray(ragged, np.float32))


def darkness(picture: Pixels) -> Pixels:
    """How dark each pixel is, 0–1."""
    return f32(1 - np.clip(luma(picture), 0, 1))

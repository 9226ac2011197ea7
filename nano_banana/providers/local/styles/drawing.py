"""Pencil, charcoal and ink."""

from __future__ import annotations

import numpy as np

from nano_banana.providers.local.chance import clouds
from nano_banana.providers.local.compose import Scene
from nano_banana.providers.local.pixels import LUMA, Pixels, blurred, f32, grid, luma, mixed, smooth
from nano_banana.providers.local.styles.painting import darkness, face_mask
from nano_banana.providers.local.styles.strokes import along, dabs, hatching, relief


def pencil(scene: Scene, rng: np.random.Generator) -> Pixels:
    """Graphite on white paper: fine outlines, hatching for tone, the place behind only hinted at."""
    height, width = scene.alpha.shape
    unit = height / 800
    grey = luma(scene.shown)
    lines = np.maximum(_outlines(grey, 3 * unit), 0.8 * _outlines(blurred(grey, 1.2 * unit), 9 * unit))
    figure = smooth(0.1, 0.8, scene.alpha)
    hint = 0.3 * _centred(height, width)
    tone = np.clip(1.08 - blurred(grey, 1.5 * unit), 0, 1) ** 1.25 * (hint + (1 - hint) * figure)
    noise = rng.standard_normal((height, width), np.float32)
    strokes = 0.75 * hatching(noise, -0.9, round(9 * unit)) + 0.25 * hatching(noise[::-1], -0.35, round(7 * unit))
    marks = smooth(-1.5, 1.5, strokes * 0.8 + tone * 3.6 - 1.5) * (0.18 + 0.82 * tone)
    dark = np.clip(lines * (0.3 + 0.7 * figure) * 0.7 + marks * 0.85, 0, 0.94)
    paper = np.array([0.968, 0.96, 0.94], np.float32) + (relief(blurred(noise, 1.0)) * 0.02)[..., None]
    return f32(np.clip(paper * (1 - dark[..., None] * np.array([0.86, 0.85, 0.82], np.float32)), 0, 1))


def charcoal(scene: Scene, rng: np.random.Generator) -> Pixels:
    """Charcoal rubbed into warm paper with the finger, white chalk in the lights."""
    height, width = scene.alpha.shape
    unit = height / 800
    near = face_mask(scene)
    soft = mixed(dabs(scene.shown, round(5 * unit)), dabs(scene.shown, max(1, round(2 * unit))), near)
    dark = darkness(soft)
    noise = rng.standard_normal((height, width), np.float32)
    drift = f32(0.8 + 0.5 * clouds(rng, height, width, 3, 2))
    smudge = along(blurred(noise, 0.8), soft, drift, round(14 * unit), 5 * unit)
    tooth = hatching(noise, 0.8, round(3 * unit))
    figure = 0.5 * _centred(height, width) + 0.5 * scene.alpha
    tone = smooth(0.3, 0.95, dark + smudge * 0.05 * (1 - 0.6 * near)) * (0.35 + 0.65 * figure)
    tone = tone * (1 + 0.16 * tooth * (1 - 0.5 * near)) + _outlines(luma(soft), 7 * unit) * 0.55 * (
        0.3 + 0.7 * scene.alpha
    )
    chalk = smooth(0.62, 0.95, 1 - dark) * scene.alpha * (0.42 + 0.14 * tooth)
    paper = np.array([0.80, 0.75, 0.67], np.float32) + (relief(blurred(noise, 0.9)) * 0.03)[..., None]
    drawn = paper * (1 - np.clip(tone, 0, 0.94)[..., None] * np.array([0.95, 0.95, 0.94], np.float32))
    return f32(np.clip(mixed(drawn, np.full_like(drawn, 0.97), np.clip(chalk, 0, 0.7)), 0, 1))


def comic(scene: Scene, rng: np.random.Generator) -> Pixels:
    """Flat printed colours in a few tones, ink lines, dots of a screen in the half-tones."""
    height, width = scene.alpha.shape
    unit = height / 800
    near = face_mask(scene)
    flat = mixed(
        dabs(scene.shown, round(6 * unit), 6),
        dabs(scene.shown, max(1, round(2.5 * unit)), 6),
        np.maximum(near, 0.5 * scene.alpha),
    )
    grey = luma(flat)
    steps = _steps(grey, 5)
    colour = flat * (steps / np.maximum(grey, 0.03))[..., None]
    middle = colour @ LUMA
    colour = np.clip(middle[..., None] + (colour - middle[..., None]) * 1.5, 0, 1)
    dots = _dots(height, width, 6.5 * unit, float(rng.uniform(0.6, 0.9)))
    half = smooth(0.75, 0.15, grey) * (1 - scene.alpha) + 0.35 * smooth(0.5, 0.2, grey) * scene.alpha * (1 - near)
    colour = colour * (1 - 0.34 * smooth(-0.1, 0.1, f32(half * 1.5 - dots)))[..., None]
    ink = _ink(luma(scene.shown), 1.25 * unit) * (0.35 + 0.65 * smooth(0.05, 0.5, scene.alpha))
    contour = np.clip(blurred(scene.alpha, 2.2 * unit) * (1 - blurred(scene.alpha, 2.2 * unit)) * 4.6 - 0.25, 0, 1)
    printed = colour * (1 - np.clip(np.maximum(ink, contour), 0, 1))[..., None] * 0.94 + 0.05
    return f32(np.clip(printed * np.array([1.0, 0.985, 0.94], np.float32), 0, 1))


def _outlines(grey: Pixels, radius: float) -> Pixels:
    """Pencil lines: where a pixel is darker than what lies around it (0–1)."""
    around = blurred(grey, radius)
    return f32(np.clip((1 - (grey + 0.03) / (around + 0.03)) * 1.9, 0, 1))


def _ink(grey: Pixels, radius: float) -> Pixels:
    """Brush lines, 0–1 (Winnemöller: "XDoG", 2011)."""
    sharp = blurred(grey, max(0.8, radius))
    line = sharp * 1.0 - 0.97 * blurred(grey, max(1.6, radius * 2.2))
    return f32(np.clip(np.tanh((0.012 - line) * 42) * 1.0, 0, 1))


def _steps(grey: Pixels, count: int) -> Pixels:
    scaled = np.clip(grey, 0, 1) * count
    floor = np.floor(scaled)
    return f32((floor + smooth(0.4, 0.6, scaled - floor)) / count * 0.94 + 0.06)


def _dots(height: int, width: int, pitch: float, angle: float) -> Pixels:
    """A screen of dots, 0–1, for comparing with a tone."""
    rows, columns = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None, :]
    u = (columns * np.cos(angle) + rows * np.sin(angle)) * (2 * np.pi / pitch)
    v = (rows * np.cos(angle) - columns * np.sin(angle)) * (2 * np.pi / pitch)
    return f32(0.5 + 0.25 * (np.cos(u) + np.cos(v)))


def _centred(height: int, width: int) -> Pixels:
    x, y = grid(height, width)
    return f32(1 - smooth(0.25, 0.62, f32(np.hypot((x - 0.5) * 1.1, (y - 0.48)))))

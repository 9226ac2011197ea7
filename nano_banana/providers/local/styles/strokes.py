"""Brushes: smoothing that keeps edges, and marks that follow forms."""

from __future__ import annotations

import numpy as np

from nano_banana.providers.local.pixels import Pixels, blurred, boxed, f32, luma, resized

_AROUND = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))


def dabs(picture: Pixels, radius: int, sharpness: float = 4.0) -> Pixels:
    """Flat dabs of colour with clean edges: Kuwahara's filter over eight windows, mixed by how even each is.

    After Papari, Petkov, Campisi: "Artistic edge and corner enhancing smoothing" (2007), with square windows.
    """
    if radius < 1:
        return picture
    edge = 2 * radius
    padded = np.pad(picture, ((edge, edge), (edge, edge), (0, 0)), mode="reflect")
    grey = luma(padded)
    level = boxed(grey, radius)
    uneven = np.sqrt(np.clip(boxed(grey * grey, radius) - level * level, 0, None)) + 1e-3
    share = np.power(uneven, -sharpness, dtype=np.float32)
    mean = boxed(padded, radius)
    total, weight = np.zeros_like(padded), np.zeros_like(grey)
    for down, across in _AROUND:
        by = _shifted(share, down * radius, across * radius)
        total += _shifted(mean, down * radius, across * radius) * by[..., None]
        weight += by
    return f32((total / weight[..., None])[edge:-edge, edge:-edge])


def along(noise: Pixels, picture: Pixels, drift: Pixels, length: int, smoothness: float) -> Pixels:
    """Noise drawn out along the picture's forms (line integral convolution), mean 0 and deviation 1.

    `drift` is the angle (radians) that strokes take where nothing else guides them, `length` half a stroke in
    pixels. Made at half size, where strokes look the same.
    """
    height, width = noise.shape
    half = (max(8, width // 2), max(8, height // 2))
    small = resized(noise, *half)
    x, y = tangents(resized(luma(picture), *half), smoothness / 2, resized(drift, *half))
    return _normal(resized(_drawn(small, x, y, max(1, length // 2)), width, height))


def tangents(grey: Pixels, smoothness: float, drift: Pixels) -> tuple[Pixels, Pixels]:
    """The direction along edges at each pixel (unit vectors x, y), from the smoothed structure tensor.

    Where that is weak the angle `drift` has its way.
    """
    down, across = np.gradient(blurred(grey, 1.0))
    xx, yy = blurred(f32(across * across), smoothness), blurred(f32(down * down), smoothness)
    xy = blurred(f32(across * down), smoothness)
    weak = np.float32(1.5e-5)
    angle = 0.5 * np.arctan2(2 * xy - weak * np.sin(2 * drift), xx - yy - weak * np.cos(2 * drift)) + np.pi / 2
    return f32(np.cos(angle)), f32(np.sin(angle))


def hatching(noise: Pixels, angle: float, length: int) -> Pixels:
    """Noise drawn out in one direction (radians), mean 0 and deviation 1."""
    total = np.zeros_like(noise)
    for step in range(-length, length + 1):
        total += _shifted(noise, round(step * float(np.sin(angle))), round(step * float(np.cos(angle))))
    return _normal(total)


def _drawn(noise: Pixels, x: Pixels, y: Pixels, length: int) -> Pixels:
    height, width = noise.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    total = noise.copy()
    for way in (1.0, -1.0):
        down, across = rows.copy(), columns.copy()
        heading_x, heading_y = x * np.float32(way), y * np.float32(way)
        for _ in range(length):
            down = np.clip(down + heading_y, 0, height - 1)
            across = np.clip(across + heading_x, 0, width - 1)
            at = down.astype(np.int32), across.astype(np.int32)
            total += noise[at]
            turn = np.sign(x[at] * heading_x + y[at] * heading_y + 1e-6)
            heading_x, heading_y = x[at] * turn, y[at] * turn
    return f32(total)


def _normal(values: Pixels) -> Pixels:
    return f32((values - values.mean()) / max(float(values.std()), 1e-6))


def _shifted(values: Pixels, down: int, across: int) -> Pixels:
    return f32(np.roll(values, (-down, -across), axis=(0, 1)))


def relief(bumps: Pixels) -> Pixels:
    """How a rough surface catches light from the upper left: about −1 to 1."""
    down, across = np.gradient(bumps)
    return f32(np.clip((across + down) * 0.7, -1, 1))

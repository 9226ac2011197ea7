"""Outdoors: woods, fields, coasts, mountains, snow."""

from __future__ import annotations

import numpy as np

from nano_banana.providers.local.backdrops.canvas import Canvas, Colour
from nano_banana.providers.local.backdrops.place import Place, blend, pick, shade


def forest(canvas: Canvas, place: Place) -> None:
    """Trunks and leaves with the sky shining through in discs."""
    leaf, light = place.colours[0], place.colours[1]
    canvas.fade(shade(leaf, 0.55), shade(leaf, 0.28), 0, 1)
    canvas.glow(canvas.aspect * (0.5 + place.side * 0.25), 0.3, 0.45, light, 0.5 * (1 - 0.8 * place.dark))
    canvas.mottle(0.35, 5, (0.9, 1, 0.8))
    for _ in range(7):
        x, width = canvas.rng.uniform(-0.1, canvas.aspect + 0.1), canvas.rng.uniform(0.015, 0.055)
        lean = canvas.rng.normal(0, 0.03)
        bark = shade(place.colours[2], float(canvas.rng.uniform(0.06, 0.3)))
        canvas.shape([(x, -0.2), (x + width, -0.2), (x + width * 1.25 + lean, 1.2), (x + lean, 1.2)], bark, 0.9)
    for _ in range(420):
        x, y = canvas.rng.uniform(-0.1, canvas.aspect + 0.1), float(canvas.rng.triangular(-0.15, 0.1, 0.95))
        tone = shade(blend(leaf, light, canvas.rng.uniform(0, 0.6)), float(canvas.rng.uniform(0.2, 1.5)))
        canvas.blob(x, y, canvas.rng.uniform(0.006, 0.02), shade(tone, 1 - 0.8 * place.dark), 0.7)
    for _ in range(70):
        x, y = canvas.rng.uniform(-0.1, canvas.aspect + 0.1), float(canvas.rng.triangular(-0.1, 0.15, 0.75))
        canvas.lamp(x, y, 0.005, blend(light, (1, 1, 1), 0.4), canvas.rng.pareto(2) * 5 * (1 - 0.85 * place.dark))
    canvas.fade_ground(shade(leaf, 0.3), 0.82)
    weather(canvas, place)


def field(canvas: Canvas, place: Place) -> None:
    """Open land under a low sun: a bright sky, a dark tree line, long grass."""
    sky, sun, grass = place.colours[0], place.colours[1], place.colours[2]
    canvas.fade(shade(sky, 0.8), blend(sky, shade(sun, 1.25), 0.8), 0, 0.58)
    x = canvas.aspect * (0.5 + place.side * canvas.rng.uniform(0.22, 0.36))
    canvas.glow(x, 0.45, 0.5, sun, 0.8)
    canvas.lamp(x, 0.43, 0.03, blend(sun, (1, 1, 1), 0.4), 9)
    _hills(canvas, shade(grass, 0.35), 0.55, 0.02)
    canvas.fade(blend(grass, sun, 0.45), shade(grass, 0.35), 0.58, 1)
    for _ in range(500):
        tip = canvas.rng.uniform(-0.1, canvas.aspect + 0.1), canvas.rng.uniform(0.58, 1.1)
        tone = blend(shade(grass, float(canvas.rng.uniform(0.3, 1.2))), sun, float(canvas.rng.uniform(0, 0.55)))
        canvas.box(tip[0], tip[1] - canvas.rng.uniform(0.01, 0.06), tip[0] + 0.005, tip[1], tone, 0.8)
    for _ in range(28):
        x, y = canvas.rng.uniform(0, canvas.aspect), canvas.rng.uniform(0.5, 0.95)
        canvas.lamp(x, y, 0.004, blend(sun, (1, 1, 1), 0.2), canvas.rng.pareto(2) * 4)
    weather(canvas, place)


def coast(canvas: Canvas, place: Place) -> None:
    """Sea and sky, sparks on the water, pale sand."""
    sky, sea, sand = place.colours[0], place.colours[1], place.colours[2]
    night = 1 - 0.93 * place.dark
    canvas.fade(shade(sky, 0.75 * night), shade(blend(sky, (1, 0.93, 0.85), 0.55), night), 0, 0.52)
    canvas.mottle(0.07, 3)
    canvas.glow(canvas.aspect * (0.5 + place.side * 0.3), 0.4, 0.4, (1.0, 0.85, 0.66), 0.4 * night)
    canvas.fade(shade(sea, 0.75 * night), shade(sea, 0.55 * night), 0.52, 0.78)
    for _ in range(190):
        y = 0.52 + 0.25 * float(canvas.rng.uniform()) ** 1.6
        x = canvas.aspect * (0.5 + place.side * 0.3) + canvas.rng.normal(0, 0.25)
        canvas.lamp(x, y, 0.003, (1.0, 0.92, 0.8), canvas.rng.pareto(2.2) * 2.5 * night)
    for y in (0.7, 0.745, 0.775):
        canvas.box(-0.2, y, canvas.aspect + 0.2, y + 0.008, shade((0.9, 0.95, 1.0), night), 0.6)
    canvas.fade(shade(sand, 0.8 * night), shade(sand, 0.6 * night), 0.785, 1)


def mountains(canvas: Canvas, place: Place) -> None:
    """Ranges behind ranges, paler with distance, snow on the highest."""
    sky, rock, green = place.colours[0], place.colours[1], place.colours[2]
    night = 1 - 0.9 * place.dark
    canvas.fade(shade(sky, 0.8 * night), shade(blend(sky, (1, 0.95, 0.9), 0.6), night), 0, 0.7)
    canvas.glow(canvas.aspect * (0.5 + place.side * 0.35), 0.25, 0.35, (1.0, 0.9, 0.75), 0.3 * night)
    for layer, (level, rough) in enumerate(((0.38, 0.12), (0.52, 0.08), (0.66, 0.05), (0.8, 0.03))):
        share = (layer + 1) / 4
        tone = shade(
            blend(blend(sky, rock, 0.35 + share * 0.5), shade(green, 0.5), max(0.0, share - 0.4)),
            night * (1 - share * 0.45),
        )
        ridge = _ridge(canvas, level, rough)
        canvas.shape([*ridge, (canvas.aspect + 0.2, 1.3), (-0.2, 1.3)], tone)
        if layer == 0:
            snow = [(x, min(y + 0.03 + 0.6 * max(0, level - y), level)) for x, y in reversed(ridge)]
            canvas.shape([*ridge, *snow], shade((0.92, 0.95, 1.0), night), 0.75)
    weather(canvas, place)


def garden(canvas: Canvas, place: Place) -> None:
    """A hedge in flower, near and very soft."""
    leaf = place.colours[0]
    canvas.fade(shade(leaf, 0.8), shade(leaf, 0.35), 0, 1)
    canvas.glow(canvas.aspect * (0.5 + place.side * 0.25), 0.25, 0.5, place.colours[1], 0.55)
    canvas.mottle(0.4, 6, (0.85, 1, 0.8))
    for _ in range(220):
        tone = shade(leaf, float(canvas.rng.uniform(0.25, 1.7)))
        canvas.blob(
            canvas.rng.uniform(-0.1, canvas.aspect + 0.1),
            canvas.rng.uniform(0, 1.1),
            canvas.rng.uniform(0.01, 0.03),
            tone,
            0.6,
        )
    for _ in range(60):
        bloom = shade(pick(place.colours[2:], canvas.rng.uniform()), float(canvas.rng.uniform(0.5, 1.4)))
        canvas.blob(
            canvas.rng.uniform(-0.1, canvas.aspect + 0.1),
            float(canvas.rng.triangular(0.1, 0.8, 1.1)),
            canvas.rng.uniform(0.01, 0.032),
            bloom,
            0.9,
        )
    for _ in range(30):
        canvas.lamp(
            canvas.rng.uniform(0, canvas.aspect),
            canvas.rng.uniform(0, 0.6),
            0.005,
            place.colours[1],
            canvas.rng.pareto(2) * 3,
        )


def weather(canvas: Canvas, place: Place) -> None:
    """Snow on the ground and in the air, where it falls."""
    if not place.snowy:
        return
    canvas.fade_ground((0.75, 0.82, 0.92), 0.62)
    canvas.light[:] = canvas.light * 0.72 + 0.2
    for _ in range(260):
        x, y = canvas.rng.uniform(-0.1, canvas.aspect + 0.1), canvas.rng.uniform(-0.1, 1.1)
        canvas.lamp(x, y, canvas.rng.uniform(0.002, 0.006), (0.95, 0.97, 1.0), canvas.rng.uniform(0.5, 2.5))


def _hills(canvas: Canvas, tone: Colour, level: float, rough: float) -> None:
    canvas.shape([*_ridge(canvas, level, rough), (canvas.aspect + 0.2, 1.3), (-0.2, 1.3)], tone)


def _ridge(canvas: Canvas, level: float, rough: float) -> list[tuple[float, float]]:
    """A line of peaks around `level`, from left to right: a random walk that is drawn back to it."""
    xs = np.linspace(-0.2, canvas.aspect + 0.2, 40)
    steps = canvas.rng.standard_normal(40)
    ys, height = [], 0.0
    for step in steps:
        height = height * 0.8 + float(step) * 0.5
        ys.append(level + rough * height)
    return [(float(x), y) for x, y in zip(xs, ys, strict=True)]

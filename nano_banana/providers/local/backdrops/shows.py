"""Places of light and dark: a stage, open space, a hangar."""

from __future__ import annotations

import numpy as np

from nano_banana.providers.local.backdrops.canvas import Canvas
from nano_banana.providers.local.backdrops.place import Place, blend, pick, shade
from nano_banana.providers.local.backdrops.studio import lamps


def stage(canvas: Canvas, place: Place) -> None:
    """Beams from above through haze, lamps on a truss, the dark hall."""
    haze = place.colours[0]
    canvas.fade(shade(haze, 0.09), shade(haze, 0.03), 0, 1)
    for at in range(5):
        colour = pick(place.colours, canvas.rng.uniform())
        x = canvas.aspect * (0.08 + 0.21 * at) + canvas.rng.normal(0, 0.02)
        foot, spread = x + canvas.rng.normal(0, 0.2), canvas.rng.uniform(0.06, 0.13)
        for width, cover in ((1.0, 0.10), (0.6, 0.10), (0.25, 0.12)):
            beam = [(x - 0.01, 0.03), (x + 0.01, 0.03), (foot + spread * width, 1.1), (foot - spread * width, 1.1)]
            canvas.shape(beam, shade(colour, 0.9), cover)
        canvas.lamp(x, 0.03, 0.014, blend(colour, (1, 1, 1), 0.5), 12)
        canvas.glow(x, 0.03, 0.14, colour, 0.6)
    canvas.mottle(0.12, 3)
    lamps(canvas, place, count=24, top=0.62, bottom=0.95, power=0.5)


def space(canvas: Canvas, place: Place) -> None:
    """Stars, clouds of gas, and the lit edge of a planet."""
    canvas.fade((0.004, 0.006, 0.016), (0.002, 0.003, 0.01), 0, 1)
    for _ in range(5):
        colour = pick(place.colours, canvas.rng.uniform())
        x, y = canvas.rng.uniform(0, canvas.aspect), canvas.rng.uniform(0, 0.8)
        canvas.glow(x, y, canvas.rng.uniform(0.12, 0.32), colour, canvas.rng.uniform(0.05, 0.16))
    canvas.mottle(0.7, 4)
    for _ in range(260):
        x, y = canvas.rng.uniform(-0.1, canvas.aspect + 0.1), canvas.rng.uniform(-0.1, 1)
        canvas.lamp(x, y, 0.0016, (0.9, 0.95, 1.0), canvas.rng.pareto(1.6) * 0.7)
    _planet(canvas, place)


def _planet(canvas: Canvas, place: Place) -> None:
    """A great ball from below, blue air along its rim, clouds on its day side."""
    height, width = canvas.light.shape[:2]
    radius = canvas.at(1.25)
    across, down = canvas.at(canvas.aspect * (0.5 - 0.25 * place.side)), canvas.at(0.60) + radius
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    far = np.hypot(xs - across, ys - down) / radius
    day = np.clip(0.62 + place.side * (xs - across) / radius * 1.1 - (ys - down) / radius * 0.35 - 0.3, 0, 1)
    air = np.exp(-np.clip(far - 1, 0, None) * 42) * (far > 1) + np.exp(-np.clip(1 - far, 0, None) * 16) * (far <= 1)
    ball = (far <= 1)[..., None]
    sea = np.array(place.colours[0], np.float32) * 0.55 * day[..., None]
    canvas.light[:] = np.where(ball, sea, canvas.light)
    before = canvas.light.copy()
    canvas.mottle(0.5, 7)
    canvas.light[:] = np.where(ball, canvas.light, before)
    canvas.light += (air * day)[..., None] * np.array([0.35, 0.65, 1.0], np.float32) * 0.9


def hangar(canvas: Canvas, place: Place) -> None:
    """A high hall of steel: ribs, a bright gate, rows of work lamps, a white craft."""
    steel = place.colours[0]
    centre = canvas.aspect * (0.5 + place.side * 0.22)
    canvas.fade(shade(steel, 0.22), shade(steel, 0.30), 0, 1)
    for step in range(6, 0, -1):
        half, top = 0.12 * step, 0.36 - 0.075 * step
        canvas.box(centre - half - 0.02, top, centre - half, 1.2, shade(steel, 0.12 + 0.06 * step))
        canvas.box(centre + half, top, centre + half + 0.02, 1.2, shade(steel, 0.12 + 0.06 * step))
        canvas.box(centre - half, top, centre + half, top + 0.014, shade(steel, 0.5))
        for way in (-0.6, -0.2, 0.2, 0.6):
            canvas.lamp(centre + way * half, top + 0.025, 0.007, (1.0, 0.95, 0.85), 7)
    canvas.box(centre - 0.11, 0.36, centre + 0.11, 0.7, (1.3, 1.4, 1.5))
    canvas.glow(centre, 0.5, 0.3, (1.0, 1.05, 1.1), 0.4)
    nose = canvas.aspect - centre
    body = [(nose - 0.07, 0.8), (nose - 0.06, 0.3), (nose, 0.13), (nose + 0.06, 0.3), (nose + 0.07, 0.8)]
    canvas.shape(body, shade((0.85, 0.87, 0.9), 0.8))
    canvas.shape([(nose, 0.13), (nose + 0.06, 0.3), (nose + 0.07, 0.8), (nose + 0.02, 0.8)], shade(steel, 0.25), 0.5)
    canvas.box(nose - 0.05, 0.3, nose + 0.05, 0.33, pick(place.colours[1:], canvas.rng.uniform()))
    canvas.fade_ground(shade(steel, 0.35), 0.76)

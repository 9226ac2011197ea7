"""Studios: a roll of paper, painted canvas, or only coloured light."""

from __future__ import annotations

import numpy as np

from nano_banana.providers.local.backdrops.canvas import Canvas
from nano_banana.providers.local.backdrops.place import Place, blend, shade


def seamless(canvas: Canvas, place: Place) -> None:
    """A roll of paper with a pool of light behind the shoulders, darker in the corners."""
    base = place.colours[0]
    canvas.fade(shade(base, 0.55), shade(base, 0.5), 0, 1)
    x = canvas.aspect * (0.5 + place.side * canvas.rng.uniform(0.04, 0.2))
    y = canvas.rng.uniform(0.38, 0.55)
    canvas.glow(x, y, 0.5, base, 0.75)
    canvas.glow(x, y + 0.1, 0.26, base, 0.25)
    canvas.mottle(0.03, 2)


def canvas_cloth(canvas: Canvas, place: Place) -> None:
    """Hand-painted cloth as behind old portraits: clouds of two colours, lit from one side."""
    dark, light = shade(place.colours[0], 0.45), place.colours[1]
    canvas.fade(blend(dark, light, 0.35), dark, 0, 1)
    canvas.mottle(0.32, 2.2, (1.0, 0.96, 0.9))
    canvas.mottle(0.12, 9)
    x = canvas.aspect * (0.5 + place.side * canvas.rng.uniform(0.1, 0.3))
    canvas.glow(x, canvas.rng.uniform(0.3, 0.45), 0.42, light, 0.7)
    canvas.soften(0.006)


def mood(canvas: Canvas, place: Place) -> None:
    """Nothing but coloured light: soft pools of the palette and a few lamps far away."""
    first, second, third = place.colours[0], place.colours[1], place.colours[2]
    canvas.fade(shade(first, 0.5), shade(second, 0.3), 0, 1)
    for colour in (first, second, third, first):
        x, y = canvas.rng.uniform(0, canvas.aspect), canvas.rng.uniform(0, 0.9)
        canvas.glow(x, y, canvas.rng.uniform(0.2, 0.45), colour, canvas.rng.uniform(0.3, 0.8))
    canvas.mottle(0.12, 2.5)
    lamps(canvas, place, count=14, top=0.0, bottom=0.8, power=1.5)


def lamps(canvas: Canvas, place: Place, *, count: int, top: float, bottom: float, power: float) -> None:
    """Small far lamps in the palette's colours, more of them dim than bright."""
    for _ in range(count):
        colour = place.colours[int(canvas.rng.integers(len(place.colours)))]
        strength = power * float(canvas.rng.pareto(2.2) + 0.3)
        x, y = canvas.rng.uniform(-0.1, canvas.aspect + 0.1), canvas.rng.uniform(top, bottom)
        canvas.lamp(x, y, canvas.rng.uniform(0.003, 0.008), blend(colour, (1, 1, 1), 0.2), min(strength, 5 * power) * 6)


def fairy_lights(canvas: Canvas, place: Place) -> None:
    """Strings of warm little lights, as at Christmas or a party."""
    base = place.colours[0]
    canvas.fade(shade(base, 0.10), shade(base, 0.04), 0, 1)
    canvas.glow(canvas.aspect * 0.5, 0.4, 0.5, base, 0.12)
    for _ in range(6):
        start, sag = canvas.rng.uniform(-0.05, 0.75), canvas.rng.uniform(0.06, 0.22)
        slope = canvas.rng.uniform(-0.25, 0.25)
        for along in np.linspace(-0.1, canvas.aspect + 0.1, 15):
            share = along / canvas.aspect
            y = start + slope * share + sag * 4 * share * (1 - share) + canvas.rng.normal(0, 0.012)
            colour = place.colours[int(canvas.rng.integers(1, len(place.colours)))]
            canvas.lamp(along + canvas.rng.normal(0, 0.012), y, 0.006, colour, canvas.rng.uniform(3, 14))

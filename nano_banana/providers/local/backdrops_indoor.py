"""Painted backdrops indoors: studios, rooms, stage, hangar, open space."""

from __future__ import annotations

import numpy as np

from nano_banana.providers.local.backdrop_canvas import BackdropCanvas, BackdropSpec, Colour, blend, shade


def seamless(canvas: BackdropCanvas, place: BackdropSpec) -> None:
    """A roll of paper with a pool of light behind the shoulders, darker in the corners."""
    base = place.colours[0]
    canvas.fade(shade(base, 0.55), shade(base, 0.5))
    x = canvas.aspect * (0.5 + place.side * canvas.uniform(0.04, 0.2))
    y = canvas.uniform(0.38, 0.55)
    canvas.glow(x, y, 0.5, base, 0.75)
    canvas.glow(x, y + 0.1, 0.26, base, 0.25)
    canvas.mottle(0.03, 2)


def canvas_cloth(canvas: BackdropCanvas, place: BackdropSpec) -> None:
    """Hand-painted canvas as in old portraits: clouds of two colours, lit from one side."""
    dark, light = shade(place.colours[0], 0.45), place.colours[1]
    canvas.fade(blend(dark, light, 0.35), dark)
    canvas.mottle(0.32, 2.2, (1.0, 0.96, 0.9))
    canvas.mottle(0.12, 9)
    x = canvas.aspect * (0.5 + place.side * canvas.uniform(0.1, 0.3))
    canvas.glow(x, canvas.uniform(0.3, 0.45), 0.42, light, 0.7)
    canvas.soften(0.006)


def mood(canvas: BackdropCanvas, place: BackdropSpec) -> None:
    """Coloured light only: soft pools of the palette's colours and a few distant lamps."""
    first, second, third = place.colours[0], place.colours[1], place.colours[2]
    canvas.fade(shade(first, 0.5), shade(second, 0.3))
    for colour in (first, second, third, first):
        x, y = canvas.uniform(0, canvas.aspect), canvas.uniform(0, 0.9)
        canvas.glow(x, y, canvas.uniform(0.2, 0.45), colour, canvas.uniform(0.3, 0.8))
    canvas.mottle(0.12, 2.5)
    lamps(canvas, place, count=14, top=0.0, bottom=0.8, power=1.5)


def lamps(canvas: BackdropCanvas, place: BackdropSpec, *, count: int, top: float, bottom: float, power: float) -> None:
    """Small distant lamps in the palette's colours, most of them dim."""
    for _ in range(count):
        colour = place.colours[int(canvas.rng.integers(len(place.colours)))]
        strength = power * float(canvas.rng.pareto(2.2) + 0.3)
        x, y = canvas.across(), canvas.uniform(top, bottom)
        canvas.lamp(x, y, canvas.uniform(0.003, 0.008), blend(colour, (1, 1, 1), 0.2), min(strength, 5 * power) * 6)


def fairy_lights(canvas: BackdropCanvas, place: BackdropSpec) -> None:
    """Strings of warm little lights, as at Christmas or a party."""
    base = place.colours[0]
    canvas.fade(shade(base, 0.10), shade(base, 0.04))
    canvas.glow(canvas.aspect * 0.5, 0.4, 0.5, base, 0.12)
    for _ in range(6):
        start, sag = canvas.uniform(-0.05, 0.75), canvas.uniform(0.06, 0.22)
        slope = canvas.uniform(-0.25, 0.25)
        for along in np.linspace(-0.1, canvas.aspect + 0.1, 15):
            share = along / canvas.aspect
            y = start + slope * share + sag * 4 * share * (1 - share) + canvas.rng.normal(0, 0.012)
            colour = place.colours[int(canvas.rng.integers(1, len(place.colours)))]
            canvas.lamp(along + canvas.rng.normal(0, 0.012), y, 0.006, colour, canvas.uniform(3, 14))


def office(canvas: BackdropCanvas, place: BackdropSpec) -> None:
    """An open-plan room: a wall of windows on the light's side, desks, screens, a plant, a ceiling with lamps."""
    wall, wood, green = place.colours[0], place.colours[1], place.colours[2]
    day: Colour = blend((0.78, 0.88, 1.0), (0.03, 0.05, 0.12), place.dark)
    canvas.fade(shade(wall, 0.30), shade(wall, 0.2))
    _windows(canvas, place, day)
    canvas.band(0.74, 1.2, shade(wood, 0.2))
    for _ in range(5):
        x, y = canvas.uniform(-0.1, canvas.aspect), canvas.uniform(0.56, 0.66)
        width = canvas.uniform(0.16, 0.3)
        canvas.box(x, y + 0.1, x + width, y + 0.14, shade(wood, 0.9))
        canvas.box(x + 0.02, y - 0.05, x + 0.11, y + 0.06, shade(wall, 0.08))
        screen = blend((0.2, 0.4, 0.7), place.colours[-1], canvas.uniform())
        canvas.box(x + 0.03, y - 0.04, x + 0.10, y + 0.04, screen)
    for _ in range(2):
        _plant(canvas, green, canvas.uniform(0, canvas.aspect), canvas.uniform(0.5, 0.62))
    for at in range(4):
        y = 0.03 + 0.045 * at
        x = canvas.aspect * 0.5 - place.side * (0.12 + 0.1 * at)
        canvas.lamp(x, y, 0.012, (1.0, 0.93, 0.8), 5 - at)
    canvas.mottle(0.06, 2)


def _windows(canvas: BackdropCanvas, place: BackdropSpec, day: Colour) -> None:
    """Tall panes that get smaller with distance; blurred shapes of the town stand behind the glass."""
    x = 0.0 if place.side < 0 else canvas.aspect
    width, top, bottom = canvas.uniform(0.2, 0.3), 0.02, 0.76
    x -= place.side * -0.08
    for _ in range(5):
        left, right = sorted((x, x - place.side * width))
        canvas.box(left, top, right, bottom, day)
        for _ in range(3):
            tower, roof = canvas.uniform(left, right), canvas.uniform(top + 0.2, bottom)
            canvas.box(tower, roof, tower + width * 0.3, bottom, shade(day, canvas.uniform(0.4, 0.7)))
        canvas.box(left, (top + bottom) * 0.42, right, (top + bottom) * 0.42 + 0.012, shade(place.colours[0], 0.2))
        x -= place.side * width * 1.13
        width, top, bottom = width * 0.72, top + 0.05, bottom - 0.045
    canvas.glow(0 if place.side < 0 else canvas.aspect, 0.35, 0.55, day, 0.22 * (1 - place.dark))


def _plant(canvas: BackdropCanvas, green: Colour, x: float, y: float) -> None:
    for _ in range(40):
        reach = canvas.rng.normal(0, 0.05, 2)
        leaf = shade(green, canvas.uniform(0.25, 1.3))
        canvas.blob(x + reach[0], y + reach[1] * 1.3, canvas.uniform(0.008, 0.022), leaf, 0.8)
    canvas.box(x - 0.03, y + 0.1, x + 0.03, y + 0.18, shade(green, 0.2))


def library(canvas: BackdropCanvas, place: BackdropSpec) -> None:
    """Shelves of books under a warm lamp."""
    wood = place.colours[0]
    canvas.fade(shade(wood, 0.10), shade(wood, 0.05))
    gap = canvas.uniform(0.16, 0.2)
    floor = canvas.uniform(-0.12, 0.0) + gap
    while floor < 1.15:
        x = -0.15
        while x < canvas.aspect + 0.15:
            width = canvas.uniform(0.012, 0.034)
            tall = gap * canvas.uniform(0.55, 0.88)
            if canvas.uniform() > 0.08:
                spine = shade(canvas.pick(place.colours[1:]), canvas.uniform(0.25, 1.0))
                canvas.box(x, floor - tall, x + width, floor, spine)
                canvas.box(x + width * 0.2, floor - tall * 0.7, x + width * 0.8, floor - tall * 0.6, shade(spine, 2.2))
            x += width * 1.06
        canvas.band(floor, floor + 0.02, shade(wood, 0.5))
        floor += gap
    upright = canvas.uniform(0.1, 0.9) * canvas.aspect
    canvas.box(upright, -0.2, upright + 0.03, 1.2, shade(wood, 0.35))
    _side_lit(canvas, place, (1.0, 0.78, 0.5))


def brick(canvas: BackdropCanvas, place: BackdropSpec) -> None:
    """A wall of old bricks, raked by light from one side."""
    tall, wide = 0.042, 0.125
    canvas.fade(shade(place.colours[1], 0.5), shade(place.colours[1], 0.4))
    for row in range(-4, 30):
        for column in range(-3, int(canvas.aspect / wide) + 4):
            x = (column + (row % 2) / 2) * wide + canvas.rng.normal(0, 0.001)
            tone = shade(place.colours[0], canvas.uniform(0.55, 1.15))
            tone = blend(tone, canvas.pick(place.colours[2:]), canvas.uniform(0, 0.4))
            canvas.box(x, row * tall, x + wide * 0.93, row * tall + tall * 0.84, tone)
    canvas.mottle(0.2, 3)
    canvas.soften(0.004)
    _side_lit(canvas, place, (1.0, 0.9, 0.78))


def cafe(canvas: BackdropCanvas, place: BackdropSpec) -> None:
    """A coffee house: dark wood, shelves of glass and bottles, pendant lamps, a window's edge."""
    wood = place.colours[0]
    canvas.fade(shade(wood, 0.16), shade(wood, 0.07))
    for shelf in (0.34, 0.5, 0.64):
        canvas.band(shelf, shelf + 0.012, shade(wood, 0.7))
        x = -0.1
        while x < canvas.aspect + 0.1:
            tall, width = canvas.uniform(0.04, 0.11), canvas.uniform(0.014, 0.03)
            glass = shade(canvas.pick(place.colours[1:]), canvas.uniform(0.1, 0.7))
            canvas.box(x, shelf - tall, x + width, shelf, glass)
            canvas.lamp(x + width * 0.4, shelf - tall * 0.7, 0.004, (1.0, 0.8, 0.5), canvas.uniform(0, 5))
            x += width + canvas.uniform(0.004, 0.05)
    edge = 0.0 if place.side < 0 else canvas.aspect
    pane = blend((0.9, 1.0, 1.15), (0.05, 0.07, 0.16), place.dark)
    canvas.box(edge - 0.13, 0.05, edge + 0.13, 0.8, pane)
    canvas.glow(edge, 0.4, 0.4, pane, 0.25)
    start = canvas.uniform(0.02, 0.2)
    for at in range(5):
        x, y = start + at * canvas.uniform(0.17, 0.27), canvas.uniform(0.08, 0.2)
        canvas.lamp(x, y, 0.018, (1.0, 0.7, 0.36), 11)
        canvas.glow(x, y, 0.16, (1.0, 0.6, 0.28), 0.5)
    canvas.band(0.78, 0.82, shade(wood, 1.1))


def clinic(canvas: BackdropCanvas, place: BackdropSpec) -> None:
    """A bright corridor: white walls, doors, rails, rows of ceiling lamps."""
    wall, accent = place.colours[0], place.colours[1]
    centre = canvas.aspect * canvas.uniform(0.3, 0.7)
    canvas.fade(shade(wall, 0.55), shade(wall, 0.4))
    floor = [(-0.2, 1.2), (centre - 0.06, 0.58), (centre + 0.06, 0.58), (canvas.aspect + 0.2, 1.2)]
    canvas.shape(floor, shade(accent, 0.55))
    canvas.box(centre - 0.07, 0.3, centre + 0.07, 0.58, (0.95, 1.0, 1.0))
    for step in range(5):
        off = 0.1 + 0.1 * step * (1 + 0.3 * step)
        for way in (-1, 1):
            tone = shade(accent, 0.8) if (step + way) % 2 else shade(wall, 0.6)
            left, right = sorted((centre + way * off, centre + way * (off + 0.05 + 0.03 * step)))
            canvas.box(left, 0.36 - 0.07 * step, right, 0.6 + 0.1 * step, tone)
        half = 0.03 * (step + 1)
        canvas.box(centre - half, 0.25 - 0.085 * step, centre + half, 0.265 - 0.08 * step, (3, 3.1, 3.1))
    canvas.band(0.66, 0.69, shade(accent, 0.9), 0.5)
    canvas.mottle(0.04, 2)


def home(canvas: BackdropCanvas, place: BackdropSpec) -> None:
    """A living room: a curtained window, a lamp, a framed picture, a sofa."""
    wall, cloth, green = place.colours[0], place.colours[1], place.colours[2]
    canvas.fade(shade(wall, 0.42), shade(wall, 0.28))
    edge = canvas.aspect * (0.22 if place.side < 0 else 0.78) + canvas.rng.normal(0, 0.03)
    day = blend((1.0, 1.05, 1.1), (0.03, 0.04, 0.1), place.dark)
    canvas.box(edge - 0.17, 0.02, edge + 0.17, 0.66, day)
    canvas.box(edge - 0.008, 0.02, edge + 0.008, 0.66, shade(wall, 0.9))
    canvas.box(edge - 0.17, 0.3, edge + 0.17, 0.315, shade(wall, 0.9))
    for way in (-1, 1):
        for fold in range(5):
            x = edge + way * (0.17 + 0.022 * fold)
            canvas.box(x - 0.011, -0.2, x + 0.011, 0.86, shade(wall, 0.62 if fold % 2 else 0.45))
    canvas.glow(edge, 0.35, 0.4, day, 0.3)
    far = canvas.aspect - edge
    canvas.box(far - 0.09, 0.14, far + 0.08, 0.38, shade(cloth, 0.35))
    canvas.box(far - 0.075, 0.16, far + 0.065, 0.36, blend(green, cloth, 0.4))
    canvas.lamp(far - place.side * 0.13, 0.5, 0.03, (1.0, 0.74, 0.42), 2.6)
    canvas.glow(far - place.side * 0.13, 0.5, 0.2, (1.0, 0.66, 0.34), 0.3)
    _plant(canvas, green, edge - place.side * 0.3, 0.62)
    canvas.band(0.76, 1.2, shade(cloth, 0.5))
    canvas.box(far - 0.3, 0.68, far + 0.3, 1.2, shade(cloth, 0.85))
    canvas.mottle(0.07, 2)


def _side_lit(canvas: BackdropCanvas, place: BackdropSpec, tint: Colour) -> None:
    """Light that falls on a wall from one side and fades towards the other."""
    x = canvas.aspect * (0.5 + place.side * 0.42)
    before = canvas.light.copy()
    canvas.light[:] = shade((1, 1, 1), 0.42)[0]
    canvas.glow(x, canvas.uniform(0.2, 0.4), 0.55, tint, 1.5 - 0.5 * place.dark)
    canvas.light *= before * 1.25


def stage(canvas: BackdropCanvas, place: BackdropSpec) -> None:
    """Beams from above through haze, lamps on a truss, the dark hall."""
    haze = place.colours[0]
    canvas.fade(shade(haze, 0.09), shade(haze, 0.03))
    for at in range(5):
        colour = canvas.pick(place.colours)
        x = canvas.aspect * (0.08 + 0.21 * at) + canvas.rng.normal(0, 0.02)
        foot, spread = x + canvas.rng.normal(0, 0.2), canvas.uniform(0.06, 0.13)
        for width, cover in ((1.0, 0.10), (0.6, 0.10), (0.25, 0.12)):
            beam = [(x - 0.01, 0.03), (x + 0.01, 0.03), (foot + spread * width, 1.1), (foot - spread * width, 1.1)]
            canvas.shape(beam, shade(colour, 0.9), cover)
        canvas.lamp(x, 0.03, 0.014, blend(colour, (1, 1, 1), 0.5), 12)
        canvas.glow(x, 0.03, 0.14, colour, 0.6)
    canvas.mottle(0.12, 3)
    lamps(canvas, place, count=24, top=0.62, bottom=0.95, power=0.5)


def space(canvas: BackdropCanvas, place: BackdropSpec) -> None:
    """Stars, clouds of gas, and the lit edge of a planet."""
    canvas.fade((0.004, 0.006, 0.016), (0.002, 0.003, 0.01))
    for _ in range(5):
        colour = canvas.pick(place.colours)
        x, y = canvas.uniform(0, canvas.aspect), canvas.uniform(0, 0.8)
        canvas.glow(x, y, canvas.uniform(0.12, 0.32), colour, canvas.uniform(0.05, 0.16))
    canvas.mottle(0.7, 4)
    for _ in range(260):
        x, y = canvas.across(), canvas.uniform(-0.1, 1)
        canvas.lamp(x, y, 0.0016, (0.9, 0.95, 1.0), canvas.rng.pareto(1.6) * 0.7)
    _planet(canvas, place)


def _planet(canvas: BackdropCanvas, place: BackdropSpec) -> None:
    """A large planet at the bottom: blue air along its rim, clouds on its day side."""
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


def hangar(canvas: BackdropCanvas, place: BackdropSpec) -> None:
    """A high hall of steel: ribs, a bright gate, rows of work lamps, a white craft."""
    steel = place.colours[0]
    centre = canvas.aspect * (0.5 + place.side * 0.22)
    canvas.fade(shade(steel, 0.22), shade(steel, 0.30))
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
    canvas.box(nose - 0.05, 0.3, nose + 0.05, 0.33, canvas.pick(place.colours[1:]))
    canvas.fade_ground(shade(steel, 0.35), 0.76)

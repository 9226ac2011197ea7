"""Rooms: windows, shelves, bricks and lamps."""

from __future__ import annotations

from nano_banana.providers.local.backdrops.canvas import Canvas, Colour
from nano_banana.providers.local.backdrops.place import Place, blend, pick, shade


def office(canvas: Canvas, place: Place) -> None:
    """An open-plan room: a wall of windows on the light's side, desks, screens, a plant, a ceiling with lamps."""
    wall, wood, green = place.colours[0], place.colours[1], place.colours[2]
    day: Colour = blend((0.78, 0.88, 1.0), (0.03, 0.05, 0.12), place.dark)
    canvas.fade(shade(wall, 0.30), shade(wall, 0.2), 0, 1)
    _windows(canvas, place, day)
    canvas.box(-0.2, 0.74, canvas.aspect + 0.2, 1.2, shade(wood, 0.2))
    for _ in range(5):
        x, y = canvas.rng.uniform(-0.1, canvas.aspect), canvas.rng.uniform(0.56, 0.66)
        width = canvas.rng.uniform(0.16, 0.3)
        canvas.box(x, y + 0.1, x + width, y + 0.14, shade(wood, 0.9))
        canvas.box(x + 0.02, y - 0.05, x + 0.11, y + 0.06, shade(wall, 0.08))
        canvas.box(
            x + 0.03, y - 0.04, x + 0.10, y + 0.04, blend((0.2, 0.4, 0.7), place.colours[-1], canvas.rng.uniform())
        )
    for _ in range(2):
        _plant(canvas, green, canvas.rng.uniform(0, canvas.aspect), canvas.rng.uniform(0.5, 0.62))
    for at in range(4):
        y = 0.03 + 0.045 * at
        x = canvas.aspect * 0.5 - place.side * (0.12 + 0.1 * at)
        canvas.lamp(x, y, 0.012, (1.0, 0.93, 0.8), 5 - at)
    canvas.mottle(0.06, 2)


def _windows(canvas: Canvas, place: Place, day: Colour) -> None:
    """Tall panes that get smaller with distance; blurred shapes of the town stand behind the glass."""
    x = 0.0 if place.side < 0 else canvas.aspect
    width, top, bottom = canvas.rng.uniform(0.2, 0.3), 0.02, 0.76
    x -= place.side * -0.08
    for _ in range(5):
        left, right = sorted((x, x - place.side * width))
        canvas.box(left, top, right, bottom, day)
        for _ in range(3):
            tower = canvas.rng.uniform(left, right)
            canvas.box(
                tower,
                canvas.rng.uniform(top + 0.2, bottom),
                tower + width * 0.3,
                bottom,
                shade(day, float(canvas.rng.uniform(0.4, 0.7))),
            )
        canvas.box(left, (top + bottom) * 0.42, right, (top + bottom) * 0.42 + 0.012, shade(place.colours[0], 0.2))
        x -= place.side * width * 1.13
        width, top, bottom = width * 0.72, top + 0.05, bottom - 0.045
    canvas.glow(0 if place.side < 0 else canvas.aspect, 0.35, 0.55, day, 0.22 * (1 - place.dark))


def _plant(canvas: Canvas, green: Colour, x: float, y: float) -> None:
    for _ in range(40):
        reach = canvas.rng.normal(0, 0.05, 2)
        leaf = shade(green, float(canvas.rng.uniform(0.25, 1.3)))
        canvas.blob(x + reach[0], y + reach[1] * 1.3, canvas.rng.uniform(0.008, 0.022), leaf, 0.8)
    canvas.box(x - 0.03, y + 0.1, x + 0.03, y + 0.18, shade(green, 0.2))


def library(canvas: Canvas, place: Place) -> None:
    """Shelves of books under a warm lamp."""
    wood = place.colours[0]
    canvas.fade(shade(wood, 0.10), shade(wood, 0.05), 0, 1)
    gap = canvas.rng.uniform(0.16, 0.2)
    floor = canvas.rng.uniform(-0.12, 0.0) + gap
    while floor < 1.15:
        x = -0.15
        while x < canvas.aspect + 0.15:
            width = canvas.rng.uniform(0.012, 0.034)
            tall = gap * canvas.rng.uniform(0.55, 0.88)
            if canvas.rng.uniform() > 0.08:
                spine = shade(pick(place.colours[1:], canvas.rng.uniform()), float(canvas.rng.uniform(0.25, 1.0)))
                canvas.box(x, floor - tall, x + width, floor, spine)
                canvas.box(x + width * 0.2, floor - tall * 0.7, x + width * 0.8, floor - tall * 0.6, shade(spine, 2.2))
            x += width * 1.06
        canvas.box(-0.2, floor, canvas.aspect + 0.2, floor + 0.02, shade(wood, 0.5))
        floor += gap
    upright = canvas.rng.uniform(0.1, 0.9) * canvas.aspect
    canvas.box(upright, -0.2, upright + 0.03, 1.2, shade(wood, 0.35))
    _lit(canvas, place, (1.0, 0.78, 0.5))


def brick(canvas: Canvas, place: Place) -> None:
    """A wall of old bricks, raked by light from one side."""
    tall, wide = 0.042, 0.125
    canvas.fade(shade(place.colours[1], 0.5), shade(place.colours[1], 0.4), 0, 1)
    for row in range(-4, 30):
        for column in range(-3, int(canvas.aspect / wide) + 4):
            x = (column + (row % 2) / 2) * wide + canvas.rng.normal(0, 0.001)
            tone = shade(place.colours[0], float(canvas.rng.uniform(0.55, 1.15)))
            tone = blend(tone, pick(place.colours[2:], canvas.rng.uniform()), float(canvas.rng.uniform(0, 0.4)))
            canvas.box(x, row * tall, x + wide * 0.93, row * tall + tall * 0.84, tone)
    canvas.mottle(0.2, 3)
    canvas.soften(0.004)
    _lit(canvas, place, (1.0, 0.9, 0.78))


def cafe(canvas: Canvas, place: Place) -> None:
    """A coffee house: dark wood, shelves of glass and bottles, pendant lamps, a window's edge."""
    wood = place.colours[0]
    canvas.fade(shade(wood, 0.16), shade(wood, 0.07), 0, 1)
    for shelf in (0.34, 0.5, 0.64):
        canvas.box(-0.2, shelf, canvas.aspect + 0.2, shelf + 0.012, shade(wood, 0.7))
        x = -0.1
        while x < canvas.aspect + 0.1:
            tall, width = canvas.rng.uniform(0.04, 0.11), canvas.rng.uniform(0.014, 0.03)
            glass = shade(pick(place.colours[1:], canvas.rng.uniform()), float(canvas.rng.uniform(0.1, 0.7)))
            canvas.box(x, shelf - tall, x + width, shelf, glass)
            canvas.lamp(x + width * 0.4, shelf - tall * 0.7, 0.004, (1.0, 0.8, 0.5), canvas.rng.uniform(0, 5))
            x += width + canvas.rng.uniform(0.004, 0.05)
    edge = 0.0 if place.side < 0 else canvas.aspect
    pane = blend((0.9, 1.0, 1.15), (0.05, 0.07, 0.16), place.dark)
    canvas.box(edge - 0.13, 0.05, edge + 0.13, 0.8, pane)
    canvas.glow(edge, 0.4, 0.4, pane, 0.25)
    start = canvas.rng.uniform(0.02, 0.2)
    for at in range(5):
        x, y = start + at * canvas.rng.uniform(0.17, 0.27), canvas.rng.uniform(0.08, 0.2)
        canvas.lamp(x, y, 0.018, (1.0, 0.7, 0.36), 11)
        canvas.glow(x, y, 0.16, (1.0, 0.6, 0.28), 0.5)
    canvas.box(-0.2, 0.78, canvas.aspect + 0.2, 0.82, shade(wood, 1.1))


def clinic(canvas: Canvas, place: Place) -> None:
    """A bright corridor: white walls, doors, rails, rows of ceiling lamps."""
    wall, accent = place.colours[0], place.colours[1]
    centre = canvas.aspect * canvas.rng.uniform(0.3, 0.7)
    canvas.fade(shade(wall, 0.55), shade(wall, 0.4), 0, 1)
    canvas.shape(
        [(-0.2, 1.2), (centre - 0.06, 0.58), (centre + 0.06, 0.58), (canvas.aspect + 0.2, 1.2)], shade(accent, 0.55)
    )
    canvas.box(centre - 0.07, 0.3, centre + 0.07, 0.58, (0.95, 1.0, 1.0))
    for step in range(5):
        off = 0.1 + 0.1 * step * (1 + 0.3 * step)
        for way in (-1, 1):
            tone = shade(accent, 0.8) if (step + way) % 2 else shade(wall, 0.6)
            left, right = sorted((centre + way * off, centre + way * (off + 0.05 + 0.03 * step)))
            canvas.box(left, 0.36 - 0.07 * step, right, 0.6 + 0.1 * step, tone)
        canvas.box(
            centre - 0.03 * (step + 1),
            0.25 - 0.085 * step,
            centre + 0.03 * (step + 1),
            0.265 - 0.08 * step,
            (3, 3.1, 3.1),
        )
    canvas.box(-0.2, 0.66, canvas.aspect + 0.2, 0.69, shade(accent, 0.9), 0.5)
    canvas.mottle(0.04, 2)


def home(canvas: Canvas, place: Place) -> None:
    """A living room: a curtained window, a lamp, a framed picture, a sofa."""
    wall, cloth, green = place.colours[0], place.colours[1], place.colours[2]
    canvas.fade(shade(wall, 0.42), shade(wall, 0.28), 0, 1)
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
    canvas.box(-0.2, 0.76, canvas.aspect + 0.2, 1.2, shade(cloth, 0.5))
    canvas.box(far - 0.3, 0.68, far + 0.3, 1.2, shade(cloth, 0.85))
    canvas.mottle(0.07, 2)


def _lit(canvas: Canvas, place: Place, tint: Colour) -> None:
    """Light that falls on a wall from one side and loses itself on the other."""
    x = canvas.aspect * (0.5 + place.side * 0.42)
    before = canvas.light.copy()
    canvas.light[:] = shade((1, 1, 1), 0.42)[0]
    canvas.glow(x, canvas.rng.uniform(0.2, 0.4), 0.55, tint, 1.5 - 0.5 * place.dark)
    canvas.light *= before * 1.25

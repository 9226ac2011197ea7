"""Towns: streets by day and night, neon, a skyline."""

from __future__ import annotations

from nano_banana.providers.local.backdrops.canvas import Canvas, Colour
from nano_banana.providers.local.backdrops.place import Place, blend, pick, shade
from nano_banana.providers.local.backdrops.studio import lamps

WARM: Colour = (1.0, 0.68, 0.34)


def street(canvas: Canvas, place: Place) -> None:
    """A street that runs away between houses: windows, lit shops, lamps, the shine of rain on the ground."""
    dark = place.dark
    sky = blend((0.75, 0.82, 0.92), (0.012, 0.02, 0.05), dark)
    centre = canvas.aspect * (0.5 - place.side * canvas.rng.uniform(0.05, 0.2))
    canvas.fade(sky, blend(sky, (0.8, 0.78, 0.75), 0.4 * (1 - dark)), 0, 0.64)
    stone = blend((0.22, 0.22, 0.23), (0.02, 0.022, 0.03), dark)
    canvas.fade(stone, shade(stone, 0.6), 0.64, 1)
    for way in (-1, 1):
        for step in range(5, -1, -1):
            near = 0.05 + 0.11 * step * (1 + 0.18 * step)
            _house(canvas, place, centre, way, near, 0.1 + 0.045 * step, 0.28 - 0.1 * step)
    canvas.mottle(0.06, 3)
    _traffic(canvas, place, centre)
    if place.wet:
        _wet(canvas)


def _house(canvas: Canvas, place: Place, centre: float, way: int, near: float, width: float, top: float) -> None:
    front = shade(
        pick(place.colours, canvas.rng.uniform()), float(canvas.rng.uniform(0.35, 0.8)) * (1 - 0.93 * place.dark)
    )
    left, right = sorted((centre + way * near, centre + way * (near + width * 1.25)))
    roof, floor = top + canvas.rng.normal(0, 0.03), 0.64 + near * 0.2
    canvas.box(left, roof, right, floor, front)
    storey = max(0.03, (floor - roof) / 6)
    y = roof + storey * 0.3
    while y < floor - storey * 1.6:
        for column in range(3):
            x = left + (right - left) * (0.14 + 0.29 * column)
            lit = canvas.rng.uniform() < 0.12 + 0.35 * place.dark
            glass = shade(WARM, float(canvas.rng.uniform(0.5, 1.6))) if lit else shade(front, 0.35)
            canvas.box(x, y, x + (right - left) * 0.17, y + storey * 0.6, glass)
        y += storey
    if canvas.rng.uniform() < 0.75:
        shop = blend(WARM, pick(place.colours, canvas.rng.uniform()), 0.25)
        canvas.box(left, floor - storey * 1.3, right, floor - storey * 0.2, shade(shop, 0.7 + 0.9 * place.dark))
        canvas.box(
            left,
            floor - storey * 1.55,
            right,
            floor - storey * 1.3,
            shade(pick(place.colours, canvas.rng.uniform()), 0.4),
        )
        canvas.glow((left + right) / 2, floor - storey * 0.6, 0.1, shop, 0.25 + 0.3 * place.dark)


def _traffic(canvas: Canvas, place: Place, centre: float) -> None:
    """Street lamps, tail lights, a signal."""
    power = 3 + 6 * place.dark
    for step in range(5):
        off = 0.09 + 0.09 * step * (1 + 0.2 * step)
        for way in (-1, 1):
            canvas.lamp(centre + way * off, 0.4 - 0.055 * step, 0.006 + 0.001 * step, (1.0, 0.76, 0.44), power)
    for _ in range(5 + round(9 * place.dark)):
        x, y = centre + canvas.rng.normal(0, 0.13), 0.64 + abs(canvas.rng.normal(0, 0.03))
        colour: Colour = (1.0, 0.05, 0.03) if canvas.rng.uniform() < 0.55 else (1.0, 0.92, 0.75)
        canvas.lamp(x, y, 0.006, colour, power * canvas.rng.uniform(0.5, 1.4))
    signal = [(1.0, 0.05, 0.04), (0.1, 1.0, 0.5), (1.0, 0.5, 0.05)][int(canvas.rng.integers(3))]
    canvas.lamp(centre - 0.2 * place.side, 0.42, 0.008, signal, power)
    lamps(canvas, place, count=round(26 * place.dark) + 2, top=0.3, bottom=0.66, power=1.2)


def _wet(canvas: Canvas) -> None:
    """Mirror what stands above the kerb in the ground, stretched downwards and dimmed."""
    line = round(canvas.at(0.66))
    below = canvas.light.shape[0] - line
    mirrored = canvas.light[line - 1 : line - 1 - below : -1]
    smeared = mirrored.copy()
    for shift in (3, 7, 12, 18):
        smeared[shift:] += mirrored[:-shift]
    canvas.light[line:] = canvas.light[line:] * 0.6 + smeared / 5 * 0.75


def neon(canvas: Canvas, place: Place) -> None:
    """A narrow street of the future at night: tubes of coloured light, signs, haze, rain on the ground."""
    canvas.fade((0.008, 0.008, 0.03), (0.03, 0.012, 0.06), 0, 1)
    centre = canvas.aspect * canvas.rng.uniform(0.35, 0.65)
    for way in (-1, 1):
        canvas.glow(centre + way * 0.35, 0.35, 0.4, pick(place.colours, canvas.rng.uniform()), 0.22)
        for _ in range(11):
            colour = pick(place.colours, canvas.rng.uniform())
            off = canvas.rng.uniform(0.08, 0.62)
            x, y = centre + way * off, canvas.rng.uniform(0.02, 0.6)
            tall = canvas.rng.uniform(0.05, 0.2)
            style = canvas.rng.uniform()
            if style < 0.5:
                canvas.box(x, y, x + 0.012, y + tall, shade(colour, 5))
            elif style < 0.8:
                canvas.box(x, y, x + tall * 0.6, y + 0.011, shade(colour, 5))
            else:
                canvas.box(x, y, x + 0.07, y + tall * 0.6, shade(colour, 0.9))
                canvas.box(
                    x + 0.012, y + 0.012, x + 0.058, y + tall * 0.6 - 0.012, shade(blend(colour, (1, 1, 1), 0.3), 2.2)
                )
            canvas.glow(x, y + tall / 2, 0.12, colour, 0.16)
    lamps(canvas, place, count=36, top=0.25, bottom=0.68, power=1.6)
    _wet(canvas)


def skyline(canvas: Canvas, place: Place) -> None:
    """A roof above the town: layers of towers that fade with distance, lights by night."""
    low = blend(place.colours[1], (0.02, 0.02, 0.05), place.dark * 0.6)
    canvas.fade(blend(place.colours[0], (0.008, 0.012, 0.04), place.dark), low, 0, 0.75)
    canvas.fade(low, shade(low, 0.3), 0.75, 1)
    canvas.glow(canvas.aspect * (0.5 + place.side * 0.3), 0.6, 0.4, place.colours[1], 0.5)
    for layer in range(4):
        share = (layer + 1) / 4
        tone = blend(low, shade(place.colours[2], 0.22 * (1 - 0.85 * place.dark)), share)
        x = -0.15
        while x < canvas.aspect + 0.15:
            width, top = canvas.rng.uniform(0.04, 0.1), canvas.rng.uniform(0.32, 0.6) + 0.1 * layer
            canvas.box(x, top, x + width, 1.2, tone)
            for _ in range(round(9 * (0.15 + place.dark) * share)):
                spot = (x + canvas.rng.uniform(0, width), canvas.rng.uniform(top, 0.95))
                canvas.lamp(
                    *spot, 0.004, blend(WARM, (1, 1, 1), float(canvas.rng.uniform(0, 0.5))), canvas.rng.uniform(2, 9)
                )
            x += width * canvas.rng.uniform(0.8, 1.3)

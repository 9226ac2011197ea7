"""Painted backdrops outdoors: nature, streets, a skyline."""

from __future__ import annotations

import numpy as np

from nano_banana.providers.local.backdrop_canvas import BackdropCanvas, BackdropSpec, Colour, blend, shade
from nano_banana.providers.local.backdrops_indoor import lamps


def forest(canvas: BackdropCanvas, place: BackdropSpec) -> None:
    """Trunks and leaves; the sky shines through as discs."""
    leaf, light = place.colours[0], place.colours[1]
    canvas.fade(shade(leaf, 0.55), shade(leaf, 0.28))
    canvas.glow(canvas.aspect * (0.5 + place.side * 0.25), 0.3, 0.45, light, 0.5 * (1 - 0.8 * place.dark))
    canvas.mottle(0.35, 5, (0.9, 1, 0.8))
    for _ in range(7):
        x, width = canvas.across(), canvas.uniform(0.015, 0.055)
        lean = canvas.rng.normal(0, 0.03)
        bark = shade(place.colours[2], canvas.uniform(0.06, 0.3))
        canvas.shape([(x, -0.2), (x + width, -0.2), (x + width * 1.25 + lean, 1.2), (x + lean, 1.2)], bark, 0.9)
    for _ in range(420):
        x, y = canvas.across(), canvas.rng.triangular(-0.15, 0.1, 0.95)
        tone = shade(blend(leaf, light, canvas.uniform(0, 0.6)), canvas.uniform(0.2, 1.5))
        canvas.blob(x, y, canvas.uniform(0.006, 0.02), shade(tone, 1 - 0.8 * place.dark), 0.7)
    for _ in range(70):
        x, y = canvas.across(), canvas.rng.triangular(-0.1, 0.15, 0.75)
        canvas.lamp(x, y, 0.005, blend(light, (1, 1, 1), 0.4), canvas.rng.pareto(2) * 5 * (1 - 0.85 * place.dark))
    canvas.fade_ground(shade(leaf, 0.3), 0.82)
    weather(canvas, place)


def field(canvas: BackdropCanvas, place: BackdropSpec) -> None:
    """Open land under a low sun: a bright sky, a dark tree line, long grass."""
    sky, sun, grass = place.colours[0], place.colours[1], place.colours[2]
    canvas.fade(shade(sky, 0.8), blend(sky, shade(sun, 1.25), 0.8), 0, 0.58)
    x = canvas.aspect * (0.5 + place.side * canvas.uniform(0.22, 0.36))
    canvas.glow(x, 0.45, 0.5, sun, 0.8)
    canvas.lamp(x, 0.43, 0.03, blend(sun, (1, 1, 1), 0.4), 9)
    canvas.shape([*_ridge(canvas, 0.55, 0.02), (canvas.aspect + 0.2, 1.3), (-0.2, 1.3)], shade(grass, 0.35))
    canvas.fade(blend(grass, sun, 0.45), shade(grass, 0.35), 0.58, 1)
    for _ in range(500):
        tip = canvas.across(), canvas.uniform(0.58, 1.1)
        tone = blend(shade(grass, canvas.uniform(0.3, 1.2)), sun, canvas.uniform(0, 0.55))
        canvas.box(tip[0], tip[1] - canvas.uniform(0.01, 0.06), tip[0] + 0.005, tip[1], tone, 0.8)
    for _ in range(28):
        x, y = canvas.uniform(0, canvas.aspect), canvas.uniform(0.5, 0.95)
        canvas.lamp(x, y, 0.004, blend(sun, (1, 1, 1), 0.2), canvas.rng.pareto(2) * 4)
    weather(canvas, place)


def coast(canvas: BackdropCanvas, place: BackdropSpec) -> None:
    """Sea and sky, sparks on the water, pale sand."""
    sky, sea, sand = place.colours[0], place.colours[1], place.colours[2]
    night = 1 - 0.93 * place.dark
    canvas.fade(shade(sky, 0.75 * night), shade(blend(sky, (1, 0.93, 0.85), 0.55), night), 0, 0.52)
    canvas.mottle(0.07, 3)
    canvas.glow(canvas.aspect * (0.5 + place.side * 0.3), 0.4, 0.4, (1.0, 0.85, 0.66), 0.4 * night)
    canvas.fade(shade(sea, 0.75 * night), shade(sea, 0.55 * night), 0.52, 0.78)
    for _ in range(190):
        y = 0.52 + 0.25 * canvas.uniform() ** 1.6
        x = canvas.aspect * (0.5 + place.side * 0.3) + canvas.rng.normal(0, 0.25)
        canvas.lamp(x, y, 0.003, (1.0, 0.92, 0.8), canvas.rng.pareto(2.2) * 2.5 * night)
    for y in (0.7, 0.745, 0.775):
        canvas.band(y, y + 0.008, shade((0.9, 0.95, 1.0), night), 0.6)
    canvas.fade(shade(sand, 0.8 * night), shade(sand, 0.6 * night), 0.785, 1)


def mountains(canvas: BackdropCanvas, place: BackdropSpec) -> None:
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


def garden(canvas: BackdropCanvas, place: BackdropSpec) -> None:
    """A hedge in flower, near and very soft."""
    leaf = place.colours[0]
    canvas.fade(shade(leaf, 0.8), shade(leaf, 0.35))
    canvas.glow(canvas.aspect * (0.5 + place.side * 0.25), 0.25, 0.5, place.colours[1], 0.55)
    canvas.mottle(0.4, 6, (0.85, 1, 0.8))
    for _ in range(220):
        tone = shade(leaf, canvas.uniform(0.25, 1.7))
        canvas.blob(canvas.across(), canvas.uniform(0, 1.1), canvas.uniform(0.01, 0.03), tone, 0.6)
    for _ in range(60):
        bloom = shade(canvas.pick(place.colours[2:]), canvas.uniform(0.5, 1.4))
        canvas.blob(canvas.across(), canvas.rng.triangular(0.1, 0.8, 1.1), canvas.uniform(0.01, 0.032), bloom, 0.9)
    for _ in range(30):
        x, y = canvas.uniform(0, canvas.aspect), canvas.uniform(0, 0.6)
        canvas.lamp(x, y, 0.005, place.colours[1], canvas.rng.pareto(2) * 3)


def weather(canvas: BackdropCanvas, place: BackdropSpec) -> None:
    """Snow on the ground and in the air, where it falls."""
    if not place.snowy:
        return
    canvas.fade_ground((0.75, 0.82, 0.92), 0.62)
    canvas.light[:] = canvas.light * 0.72 + 0.2
    for _ in range(260):
        x, y = canvas.across(), canvas.uniform(-0.1, 1.1)
        canvas.lamp(x, y, canvas.uniform(0.002, 0.006), (0.95, 0.97, 1.0), canvas.uniform(0.5, 2.5))


def _ridge(canvas: BackdropCanvas, level: float, rough: float) -> list[tuple[float, float]]:
    """A line of peaks around `level`, from left to right: a random walk that returns to it."""
    xs = np.linspace(-0.2, canvas.aspect + 0.2, 40)
    steps = canvas.rng.standard_normal(40)
    ys, height = [], 0.0
    for step in steps:
        height = height * 0.8 + float(step) * 0.5
        ys.append(level + rough * height)
    return [(float(x), y) for x, y in zip(xs, ys, strict=True)]


WARM_LIGHT: Colour = (1.0, 0.68, 0.34)


def street(canvas: BackdropCanvas, place: BackdropSpec) -> None:
    """A street between houses: windows, lit shops, lamps, reflections of rain on the ground."""
    dark = place.dark
    sky = blend((0.75, 0.82, 0.92), (0.012, 0.02, 0.05), dark)
    centre = canvas.aspect * (0.5 - place.side * canvas.uniform(0.05, 0.2))
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


def _house(
    canvas: BackdropCanvas, place: BackdropSpec, centre: float, way: int, near: float, width: float, top: float
) -> None:
    front = shade(canvas.pick(place.colours), canvas.uniform(0.35, 0.8) * (1 - 0.93 * place.dark))
    left, right = sorted((centre + way * near, centre + way * (near + width * 1.25)))
    roof, floor = top + canvas.rng.normal(0, 0.03), 0.64 + near * 0.2
    canvas.box(left, roof, right, floor, front)
    storey = max(0.03, (floor - roof) / 6)
    y = roof + storey * 0.3
    while y < floor - storey * 1.6:
        for column in range(3):
            x = left + (right - left) * (0.14 + 0.29 * column)
            lit = canvas.uniform() < 0.12 + 0.35 * place.dark
            glass = shade(WARM_LIGHT, canvas.uniform(0.5, 1.6)) if lit else shade(front, 0.35)
            canvas.box(x, y, x + (right - left) * 0.17, y + storey * 0.6, glass)
        y += storey
    if canvas.uniform() < 0.75:
        shop = blend(WARM_LIGHT, canvas.pick(place.colours), 0.25)
        canvas.box(left, floor - storey * 1.3, right, floor - storey * 0.2, shade(shop, 0.7 + 0.9 * place.dark))
        canvas.box(left, floor - storey * 1.55, right, floor - storey * 1.3, shade(canvas.pick(place.colours), 0.4))
        canvas.glow((left + right) / 2, floor - storey * 0.6, 0.1, shop, 0.25 + 0.3 * place.dark)


def _traffic(canvas: BackdropCanvas, place: BackdropSpec, centre: float) -> None:
    """Street lamps, tail lights, a signal."""
    power = 3 + 6 * place.dark
    for step in range(5):
        off = 0.09 + 0.09 * step * (1 + 0.2 * step)
        for way in (-1, 1):
            canvas.lamp(centre + way * off, 0.4 - 0.055 * step, 0.006 + 0.001 * step, (1.0, 0.76, 0.44), power)
    for _ in range(5 + round(9 * place.dark)):
        x, y = centre + canvas.rng.normal(0, 0.13), 0.64 + abs(canvas.rng.normal(0, 0.03))
        colour: Colour = (1.0, 0.05, 0.03) if canvas.uniform() < 0.55 else (1.0, 0.92, 0.75)
        canvas.lamp(x, y, 0.006, colour, power * canvas.uniform(0.5, 1.4))
    signal = [(1.0, 0.05, 0.04), (0.1, 1.0, 0.5), (1.0, 0.5, 0.05)][int(canvas.rng.integers(3))]
    canvas.lamp(centre - 0.2 * place.side, 0.42, 0.008, signal, power)
    lamps(canvas, place, count=round(26 * place.dark) + 2, top=0.3, bottom=0.66, power=1.2)


def _wet(canvas: BackdropCanvas) -> None:
    """Mirror what is above the kerb in the ground, stretched downwards and dimmed."""
    line = round(canvas.at(0.66))
    below = canvas.light.shape[0] - line
    mirrored = canvas.light[line - 1 : line - 1 - below : -1]
    smeared = mirrored.copy()
    for shift in (3, 7, 12, 18):
        smeared[shift:] += mirrored[:-shift]
    canvas.light[line:] = canvas.light[line:] * 0.6 + smeared / 5 * 0.75


def neon(canvas: BackdropCanvas, place: BackdropSpec) -> None:
    """A narrow futuristic street at night: neon tubes, signs, haze, rain on the ground."""
    canvas.fade((0.008, 0.008, 0.03), (0.03, 0.012, 0.06))
    centre = canvas.aspect * canvas.uniform(0.35, 0.65)
    for way in (-1, 1):
        canvas.glow(centre + way * 0.35, 0.35, 0.4, canvas.pick(place.colours), 0.22)
        for _ in range(11):
            colour = canvas.pick(place.colours)
            off = canvas.uniform(0.08, 0.62)
            x, y = centre + way * off, canvas.uniform(0.02, 0.6)
            tall = canvas.uniform(0.05, 0.2)
            style = canvas.uniform()
            if style < 0.5:
                canvas.box(x, y, x + 0.012, y + tall, shade(colour, 5))
            elif style < 0.8:
                canvas.box(x, y, x + tall * 0.6, y + 0.011, shade(colour, 5))
            else:
                canvas.box(x, y, x + 0.07, y + tall * 0.6, shade(colour, 0.9))
                pale = shade(blend(colour, (1, 1, 1), 0.3), 2.2)
                canvas.box(x + 0.012, y + 0.012, x + 0.058, y + tall * 0.6 - 0.012, pale)
            canvas.glow(x, y + tall / 2, 0.12, colour, 0.16)
    lamps(canvas, place, count=36, top=0.25, bottom=0.68, power=1.6)
    _wet(canvas)


def skyline(canvas: BackdropCanvas, place: BackdropSpec) -> None:
    """The view from a roof: layers of towers that fade with distance, lights at night."""
    low = blend(place.colours[1], (0.02, 0.02, 0.05), place.dark * 0.6)
    canvas.fade(blend(place.colours[0], (0.008, 0.012, 0.04), place.dark), low, 0, 0.75)
    canvas.fade(low, shade(low, 0.3), 0.75, 1)
    canvas.glow(canvas.aspect * (0.5 + place.side * 0.3), 0.6, 0.4, place.colours[1], 0.5)
    for layer in range(4):
        share = (layer + 1) / 4
        tone = blend(low, shade(place.colours[2], 0.22 * (1 - 0.85 * place.dark)), share)
        x = -0.15
        while x < canvas.aspect + 0.15:
            width, top = canvas.uniform(0.04, 0.1), canvas.uniform(0.32, 0.6) + 0.1 * layer
            canvas.box(x, top, x + width, 1.2, tone)
            for _ in range(round(9 * (0.15 + place.dark) * share)):
                spot = (x + canvas.uniform(0, width), canvas.uniform(top, 0.95))
                canvas.lamp(*spot, 0.004, blend(WARM_LIGHT, (1, 1, 1), canvas.uniform(0, 0.5)), canvas.uniform(2, 9))
            x += width * canvas.uniform(0.8, 1.3)

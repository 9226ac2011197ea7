"""Where the person stands: eyes at a good height, nothing cut off."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from nano_banana.providers.local.cutout import Cutout
from nano_banana.providers.local.pixels import Pixels, f32, floats, image, smooth

EYES = 0.405
"""Height of the eyes in a portrait, from the top."""


GROWS = (0.8, 0.9, 1.0, 1.12, 1.25, 1.4, 1.6, 1.85, 2.1)
"""How much larger than wished a person may stand in a picture, so that no cut edge is seen."""

CLOSE = (0.85, 0.92, 1.0, 1.1)
"""The same where others stand beside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """A cut-out enlarged `scale` times with its top left corner at (`left`, `top`); `cost`: how ill it fits."""

    scale: float
    left: float
    top: float
    cost: float
    mirror: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A person in the picture's own frame: `pixels` and `alpha` as large as it, the face's box and the enlargement."""

    pixels: Pixels
    alpha: Pixels
    face: tuple[float, float, float, float]
    scale: float


def choose(
    cutouts: Sequence[Cutout],
    width: int,
    height: int,
    crop: float,
    rng: np.random.Generator,
    grows: Sequence[float] = GROWS,
) -> tuple[Cutout, Placing]:
    """Pick one of the cut-outs that fit the wished crop about as well as the best, and say where it goes."""
    tilt, mirror = float(rng.normal(0, 0.012)), bool(rng.uniform() < 0.35)
    placed = [
        (cutout, best(cutout, (width, height), crop * math.exp(float(rng.normal(0, 0.08))), tilt, grows))
        for cutout in cutouts
    ]
    least = min(placing.cost for _, placing in placed)
    fitting = [pair for pair in placed if pair[1].cost <= least * 1.25 + 0.12]
    cutout, placing = fitting[int(rng.integers(len(fitting)))]
    if mirror:
        across = width - placing.left - cutout.size[0] * placing.scale
        placing = Placing(scale=placing.scale, left=across, top=placing.top, cost=placing.cost, mirror=True)
    return cutout, placing


def best(
    cutout: Cutout, size: tuple[int, int], crop: float, shift: float = 0.0, grows: Sequence[float] = GROWS
) -> Placing:
    """The place with the least cost among a few hundred."""
    borders = _borders(cutout)
    wished = crop * size[1] / cutout.face.height
    tries = (
        _placing(cutout, borders, size, wished, wished * grow, EYES + up, 0.5 + shift + across)
        for grow in grows
        for up in (-0.06, -0.03, 0.0, 0.04, 0.08)
        for across in (-0.1, -0.05, 0.0, 0.05, 0.1)
    )
    return min(tries, key=lambda placing: placing.cost)


def _borders(cutout: Cutout) -> Pixels:
    """Points of the photo's edges where the person is cut off (x, y in pixels), weighed by how much of them."""
    width, height = cutout.size
    alpha = cutout.alpha
    rows, columns = np.arange(0, height, 6), np.arange(0, width, 6)
    sides = [
        np.stack([np.zeros(len(rows)), rows, alpha[rows, min(1, width - 1)]], axis=-1),
        np.stack([np.full(len(rows), width - 1), rows, alpha[rows, max(0, width - 2)]], axis=-1),
        np.stack([columns, np.zeros(len(columns)), alpha[min(1, height - 1), columns]], axis=-1),
        np.stack([columns, np.full(len(columns), height - 1), alpha[max(0, height - 2), columns]], axis=-1),
    ]
    points = f32(np.concatenate(sides))
    return points[points[:, 2] > 0.25]


def _placing(
    cutout: Cutout, borders: Pixels, size: tuple[int, int], wished: float, scale: float, eyes: float, across: float
) -> Placing:
    width, height = size
    (x0, y0), (x1, y1) = cutout.face.eyes
    left = across * width - (x0 + x1) / 2 * scale
    top = eyes * height - (y0 + y1) / 2 * scale
    x, y = borders[:, 0] * scale + left, borders[:, 1] * scale + top
    inside = (x > 1) & (x < width - 2) & (y > 1) & (y < height - 2)
    seen = float((borders[inside, 2]).sum()) * 6 * scale / height
    crown = (cutout.face.top - cutout.face.height * 0.55) * scale + top
    cost = 3.0 * seen + abs(math.log(scale / wished)) * 0.8 + abs(eyes - EYES) * 2.5 + abs(across - 0.5) * 1.5
    cost += max(0.0, -crown / height) * 3 + max(0.0, scale - 3.2) * 0.25
    return Placing(scale=scale, left=left, top=top, cost=cost)


def put(cutout: Cutout, placing: Placing, width: int, height: int) -> Figure:
    """Draw the cut-out where it belongs, sharpened by as much as it is enlarged."""
    layers = np.dstack([cutout.pixels, _faded(cutout, placing, width, height)])
    if placing.mirror:
        layers = layers[:, ::-1]
    box = (
        -placing.left / placing.scale,
        -placing.top / placing.scale,
        (width - placing.left) / placing.scale,
        (height - placing.top) / placing.scale,
    )
    pixels = np.dstack([_window(layers[..., at], box, width, height) for at in range(4)])
    face = cutout.face
    across = cutout.size[0] - face.left - face.width if placing.mirror else face.left
    corner = (across * placing.scale + placing.left, face.top * placing.scale + placing.top)
    return Figure(
        pixels=np.ascontiguousarray(pixels[..., :3]),
        alpha=np.ascontiguousarray(np.clip(pixels[..., 3], 0, 1)),
        face=(*corner, face.width * placing.scale, face.height * placing.scale),
        scale=placing.scale,
    )


def _window(layer: Pixels, box: tuple[float, float, float, float], width: int, height: int) -> Pixels:
    """The part of one channel inside `box` (which may reach beyond it) at `width` × `height`."""
    edge = 2
    padded = np.pad(layer, edge)
    source = image(padded)
    scale = (box[2] - box[0]) / width
    matrix: tuple[float, ...] = (scale, 0.0, box[0] + edge, 0.0, scale, box[1] + edge)
    if scale > 1.3:
        source = source.reduce(int(scale + 0.3))
        matrix = tuple(number / int(scale + 0.3) for number in matrix)
    drawn = source.transform((width, height), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    return floats(drawn)


def _faded(cutout: Cutout, placing: Placing, width: int, height: int) -> Pixels:
    """The alpha, let out softly at those of the photo's edges that fall into the picture."""
    across, down = cutout.size
    left, top = (
        (width - placing.left - across * placing.scale, placing.top) if placing.mirror else (placing.left, placing.top)
    )
    right, bottom = left + across * placing.scale, top + down * placing.scale
    x, y = np.arange(across, dtype=np.float32), np.arange(down, dtype=np.float32)
    alpha = cutout.alpha
    reach = 0.09
    if left > 1:
        alpha = alpha * smooth(0, across * reach, x)[None, :]
    if right < width - 1:
        alpha = alpha * smooth(0, across * reach, across - 1 - x)[None, :]
    if bottom < height - 1:
        alpha = alpha * smooth(0, down * reach * 1.6, down - 1 - y)[:, None]
    return f32(alpha)

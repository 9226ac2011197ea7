"""People cut out of photos: edge, placement, alignment and clothes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from PIL import Image

from nano_banana.faces.face import Face
from nano_banana.faces.face_detection import find_faces
from nano_banana.faces.person_mask import person_matte
from nano_banana.providers.local.backdrop_canvas import Colour
from nano_banana.providers.local.local_job import Size
from nano_banana.providers.local.pixel_math import (
    Pixels,
    as_float32,
    blurred,
    luma,
    mixed,
    pixel_grid,
    resized,
    smoothstep,
    to_display,
    to_floats,
    to_image,
    to_linear,
)

FaceBox: TypeAlias = tuple[float, float, float, float]
"""A face's left, top, width and height in pixels."""

MAX_CUTOUT_SIDE = 720
"""A cut-out's longer side in pixels, at most."""


class Cutout(Struct, frozen=True, kw_only=True):
    """A person: `pixels` height × width × 3 and `alpha` height × width (display values, 0–1).

    Colours continue a little beyond the edge, so that no old background shows. `plain` is true if the edge is only
    an oval around the figure.
    """

    pixels: Pixels
    alpha: Pixels
    face: Face
    plain: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.alpha.shape[1], self.alpha.shape[0]

    def face_tone(self) -> Pixels:
        """The mean colour of the middle of the face (3 display values)."""
        face = self.face
        rows = slice(int(face.top + face.height * 0.35), int(face.top + face.height * 0.75) + 1)
        columns = slice(int(face.left + face.width * 0.25), int(face.left + face.width * 0.75) + 1)
        return np.asarray(self.pixels[rows, columns].reshape(-1, 3).mean(axis=0), np.float32)


def cut_out(photo: Image.Image, mask: Pixels | None = None) -> Cutout:
    """Cut the person out of an RGB photo (scaled down to 720 pixels if it is larger).

    The face is the largest, or with a `mask` (height × width, any size, 0–1) the one that most of it lies on.
    """
    small = photo.copy()
    small.thumbnail((MAX_CUTOUT_SIDE, MAX_CUTOUT_SIDE), Image.Resampling.LANCZOS)
    rgb = np.asarray(small, np.uint8)
    faces = find_faces(rgb)
    pixels = to_floats(small)
    wanted = None if mask is None else resized(mask, *small.size)
    face = max(faces, key=lambda one: mask_coverage(wanted, one) * one.width) if faces else guess_face(pixels)
    alpha = person_matte(rgb)
    if alpha is None or float(alpha.mean()) < 0.02:
        return Cutout(pixels=pixels, alpha=oval_mask(pixels.shape[0], pixels.shape[1], face), face=face, plain=True)
    return Cutout(pixels=_decontaminated(pixels, alpha), alpha=alpha, face=face)


def mask_coverage(mask: Pixels | None, face: Face) -> float:
    """The mean of the mask over the face's box (1 without a mask)."""
    if mask is None:
        return 1.0
    part = mask[face_area(face)]
    return float(part.mean()) if part.size else 0.0


def face_area(face: Face) -> tuple[slice[int, int, None], slice[int, int, None]]:
    """The rows and columns of a face's box."""
    rows = slice(max(0, round(face.top)), max(1, round(face.top + face.height)))
    return rows, slice(max(0, round(face.left)), max(1, round(face.left + face.width)))


def _decontaminated(pixels: Pixels, alpha: Pixels) -> Pixels:
    """The person's own colours, extended over the edge, where the old background is mixed in."""
    sure = smoothstep(0.86, 0.99, alpha)
    around = blurred(sure, 2.0)
    spread = blurred(pixels * sure[..., None], 2.0) / np.maximum(around, 1e-3)[..., None]
    keep = np.maximum(smoothstep(0.75, 0.97, alpha), 1 - smoothstep(0.02, 0.2, around))
    return as_float32(np.clip(pixels * keep[..., None] + spread * (1 - keep)[..., None], 0, 1))


def oval_mask(height: int, width: int, face: Face) -> Pixels:
    """A soft oval around head and shoulders, used if there is no better edge."""
    x, y = pixel_grid(height, width)
    centre = (face.left + face.width / 2) / width
    across = (x - centre) / max(face.width / width * 1.25, 1e-3)
    down = (y - (face.top + face.height * 0.75) / height) / max(face.height / height * 1.35, 1e-3)
    return as_float32(1 - smoothstep(0.72, 1.05, as_float32(np.sqrt(across**2 + down**2))))


def guess_face(pixels: Pixels) -> Face:
    """Where a face probably is: among skin colours in the upper middle, else in the usual place."""
    height, width = pixels.shape[:2]
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    total = pixels.sum(axis=-1) + 1e-4
    x, y = pixel_grid(height, width)
    middle = np.exp(-(((x - 0.5) / 0.28) ** 2) - ((y - 0.36) / 0.26) ** 2)
    skin = smoothstep(0.02, 0.1, (red - green) / total) * smoothstep(0.0, 0.06, (green - blue) / total)
    likely = skin * smoothstep(0.25, 0.5, red) * middle + 0.01 * middle
    likely /= likely.sum()
    across, down = float((likely * x).sum()), float((likely * y).sum())
    spread = float(np.sqrt((likely * (x - across) ** 2).sum()))
    wide = min(max(spread * 2.6, 0.16), 0.5) * width
    left, top = across * width - wide / 2, down * height - wide * 0.62
    eyes = ((left + wide * 0.3, top + wide * 0.5), (left + wide * 0.7, top + wide * 0.5))
    return Face(left=left, top=top, width=wide, height=wide * 1.25, eyes=eyes, score=0.0)


EYE_HEIGHT = 0.405
"""Height of the eyes in a portrait, from the top."""


ENLARGEMENTS = (0.8, 0.9, 1.0, 1.12, 1.25, 1.4, 1.6, 1.85, 2.1)
"""How much larger than asked for a person may be drawn, so that no cut edge is visible."""

ENLARGEMENTS_BESIDE = (0.85, 0.92, 1.0, 1.1)
"""The same in a group."""


class Placement(Struct, frozen=True, kw_only=True):
    """A cut-out enlarged `scale` times with its top left corner at (`left`, `top`); a lower `cost` is a better fit."""

    scale: float
    left: float
    top: float
    cost: float
    mirror: bool = False


class Figure(Struct, frozen=True, kw_only=True):
    """A person placed in the picture: `pixels` and `alpha` of its size, the face's box and the enlargement."""

    pixels: Pixels
    alpha: Pixels
    face: FaceBox
    scale: float


def choose_cutout(
    cutouts: Sequence[Cutout],
    width: int,
    height: int,
    crop: float,
    rng: np.random.Generator,
    grows: Sequence[float] = ENLARGEMENTS,
) -> tuple[Cutout, Placement]:
    """Pick one of the cut-outs that fit the crop about as well as the best one, and its place."""
    tilt, mirror = float(rng.normal(0, 0.012)), bool(rng.uniform() < 0.35)
    placed = [
        (cutout, best_placement(cutout, (width, height), crop * math.exp(float(rng.normal(0, 0.08))), tilt, grows))
        for cutout in cutouts
    ]
    least = min(placing.cost for _, placing in placed)
    fitting = [pair for pair in placed if pair[1].cost <= least * 1.25 + 0.12]
    cutout, placing = fitting[int(rng.integers(len(fitting)))]
    if mirror:
        placing = replace(placing, left=width - placing.left - cutout.size[0] * placing.scale, mirror=True)
    return cutout, placing


def best_placement(
    cutout: Cutout, size: tuple[int, int], crop: float, shift: float = 0.0, grows: Sequence[float] = ENLARGEMENTS
) -> Placement:
    """The place with the least cost among a few hundred."""
    borders = _borders(cutout)
    wished = crop * size[1] / cutout.face.height
    tries = (
        _placement(cutout, borders, size, wished, wished * grow, EYE_HEIGHT + up, 0.5 + shift + across)
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
    points = as_float32(np.concatenate(sides))
    return points[points[:, 2] > 0.25]


def _placement(
    cutout: Cutout, borders: Pixels, size: tuple[int, int], wished: float, scale: float, eyes: float, across: float
) -> Placement:
    width, height = size
    (x0, y0), (x1, y1) = cutout.face.eyes
    left = across * width - (x0 + x1) / 2 * scale
    top = eyes * height - (y0 + y1) / 2 * scale
    x, y = borders[:, 0] * scale + left, borders[:, 1] * scale + top
    inside = (x > 1) & (x < width - 2) & (y > 1) & (y < height - 2)
    seen = float((borders[inside, 2]).sum()) * 6 * scale / height
    crown = (cutout.face.top - cutout.face.height * 0.55) * scale + top
    cost = 3.0 * seen + abs(math.log(scale / wished)) * 0.8 + abs(eyes - EYE_HEIGHT) * 2.5 + abs(across - 0.5) * 1.5
    cost += max(0.0, -crown / height) * 3 + max(0.0, scale - 3.2) * 0.25
    return Placement(scale=scale, left=left, top=top, cost=cost)


def place_cutout(cutout: Cutout, placing: Placement, width: int, height: int) -> Figure:
    """Draw the cut-out at its place."""
    layers = np.dstack([cutout.pixels, _faded(cutout, placing, width, height)])
    if placing.mirror:
        layers = layers[:, ::-1]
    left, right = -placing.left / placing.scale, (width - placing.left) / placing.scale
    window = ((right - left) / width, left, -placing.top / placing.scale)
    face, scale = cutout.face, placing.scale
    across = cutout.size[0] - face.left - face.width if placing.mirror else face.left
    box = (across * scale + placing.left, face.top * scale + placing.top, face.width * scale, face.height * scale)
    return _figure([_resample_window(layers[..., at], window, (width, height)) for at in range(4)], box, scale)


def _figure(layers: Sequence[Pixels], face: FaceBox, scale: float) -> Figure:
    """The figure of three colour layers and one of alpha."""
    return Figure(pixels=np.dstack(layers[:3]), alpha=np.clip(layers[3], 0, 1), face=face, scale=scale)


def _resample_window(layer: Pixels, window: tuple[float, float, float], size: Size) -> Pixels:
    """One channel from the window's left and top on (which may lie beyond it), at its pixels per pixel of `size`."""
    edge = 2
    scale, left, top = window
    source = to_image(np.pad(layer, edge))
    matrix: tuple[float, ...] = (scale, 0.0, left + edge, 0.0, scale, top + edge)
    if scale > 1.3:
        source = source.reduce(int(scale + 0.3))
        matrix = tuple(number / int(scale + 0.3) for number in matrix)
    return to_floats(source.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC))


def _faded(cutout: Cutout, placing: Placement, width: int, height: int) -> Pixels:
    """The alpha, faded at those edges of the photo that lie inside the picture."""
    across, down = cutout.size
    left, top = (
        (width - placing.left - across * placing.scale, placing.top) if placing.mirror else (placing.left, placing.top)
    )
    right, bottom = left + across * placing.scale, top + down * placing.scale
    x, y = np.arange(across, dtype=np.float32), np.arange(down, dtype=np.float32)
    alpha = cutout.alpha
    reach = 0.09
    if left > 1:
        alpha = alpha * smoothstep(0, across * reach, x)[None, :]
    if right < width - 1:
        alpha = alpha * smoothstep(0, across * reach, across - 1 - x)[None, :]
    if bottom < height - 1:
        alpha = alpha * smoothstep(0, down * reach * 1.6, down - 1 - y)[:, None]
    return as_float32(alpha)


def align_eyes(cutouts: Sequence[Cutout], onto: Cutout, size: Size, rng: np.random.Generator) -> Figure:
    """One of the sharpest cut-outs at this size, rotated and scaled so that its eyes match those of `onto`.

    `size` is the picture's; `onto` may be smaller and is scaled up to it.
    """
    scale = size[0] / onto.size[0]
    target = _scaled_face(onto.face, scale)
    ranked = sorted(cutouts, key=lambda cutout: -_eye_distance(cutout.face))
    cutout = ranked[int(rng.integers(min(3, len(ranked))))]
    matrix, grow = _similarity(cutout.face, target)
    sources = [to_image(np.ascontiguousarray(layer)) for layer in (*np.moveaxis(cutout.pixels, -1, 0), cutout.alpha)]
    drawn = [source.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC) for source in sources]
    return _figure([to_floats(layer) for layer in drawn], (target.left, target.top, target.width, target.height), grow)


def _scaled_face(face: Face, scale: float) -> Face:
    left, top, width, height = (side * scale for side in (face.left, face.top, face.width, face.height))
    (x0, y0), (x1, y1) = face.eyes
    eyes = ((x0 * scale, y0 * scale), (x1 * scale, y1 * scale))
    return Face(left=left, top=top, width=width, height=height, eyes=eyes)


def _eye_distance(face: Face) -> float:
    (x0, y0), (x1, y1) = face.eyes
    return max(math.hypot(x1 - x0, y1 - y0), 1.0)


def _similarity(source: Face, target: Face) -> tuple[tuple[float, ...], float]:
    """Pillow's affine matrix (from the result back to the source), and the enlargement."""
    start = complex(*source.eyes[0]), complex(*source.eyes[1])
    goal = complex(*target.eyes[0]), complex(*target.eyes[1])
    span = goal[1] - goal[0]
    turn = (start[1] - start[0]) / (span if abs(span) > 1 else 1)
    shift = start[0] - turn * goal[0]
    matrix = (turn.real, -turn.imag, shift.real, turn.imag, turn.real, shift.imag)
    return matrix, 1 / max(abs(turn), 1e-3)


def recolour_clothes(figure: Figure, colour: Colour) -> Figure:
    """The figure with its strongly coloured clothes below the chin in `colour`; folds and shine stay.

    Skin, white and black parts keep their colour.
    """
    light = to_linear(figure.pixels)
    grey = luma(light)
    cloth = _clothes_area(figure) * _dominant_hue(figure)
    total = float(cloth.sum())
    if total < 0.01 * cloth.size:
        return figure
    usual = float((grey * cloth).sum() / total)
    goal = to_linear(np.array(colour, np.float32))
    folds = np.clip(grey / max(usual, 0.02), 0.15, 3.0) ** 0.9
    shine = np.clip(grey - 2.2 * usual, 0, 1) * 0.25
    painted = to_display(goal * folds[..., None] + shine[..., None])
    return replace(figure, pixels=mixed(figure.pixels, painted, cloth))


def _clothes_area(figure: Figure) -> Pixels:
    """The part of the person below the chin, without face and neck."""
    height, width = figure.alpha.shape
    _, y = pixel_grid(height, width)
    _, top, _, high = figure.face
    below = smoothstep(
        (top + high * 1.12) / height, (top + high * 1.35) / height, np.broadcast_to(y, figure.alpha.shape)
    )
    return as_float32(below * figure.alpha)


def _dominant_hue(figure: Figure) -> Pixels:
    """How close each pixel's hue is to that of most of the clothes (0–1); greys are left out."""
    pixels = figure.pixels
    grey = pixels.mean(axis=-1, keepdims=True)
    hue = pixels - grey
    strength = np.sqrt((hue**2).sum(axis=-1))
    weight = _clothes_area(figure) * smoothstep(0.06, 0.2, strength)
    total = float(weight.sum())
    if total < 1:
        return np.zeros_like(strength)
    usual = (hue * weight[..., None]).sum(axis=(0, 1)) / total
    usual /= max(float(np.sqrt((usual**2).sum())), 1e-4)
    agreement = (hue @ usual) / np.maximum(strength, 1e-3)
    return blurred(smoothstep(0.7, 0.93, as_float32(agreement)) * smoothstep(0.04, 0.11, strength), 1.0)

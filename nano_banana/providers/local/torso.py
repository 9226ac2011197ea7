"""A body for a head: what a tight photo leaves out, drawn on below it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nano_banana.faces.face import Face
from nano_banana.providers.local.cutout import Cutout
from nano_banana.providers.local.mannequin import BOX, body, rounded
from nano_banana.providers.local.pixels import Pixels, f32, mixed, resized, smooth

CUT = 0.3
"""A photo whose lower edge is covered by the person for less than this share is of somebody whole."""


def embodied(cutout: Cutout) -> Cutout:
    """The person with shoulders and arms in the colour of what is seen lowest; as it is where nothing was cut off."""
    lowest = cutout.alpha[-max(2, cutout.size[1] // 16) :]
    if cutout.plain or float(lowest.mean()) < CUT:
        return cutout
    weight = lowest[..., None] + 1e-4
    colour = (cutout.pixels[-lowest.shape[0] :] * weight).sum(axis=(0, 1)) / weight.sum()
    scale = cutout.face.height / BOX.height
    mask = np.clip(resized(body(), *(round(side * scale) for side in body().shape[::-1])), 0, 1)
    left = round(_middle(cutout.face) - _middle(BOX) * scale)
    top = round(cutout.face.top - BOX.top * scale)
    start = (max(0, -left), max(0, -top))
    width = max(start[0] + cutout.size[0], start[0] + left + mask.shape[1])
    height = max(start[1] + cutout.size[1], start[1] + top + mask.shape[0])
    alpha = _laid(mask, (start[0] + left, start[1] + top), (width, height))
    pixels = rounded(alpha, (float(colour[0]), float(colour[1]), float(colour[2])), 60 * scale)
    over = _laid(_let_out(cutout.alpha), start, (width, height))
    photo = np.stack([_laid(cutout.pixels[..., at], start, (width, height)) for at in range(3)], axis=-1)
    return Cutout(
        pixels=f32(np.clip(mixed(photo, pixels, f32(alpha * (1 - over))), 0, 1)),
        alpha=f32(np.maximum(alpha, over)),
        face=_moved(cutout.face, start),
    )


def _middle(face: Face) -> float:
    return face.left + face.width / 2


def _let_out(alpha: Pixels) -> Pixels:
    """The alpha, fading towards the photo's lower edge and its sides."""
    height, width = alpha.shape
    up = smooth(0, 0.14 * height, np.arange(height, dtype=np.float32)[::-1])[:, None]
    across = np.arange(width, dtype=np.float32)
    sides = smooth(0, 0.06 * width, np.minimum(across, across[::-1]))[None, :]
    return f32(alpha * up * sides)


def _laid(layer: Pixels, start: tuple[int, int], size: tuple[int, int]) -> Pixels:
    """The layer on an empty plane of `size`, its corner at `start`."""
    plane = np.zeros((size[1], size[0]), np.float32)
    plane[start[1] : start[1] + layer.shape[0], start[0] : start[0] + layer.shape[1]] = layer
    return plane


def _moved(face: Face, by: tuple[int, int]) -> Face:
    (x0, y0), (x1, y1) = face.eyes
    eyes = ((x0 + by[0], y0 + by[1]), (x1 + by[0], y1 + by[1]))
    return replace(face, left=face.left + by[0], top=face.top + by[1], eyes=eyes, nose=None, mouth=None)

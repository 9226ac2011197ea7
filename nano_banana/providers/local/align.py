"""One face laid over another: eyes on eyes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from nano_banana.faces.face import Face
from nano_banana.providers.local.cutout import Cutout
from nano_banana.providers.local.job import Size
from nano_banana.providers.local.pixels import Pixels, floats, image
from nano_banana.providers.local.placing import Figure


def aligned(cutouts: Sequence[Cutout], onto: Cutout, size: Size, rng: np.random.Generator) -> Figure:
    """One of the cut-outs that are sharpest at this size, turned and scaled so that its eyes lie on those of `onto`.

    `size` is the picture's; `onto` may be smaller and is scaled up to it.
    """
    scale = size[0] / onto.size[0]
    target = _scaled(onto.face, scale)
    ranked = sorted(cutouts, key=lambda cutout: -_apart(cutout.face))
    cutout = ranked[int(rng.integers(min(3, len(ranked))))]
    matrix, grow = _matrix(cutout.face, target)
    layers = [cutout.pixels[..., at] for at in range(3)] + [cutout.alpha]
    drawn = np.dstack([_turned(np.ascontiguousarray(layer), matrix, size) for layer in layers])
    box = (target.left, target.top, target.width, target.height)
    return Figure(
        pixels=np.ascontiguousarray(drawn[..., :3]), alpha=np.ascontiguousarray(drawn[..., 3]), face=box, scale=grow
    )


def _turned(layer: Pixels, matrix: tuple[float, ...], size: Size) -> Pixels:
    return floats(image(layer).transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC))


def _scaled(face: Face, scale: float) -> Face:
    (x0, y0), (x1, y1) = face.eyes
    return Face(
        left=face.left * scale,
        top=face.top * scale,
        width=face.width * scale,
        height=face.height * scale,
        eyes=((x0 * scale, y0 * scale), (x1 * scale, y1 * scale)),
    )


def _apart(face: Face) -> float:
    (x0, y0), (x1, y1) = face.eyes
    return max(math.hypot(x1 - x0, y1 - y0), 1.0)


def _matrix(source: Face, target: Face) -> tuple[tuple[float, ...], float]:
    """Pillow's affine matrix (from the result back to the source), and the enlargement."""
    start = complex(*source.eyes[0]), complex(*source.eyes[1])
    goal = complex(*target.eyes[0]), complex(*target.eyes[1])
    span = goal[1] - goal[0]
    turn = (start[1] - start[0]) / (span if abs(span) > 1 else 1)
    shift = start[0] - turn * goal[0]
    matrix = (turn.real, -turn.imag, shift.real, turn.imag, turn.real, shift.imag)
    return matrix, 1 / max(abs(turn), 1e-3)

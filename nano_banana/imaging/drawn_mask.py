"""Masks as people and programs draw them, read as white on black."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nano_banana.core.errors import CallFailed, trouble
from nano_banana.imaging.depth import DEEP
from nano_banana.imaging.open import open_layers, reading

Pixels = NDArray[np.uint8]

_DARK = 8
"""Values that are as good as black: what JPEG leaves beside an edge."""

_ALIKE = 24
"""Levels by which the pixels of one brush may differ."""

_COLOURED = 40
"""Levels between a pixel's channels from which it has a colour."""

_SHARE = 0.0001
"""A smaller share of pixels is noise."""

_MOST_ONES = 64_000_000
"""Pixels of the largest mask of 0 and 1."""


def drawn_mask(path: Path, *, place: str) -> Image.Image:
    """The mask at `path` as mode L, white where it is to be repainted.

    Understood: white on black, also with soft edges and as 0 and 1; a brush of any one colour on nothing or on
    black; and a picture with transparent holes. Raises CallFailed `mask_colours`, `mask_black` or `mask_faint`
    if it is not clear what is meant, and as `open_picture` does.
    """
    ones = _ones(path, place)
    if ones is not None:
        return ones
    pixels = np.asarray(open_layers(path, place=place).convert("RGBA"))
    colours, alpha = pixels[..., :3], pixels[..., 3]
    return Image.fromarray(_opaque(colours) if alpha.min() == 255 else _transparent(colours, alpha))


def _ones(path: Path, place: str) -> Image.Image | None:
    """The mask, if it is grey and has no values but 0 and 1, as masks of segmenters have."""
    with reading(path, place=place) as picture:
        if picture.mode not in ("L", *DEEP) or picture.width * picture.height > _MOST_ONES:
            return None
        values = np.asarray(picture)
    if values.max() != 1 or not np.isin(values, (0, 1)).all():
        return None
    return Image.fromarray(np.where(values == 1, 255, 0).astype(np.uint8))


def _opaque(colours: Pixels) -> Pixels:
    brightest = colours.max(axis=-1)
    if not _has_colour(colours):
        grey = np.asarray(Image.fromarray(colours).convert("L"))
        if 0 < brightest.max() <= _DARK:
            raise CallFailed([trouble("mask_faint", brightest=int(brightest.max()))])
        return grey
    # One colour on black: its brightness says how much of it is there, as far as the brush is bright itself.
    painted = brightest > 4 * _DARK
    brush = np.percentile(brightest[painted], 90)
    hues = colours[painted] / brightest[painted][:, None]
    same = np.abs(hues - np.median(hues, axis=0)).max(axis=-1) < 0.25
    if painted.mean() > 0.99 or same.mean() < 0.95:
        raise CallFailed([trouble("mask_colours")])
    return np.asarray(np.clip(brightest * (255 / brush), 0, 255), np.uint8)


def _transparent(colours: Pixels, alpha: Pixels) -> Pixels:
    solid = colours[alpha > 127]
    if not len(solid):
        return np.zeros_like(alpha)
    spread = np.percentile(solid, 99, axis=0) - np.percentile(solid, 1, axis=0)
    if spread.max() <= _ALIKE:
        if solid.max() <= _DARK:
            raise CallFailed([trouble("mask_black")])
        return alpha
    grey = np.asarray(Image.fromarray(colours).convert("L"))
    half = (grey > 2 * _DARK) & (grey < 255 - 2 * _DARK) & (alpha > 127)
    if not _has_colour(solid[None]) and half.sum() < 0.2 * len(solid):
        return (grey.astype(np.uint16) * alpha // 255).astype(np.uint8)
    holes = 255 - alpha
    if (holes > _DARK).mean() < _SHARE:
        raise CallFailed([trouble("mask_colours")])
    return holes


def _has_colour(colours: Pixels) -> bool:
    span = colours.max(axis=-1).astype(np.int16) - colours.min(axis=-1)
    return float((span > _COLOURED).mean()) > _SHARE

"""Clothes of another colour on the same person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nano_banana.providers.local.backdrops.canvas import Colour
from nano_banana.providers.local.pixels import Pixels, blurred, display, f32, grid, linear, luma, mixed, smooth
from nano_banana.providers.local.placing import Figure


def dressed(figure: Figure, colour: Colour) -> Figure:
    """The figure with its strongly coloured clothes below the chin in `colour`; folds and shine stay.

    Skin, white and black parts keep their colour.
    """
    light = linear(figure.pixels)
    grey = luma(light)
    cloth = _cloth(figure) * _like_the_most(figure)
    total = float(cloth.sum())
    if total < 0.01 * cloth.size:
        return figure
    usual = float((grey * cloth).sum() / total)
    goal = linear(np.array(colour, np.float32))
    folds = np.clip(grey / max(usual, 0.02), 0.15, 3.0) ** 0.9
    shine = np.clip(grey - 2.2 * usual, 0, 1) * 0.25
    painted = display(goal * folds[..., None] + shine[..., None])
    return replace(figure, pixels=mixed(figure.pixels, painted, cloth))


def _cloth(figure: Figure) -> Pixels:
    """Where the person is and the face, its neck and hands probably are not: below the chin."""
    height, width = figure.alpha.shape
    _, y = grid(height, width)
    _, top, _, high = figure.face
    below = smooth((top + high * 1.12) / height, (top + high * 1.35) / height, np.broadcast_to(y, figure.alpha.shape))
    return f32(below * figure.alpha)


def _like_the_most(figure: Figure) -> Pixels:
    """How much each pixel's hue is that of most of the clothes (0–1), leaving out what has hardly a hue."""
    pixels = figure.pixels
    grey = pixels.mean(axis=-1, keepdims=True)
    hue = pixels - grey
    strength = np.sqrt((hue**2).sum(axis=-1))
    weight = _cloth(figure) * smooth(0.06, 0.2, strength)
    total = float(weight.sum())
    if total < 1:
        return np.zeros_like(strength)
    usual = (hue * weight[..., None]).sum(axis=(0, 1)) / total
    usual /= max(float(np.sqrt((usual**2).sum())), 1e-4)
    agreement = (hue @ usual) / np.maximum(strength, 1e-3)
    return blurred(smooth(0.7, 0.93, f32(agreement)) * smooth(0.04, 0.11, strength), 1.0)

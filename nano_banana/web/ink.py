"""Colours of printed sheets, and lines of words put on a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from PIL import ImageDraw

from nano_banana.project.sheet.shown import State
from nano_banana.web.lettering import font

Colour: TypeAlias = tuple[int, int, int]

PAPER: Colour = (255, 255, 255)
INK: Colour = (29, 28, 26)
SOFT: Colour = (95, 92, 86)
EMPTY: Colour = (238, 236, 231)
TONES: dict[State, Colour] = {
    State.ACCEPTED: (30, 107, 58),
    State.UNSURE: (138, 90, 0),
    State.REJECTED: (179, 38, 30),
    State.FAILED: (179, 38, 30),
    State.MISSING: (119, 115, 107),
    State.DONE: (86, 96, 95),
    State.NOT_JUDGED: (86, 96, 95),
}
"""The same as on the page by day; each has a contrast of 4.5 or more on paper."""


def line_height(size: int) -> int:
    """Pixels from line to line of letters of that size."""
    return round(size * 1.3)


def write(pen: ImageDraw.ImageDraw, at: tuple[float, float], lines: Sequence[str], size: int, colour: Colour) -> float:
    """Write lines below each other; return where the next would stand."""
    left, top = at
    for line in lines:
        pen.text((left, top), line, colour, font(size))
        top += line_height(size)
    return top

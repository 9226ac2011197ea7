"""What a painter is told: colours, hour, weather and where the light is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nano_banana.providers.local.backdrops.canvas import Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place to paint.

    `colours` are its palette in linear light, strongest first (at least three); `dark` is 0 by day and 1 at
    night; `wet` and `snowy` say what falls; `side` is −1 where the light comes from the left, 1 from the right.
    """

    colours: Sequence[Colour]
    dark: float = 0.0
    wet: bool = False
    snowy: bool = False
    side: int = -1


def shade(colour: Colour, factor: float) -> Colour:
    """The colour, brighter (above 1) or darker."""
    return (colour[0] * factor, colour[1] * factor, colour[2] * factor)


def blend(one: Colour, other: Colour, share: float) -> Colour:
    """Between two colours: `share` 0 is the first."""
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return (red, green, blue)


def pick(colours: Sequence[Colour], number: float) -> Colour:
    """One of the colours, by a number 0–1."""
    return colours[min(int(number * len(colours)), len(colours) - 1)]

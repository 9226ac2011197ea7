"""What a prompt asks for, in terms that painters understand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nano_banana.providers.local.backdrops.canvas import Colour

Rgb = Colour
"""A colour in display values (0–1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """How the subject and the picture are lit.

    `tint` multiplies the light (1 is neutral), `exposure` its amount, `contrast` how much darker the far side is
    (0–1), `rim` the light from behind (0–1), `side` −1 left, 1 right and 0 whichever the seed says.
    """

    tint: Rgb = (1.0, 1.0, 1.0)
    exposure: float = 1.0
    contrast: float = 0.35
    rim: float = 0.3
    side: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """A prompt, read: where, in what light, in what style, how near.

    `painter` and `colours` (linear light) make the backdrop; `styles` are finishing styles in order; `crop` is the
    height of the face as a share of the picture's; `garment` is the colour of the clothes where one is named,
    `people` what everybody asked for is called (see `headcount.kinds`).
    """

    scene: str
    painter: str
    colours: Sequence[Colour]
    light: Light
    styles: Sequence[str]
    crop: float
    dark: float = 0.0
    wet: bool = False
    snowy: bool = False
    garment: Rgb | None = None
    people: Sequence[str] = ("",)

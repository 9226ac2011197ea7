"""Canvas and description of a painted backdrop, in linear light.

Lamps on the canvas may be brighter than white. Backdrops are painted out of focus, behind a person.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from PIL import Image, ImageDraw

from nano_banana.providers.local.pixel_math import Pixels, as_float32, blurred, out_of_focus, resized, value_noise

Colour = tuple[float, float, float]

MARGIN = 0.12
"""Width of the margin in picture heights, so that blur at the edges has something to draw from."""


class BackdropCanvas:
    """A canvas measured in picture heights: y from 0 (top) to 1, x from 0 to `aspect`, plus a margin."""

    def __init__(self, aspect: float, rng: np.random.Generator, rows: int = 300) -> None:
        self.aspect = aspect
        self.rng = rng
        self._scale = rows / (1 + 2 * MARGIN)
        self.light = np.zeros((rows, round(self._scale * (aspect + 2 * MARGIN)), 3), np.float32)

    def at(self, distance: float) -> float:
        """A coordinate in pixels."""
        return (distance + MARGIN) * self._scale

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """A random number from `low` to `high`."""
        return float(self.rng.uniform(low, high))

    def across(self) -> float:
        """A random x, in the picture or a little beside it."""
        return self.uniform(-0.1, self.aspect + 0.1)

    def pick(self, colours: Sequence[Colour]) -> Colour:
        """One of the colours, at random."""
        return colours[min(int(self.uniform() * len(colours)), len(colours) - 1)]

    def fade(self, top: Colour, bottom: Colour, start: float = 0.0, end: float = 1.0) -> None:
        """Fill from `start` to `end` with a vertical gradient; the rest keeps its colours."""
        first, last = round(self.at(start)), round(self.at(end))
        if start <= 0:
            first = 0
        if end >= 1:
            last = self.light.shape[0]
        share = np.linspace(0, 1, max(1, last - first), dtype=np.float32)[:, None, None]
        self.light[first:last] = np.array(top, np.float32) * (1 - share) + np.array(bottom, np.float32) * share

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour, cover: float = 1.0) -> None:
        """Fill a rectangle; a `cover` below 1 makes it translucent."""
        rows = slice(max(0, round(self.at(top))), max(0, round(self.at(bottom))))
        columns = slice(max(0, round(self.at(left))), max(0, round(self.at(right))))
        patch = self.light[rows, columns]
        patch += (np.array(colour, np.float32) - patch) * cover

    def band(self, top: float, bottom: float, colour: Colour, cover: float = 1.0) -> None:
        """Fill a rectangle as wide as the picture and more."""
        self.box(-0.2, top, self.aspect + 0.2, bottom, colour, cover)

    def shape(self, points: Sequence[tuple[float, float]], colour: Colour, cover: float = 1.0) -> None:
        """Fill a polygon."""
        height, width = self.light.shape[:2]
        mask = Image.new("L", (width * 2, height * 2))
        ImageDraw.Draw(mask).polygon([(self.at(x) * 2, self.at(y) * 2) for x, y in points], fill=255)
        share = np.asarray(mask.resize((width, height), Image.Resampling.BOX), np.float32)[..., None] / 255 * cover
        self.light += (np.array(colour, np.float32) - self.light) * share

    def lamp(self, x: float, y: float, size: float, colour: Colour, power: float = 1.0) -> None:
        """Add a round light of radius `size`; out of focus it becomes a disc."""
        rows, columns, far = self._around(x, y, size)
        shine = np.clip(1.2 - far, 0, 0.4) / 0.4 * power
        self.light[rows, columns] += shine[..., None] * np.array(colour, np.float32)

    def glow(self, x: float, y: float, size: float, colour: Colour, power: float = 1.0) -> None:
        """Add a soft pool of light that fades over `size`."""
        rows, columns, far = self._around(x, y, size * 2.4)
        shine = np.exp(-((far * 2.4) ** 2)) * power
        self.light[rows, columns] += shine[..., None] * np.array(colour, np.float32)

    def blob(self, x: float, y: float, size: float, colour: Colour, cover: float = 1.0) -> None:
        """Cover a round spot."""
        rows, columns, far = self._around(x, y, size)
        patch = self.light[rows, columns]
        patch += (np.array(colour, np.float32) - patch) * (np.clip((1.1 - far) / 0.2, 0, 1) * cover)[..., None]

    def mottle(self, amount: float, cells: float, tint: Colour = (1, 1, 1)) -> None:
        """Vary the light in clouds by ± `amount` (a share), stronger in the tint's strong colours."""
        shape = value_noise(self.rng, *self.light.shape[:2], cells)
        self.light *= as_float32(np.exp(shape[..., None] * amount * np.array(tint, np.float32)))

    def fade_ground(self, colour: Colour, start: float) -> None:
        """Fade everything below `start` softly into one colour."""
        first = round(self.at(start))
        share = np.linspace(0, 0.9, self.light.shape[0] - first, dtype=np.float32)[:, None, None]
        self.light[first:] += (np.array(colour, np.float32) - self.light[first:]) * share

    def soften(self, radius: float) -> None:
        """Blur what is painted so far by `radius` (picture heights), so that it looks far away."""
        self.light = blurred(self.light, radius * self._scale)

    def photograph(self, width: int, height: int, aperture: float) -> Pixels:
        """The canvas at `width` × `height` pixels; lights become discs of radius `aperture` (picture heights)."""
        light = self.light
        if aperture > 0:
            light = blurred(out_of_focus(light, aperture * self._scale), 0.8)
        edge = round(MARGIN * self._scale)
        inner = light[edge:-edge, edge:-edge]
        return np.clip(resized(np.ascontiguousarray(inner), width, height), 0, None)

    def _around(self, x: float, y: float, size: float) -> tuple[slice[int, int, None], slice[int, int, None], Pixels]:
        reach, across, down = max(size * self._scale, 0.7), self.at(x), self.at(y)
        height, width = self.light.shape[:2]
        rows = slice(max(0, int(down - reach * 1.3 - 1)), max(0, min(height, int(down + reach * 1.3 + 2))))
        columns = slice(max(0, int(across - reach * 1.3 - 1)), max(0, min(width, int(across + reach * 1.3 + 2))))
        ys = np.arange(rows.start, max(rows.stop, rows.start), dtype=np.float32)[:, None]
        xs = np.arange(columns.start, max(columns.stop, columns.start), dtype=np.float32)[None, :]
        return rows, columns, as_float32(np.hypot(xs - across, ys - down) / reach)


class BackdropSpec(Struct, frozen=True, kw_only=True):
    """A place to paint.

    `colours` are its palette in linear light, strongest first (at least three); `dark` is 0 by day and 1 at
    night; `wet` and `snowy` are the weather; `side` is −1 for light from the left, 1 from the right.
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

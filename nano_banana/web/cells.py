"""A take on paper: its picture, a bar that says its state, a few words."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageOps

from nano_banana.project.sheet.shown import Shown, State
from nano_banana.project.sheet.small import Small
from nano_banana.web.ink import EMPTY, INK, PAPER, SOFT, TONES, line_height, write
from nano_banana.web.lettering import wrap
from nano_banana.web.speech import STATES, said_below, said_inside

BAR = 5
TALLEST = 1.5
"""The height of a picture on paper, at most, by its column's width."""

GREYED = {State.REJECTED, State.FAILED}
"""Nobody should take these for good ones at a glance."""


def letters(width: int) -> int:
    """The size of letters in a column so wide, all in pixels."""
    return max(14, min(20, width // 10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What is written below a take's picture, in letters of `size` pixels."""

    size: int
    inside: Sequence[str]
    lines: Sequence[str]

    @classmethod
    def of(cls, take: Shown, *, width: int, inside: Sequence[str], show: Sequence[str]) -> Words:
        """The take's own, in a column so wide."""
        size = letters(width)
        below = [line for name in show if (line := said_below(take, name))]
        return cls(
            size=size,
            inside=wrap(said_inside(inside, take), size, width, lines=2, space=" · "),
            lines=wrap(below, size, width, lines=3, space="  "),
        )

    @property
    def height(self) -> int:
        """Pixels, with the bar above them."""
        return BAR + 4 + line_height(self.size) * (len(self.inside) + len(self.lines))


def picture_size(small: Small, width: int) -> tuple[int, int]:
    """Pixels of the picture in a column: as wide as that, or as high as a picture may be."""
    if not small.data:
        return width, width
    scale = min(width / small.width, width * TALLEST / small.height)
    return max(1, round(small.width * scale)), max(1, round(small.height * scale))


def cell_of(take: Shown, small: Small, words: Words, *, width: int) -> Image.Image:
    """The take's cell, `width` pixels wide and as high as it needs."""
    picture = _picture(small, width) if small.data else _none(take, width)
    if take.state in GREYED and small.data:
        picture = Image.blend(ImageOps.grayscale(picture).convert("RGB"), Image.new("RGB", picture.size, PAPER), 0.35)
    cell = Image.new("RGB", (width, picture.height + words.height), PAPER)
    cell.paste(picture, ((width - picture.width) // 2, 0))
    pen = ImageDraw.Draw(cell)
    pen.rectangle((0, picture.height, width - 1, picture.height + BAR - 1), TONES[take.state])
    top = write(pen, (0, picture.height + BAR + 4), words.inside, words.size, INK)
    write(pen, (0, top), words.lines, words.size, TONES[take.state])
    return cell


def _picture(small: Small, width: int) -> Image.Image:
    with Image.open(io.BytesIO(small.data)) as opened:
        picture = opened.convert("RGB")
    return picture.resize(picture_size(small, width), Image.Resampling.LANCZOS)


def _none(take: Shown, width: int) -> Image.Image:
    picture = Image.new("RGB", (width, width), EMPTY)
    words = STATES[take.state] if take.picture is None else "no picture"
    size = letters(width)
    lines = wrap(words.split(), size, width - 12, lines=4)
    top = (width - len(lines) * line_height(size)) / 2
    write(ImageDraw.Draw(picture), (8, top), lines, size, SOFT)
    return picture

"""A sheet as pictures: pages of A4 on their side, each as it is needed."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence

from PIL import Image
from PIL import ImageDraw

from nano_banana.core.news import Watcher
from nano_banana.project.sheet.sheet import Sheet
from nano_banana.project.sheet.small import Small
from nano_banana.web.bands import Band
from nano_banana.web.bands import bands_of
from nano_banana.web.cells import cell_of
from nano_banana.web.cells import letters
from nano_banana.web.ink import INK
from nano_banana.web.ink import PAPER
from nano_banana.web.ink import SOFT
from nano_banana.web.ink import line_height
from nano_banana.web.ink import write
from nano_banana.web.lettering import cut
from nano_banana.web.lettering import width
from nano_banana.web.lettering import wrap
from nano_banana.web.sizes import side_for
from nano_banana.web.speech import summary

PAGE = (1754, 1240)
"""A4 on its side at 150 dots an inch, in pixels."""

EDGE, GAP, TITLE = 60, 12, 40


def draw(sheet: Sheet, watch: Watcher, *, trim: bool = False) -> Iterator[Image.Image]:
    """The sheet's pages, RGB, A4 at 150 dots an inch; only one of them is in memory.

    `trim` cuts a first page that is the only one to what it holds.
    """
    about = " · ".join(summary(sheet))
    takes = [take for band in bands_of(sheet) for take in band.takes if take]
    small = sheet.thumbnails(takes, side_for([*sheet.takes]), watch)
    page, top, number, before = None, 0.0, 0, None
    for band in bands_of(sheet):
        cells = [None if take is None else _cell(band, sheet, next(small)[1], at) for at, take in enumerate(band.takes)]
        high = max(cell.height for cell in cells if cell)
        if page is None or top + high + (0 if _same(before, band) else _heads_height(band)) > PAGE[1] - EDGE:
            if page is not None:
                yield page
            number, before = number + 1, None
            page, top = _begin(sheet.name, about, number)
        if not _same(before, band):
            top = _write_heads(page, top, band, titled=before is None or before.title != band.title)
        _write_label(page, top, band)
        for at, cell in enumerate(cells):
            if cell:
                page.paste(cell, (EDGE + band.indent + at * band.width, round(top)))
        top, before = top + high + GAP, band
    if page is not None:
        yield page.crop((0, 0, PAGE[0], min(PAGE[1], round(top) + EDGE - GAP))) if trim and number == 1 else page


def _cell(band: Band, sheet: Sheet, small: Small, at: int) -> Image.Image | None:
    take = band.takes[at]
    if take is None:
        return None
    return cell_of(take, small, width=band.width - GAP, inside=band.inside, show=sheet.show)


def _begin(name: str, about: str, number: int) -> tuple[Image.Image, float]:
    """A new page with its head, and where the first band goes."""
    page = Image.new("RGB", PAGE, PAPER)
    pen, right = ImageDraw.Draw(page), PAGE[0] - EDGE
    name = cut(name, 32, (right - EDGE) / 2)
    left = EDGE + width(name, 32) + 24
    write(pen, (EDGE, 30), [name], 32, INK)
    write(pen, (left, 39), [cut(about, 22, right - left - 60)], 22, SOFT)
    if number > 1:
        write(pen, (right - width(str(number), 22), 39), [str(number)], 22, SOFT)
    return page, 90.0


def _same(before: Band | None, band: Band) -> bool:
    return before is not None and (before.title, [*before.heads]) == (band.title, [*band.heads])


def _heads_height(band: Band) -> float:
    deepest = max(map(len, band.heads), default=0)
    return (TITLE if band.title else 0) + deepest * line_height(letters(band.width)) + 6


def _write_heads(page: Image.Image, top: float, band: Band, *, titled: bool) -> float:
    """The grid's title, and what its columns are; returns where the rows begin."""
    pen, size, ends = ImageDraw.Draw(page), letters(band.width), [top]
    if band.title and titled:
        write(pen, (EDGE, top), [cut(band.title, 24, PAGE[0] - 2 * EDGE)], 24, INK)
        ends = [top := top + TITLE]
    for at, head in enumerate(band.heads):
        left = EDGE + band.indent + at * band.width
        lines = [cut(line, size, band.width - GAP) for line in head]
        ends.append(write(pen, (left, write(pen, (left, top), lines[:1], size, INK)), lines[1:], size, SOFT))
    return max(ends) + 6


def _write_label(page: Image.Image, top: float, band: Band) -> None:
    pen, room = ImageDraw.Draw(page), band.indent - 2 * GAP
    for at, text in enumerate(band.label):
        size, colour = (22, INK) if at == 0 else (18, SOFT)
        top = write(pen, (EDGE, top), wrap(_parts(text), size, room, lines=3, space=""), size, colour)


def _parts(name: str) -> Sequence[str]:
    """Where a name may go on in the next line."""
    return name.replace("_", "_\n").replace("-", "-\n").replace("+", "+\n").split("\n")

"""A sheet as pictures: pages of A4 on their side, each as it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PIL import Image, ImageDraw

from nano_banana.core.news import Watcher
from nano_banana.project.sheet.sheet import Sheet
from nano_banana.project.sheet.shown import Shown
from nano_banana.project.sheet.small import Small
from nano_banana.web.bands import Band, bands_of
from nano_banana.web.cells import Words, cell_of, letters, picture_size
from nano_banana.web.ink import INK, PAPER, SOFT, line_height, write
from nano_banana.web.lettering import cut, width, wrap
from nano_banana.web.sizes import side_for
from nano_banana.web.speech import summary

PAGE = (1754, 1240)
"""A4 on its side at 150 dots an inch, in pixels."""

EDGE, GAP, TITLE = 60, 12, 40
HEAD = 90.0
"""Pixels above the first band."""


def draw(sheet: Sheet, watch: Watcher, *, trim: bool = False) -> Iterator[Image.Image]:
    """The sheet's pages, RGB, A4 at 150 dots an inch; only one of them is in memory.

    The rows are spread evenly: no page has one alone where it could have two. `trim` cuts a page that is the only one
    to what it holds.
    """
    about = " · ".join(summary(sheet))
    bands = list(bands_of(sheet))
    takes = [take for band in bands for take in band.takes if take]
    side = side_for([*sheet.takes])
    heights = _heights(bands, sheet, (small for _, small, _ in sheet.thumbnails(takes, side, watch)))
    small = (small for _, small, _ in sheet.thumbnails(takes, side, watch))
    pages = paged(bands, heights)
    for number, (start, end) in enumerate(pages, start=1):
        page, top = _begin(sheet.name, about, number, len(pages))
        before = None
        for at in range(start, end):
            band = bands[at]
            if not _same(before, band):
                top = _write_heads(page, top, band, titled=before is None or before.title != band.title)
            _write_label(page, top, band)
            for place, take in enumerate(band.takes):
                if take is not None:
                    cell = cell_of(take, next(small), _words(take, band, sheet), width=band.width - GAP)
                    page.paste(cell, (EDGE + band.indent + place * band.width, round(top)))
            top, before = top + heights[at] + GAP, band
        yield page.crop((0, 0, PAGE[0], min(PAGE[1], round(top) + EDGE - GAP))) if trim and len(pages) == 1 else page


def paged(bands: Sequence[Band], heights: Sequence[float]) -> list[tuple[int, int]]:
    """First and end of the bands of each page: as few pages as there may be, and their rest as even as it can be."""
    room = PAGE[1] - EDGE - HEAD
    best: list[tuple[int, float, int]] = [(0, 0.0, 0)]
    for end in range(1, len(bands) + 1):
        found: list[tuple[int, float, int]] = []
        high, start = 0.0, end
        while start > 0:
            start -= 1
            # The first one of a page has its heads above it, whatever came before.
            inner = (
                _heads_height(bands[start + 1]) if start + 1 < end and not _same(bands[start], bands[start + 1]) else 0
            )
            high += heights[start] + GAP + inner
            whole = high + _heads_height(bands[start])
            if whole - GAP > room and start + 1 < end:
                break
            found.append((best[start][0] + 1, best[start][1] + max(room - whole, 0.0) ** 2, start))
        best.append(min(found))
    pages: list[tuple[int, int]] = []
    end = len(bands)
    while end > 0:
        pages.append((best[end][2], end))
        end = best[end][2]
    return pages[::-1]


def _heights(bands: Sequence[Band], sheet: Sheet, small: Iterator[Small]) -> list[float]:
    return [
        max(
            picture_size(next(small), band.width - GAP)[1] + _words(take, band, sheet).height
            for take in band.takes
            if take
        )
        for band in bands
    ]


def _words(take: Shown, band: Band, sheet: Sheet) -> Words:
    return Words.of(take, width=band.width - GAP, inside=band.inside, show=sheet.show)


def _begin(name: str, about: str, number: int, pages: int) -> tuple[Image.Image, float]:
    """A new page with its head, and where the first band goes."""
    page = Image.new("RGB", PAGE, PAPER)
    pen, right = ImageDraw.Draw(page), PAGE[0] - EDGE
    name = cut(name, 32, (right - EDGE) / 2)
    left = EDGE + width(name, 32) + 24
    write(pen, (EDGE, 30), [name], 32, INK)
    write(pen, (left, 39), [cut(about, 22, right - left - 90)], 22, SOFT)
    if pages > 1:
        place = f"{number} / {pages}"
        write(pen, (right - width(place, 22), 39), [place], 22, SOFT)
    return page, HEAD


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

"""A contact sheet as A4 pages, written as PNG files or one PDF."""

from __future__ import annotations

import functools
import io
import itertools
import unicodedata
from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias, TypeVar

from msgspec import Struct
from PIL import Image, ImageDraw, ImageFont, ImageOps

from nano_banana.features.sheets.contact_sheet import ContactSheet
from nano_banana.features.sheets.sheet_takes import AxisValues, SheetGrid, SheetTake, TakeState, Thumbnail
from nano_banana.features.sheets.sheet_words import (
    STATE_WORDS,
    axis_labels,
    grid_heading,
    sheet_summary,
    take_caption,
    take_labels,
    thumbnail_side,
)
from nano_banana.formats.file_writing import replaced_file
from nano_banana.model.event import EventHandler

FONT_EXTRAS = frozenset("·…“”’")
"""The letters of the font that are not ASCII."""

NEAREST_LETTERS = {"–": "-", "—": "-", "−": "-", "×": "x", "→": ">", "←": "<"}
ELLIPSIS = "…"


@functools.cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Pillow's own font, `size` in pixels. Raises RuntimeError if Pillow lacks FreeType."""
    found = ImageFont.load_default(size)
    if not isinstance(found, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow without FreeType")  # noqa: TRY004 - it is the library that is wrong, not a type
    return found


def legible(text: str) -> str:
    """The text in letters that the font has; others become the nearest letter or a question mark."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_letter, text))


def text_width(text: str, size: int) -> float:
    """The width of the text, in pixels."""
    return font(size).getlength(text)


def cut_to_width(text: str, size: int, room: float) -> str:
    """Shorten the text to `room` pixels, with an ellipsis if some is left out."""
    text = legible(text)
    if text_width(text, size) <= room:
        return text
    lengths = range(1, len(text))
    kept = bisect(lengths, room, key=lambda length: text_width(text[:length].rstrip() + ELLIPSIS, size))
    return text[:kept].rstrip() + ELLIPSIS


def wrap_words(words: Sequence[str], size: int, room: float, *, lines: int, space: str = " ") -> list[str]:
    """Wrap words into at most `lines` lines. A word that is too long for a line is cut, and so is the last line."""
    found = [""]
    for at, word in enumerate(map(legible, words)):
        longer = f"{found[-1]}{space}{word}" if found[-1] else word
        if text_width(longer, size) <= room:
            found[-1] = longer
        elif len(found) == lines:
            found[-1] = f"{found[-1]}{space}{space.join(words[at:])}" if found[-1] else space.join(words[at:])
            break
        else:
            found += [word] if found[-1] else []
            found[-1] = word
    return [cut_to_width(line, size, room) for line in found if line]


def _letter(letter: str) -> str:
    if letter in FONT_EXTRAS or (letter.isascii() and letter.isprintable()):
        return letter
    plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return NEAREST_LETTERS.get(letter) or (plain if plain.isprintable() else "") or "?"


RGBColour: TypeAlias = tuple[int, int, int]

PAPER: RGBColour = (255, 255, 255)
INK: RGBColour = (29, 28, 26)
SOFT_INK: RGBColour = (95, 92, 86)
EMPTY_FILL: RGBColour = (238, 236, 231)
STATE_COLOURS: dict[TakeState, RGBColour] = {
    TakeState.ACCEPTED: (30, 107, 58),
    TakeState.UNSURE: (138, 90, 0),
    TakeState.REJECTED: (179, 38, 30),
    TakeState.FAILED: (179, 38, 30),
    TakeState.MISSING: (119, 115, 107),
    TakeState.DONE: (86, 96, 95),
    TakeState.NOT_JUDGED: (86, 96, 95),
}
"""The colours of the HTML page's light theme. Each has a contrast of 4.5 or more on white."""


def line_height(size: int) -> int:
    """Pixels from line to line for letters of that size."""
    return round(size * 1.3)


def draw_lines(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], lines: Sequence[str], size: int, colour: RGBColour
) -> float:
    """Write lines below each other; return the top of the next line."""
    left, top = at
    for line in lines:
        pen.text((left, top), line, colour, font(size))
        top += line_height(size)
    return top


Item = TypeVar("Item")

BAND_WIDTH = 1634
"""Pixels of a page that a band may be wide."""

MIN_COLUMN = 118
MAX_COLUMN = 340
USUAL_COLUMN = 210
"""Pixels of a column in grids that don't determine the number of columns."""

MAX_LOOSE_COLUMN = 300
"""Pixels of a picture in a grid without columns, at most."""

NARROW_COLUMNS = 2
"""Rows of a grid with so few columns stand side by side; otherwise half of the page would be empty."""

LABEL_WIDTH = 190
"""Pixels of the labels of rows."""


class Band(Struct, frozen=True, kw_only=True):
    """A row of takes, `width` pixels a column; an empty cell is None.

    `title` stands above its grid, `column_heads` above its columns, `label` before it, `take_axes` at each take.
    """

    title: str
    column_heads: Sequence[Sequence[str]]
    label: Sequence[str]
    takes: Sequence[SheetTake | None]
    take_axes: Sequence[str]
    width: int
    indent: int


def bands_of(sheet: ContactSheet) -> Iterator[Band]:
    """Yield all bands, from the top. A grid that is too wide is cut into parts, one below the other."""
    for grid in sheet.grids:
        if not grid.axes.across:
            yield from _bands_without_columns(grid)
        elif len(grid.columns) <= NARROW_COLUMNS and len(grid.rows) > 1:
            yield from _bands_of_narrow_grid(grid)
        else:
            yield from _bands_by_rows(grid)


def _bands_by_rows(grid: SheetGrid) -> Iterator[Band]:
    indent = LABEL_WIDTH if grid.axes.down else 0
    parts = -(-len(grid.columns) // ((BAND_WIDTH - indent) // MIN_COLUMN))
    for part in _batches(grid.columns, -(-len(grid.columns) // parts)):
        heads = [axis_labels(grid.axes.across, column) for column in part]
        for row in grid.rows:
            places = [(row, column) for column in part]
            yield from _stacked_bands(grid, places, heads, axis_labels(grid.axes.down, row), indent)


def _bands_of_narrow_grid(grid: SheetGrid) -> Iterator[Band]:
    lines = -(-len(grid.rows) // (BAND_WIDTH // USUAL_COLUMN // len(grid.columns)))
    for rows in _batches(grid.rows, -(-len(grid.rows) // lines)):
        places = [(row, column) for row in rows for column in grid.columns]
        heads = [[*axis_labels(grid.axes.down, row), *axis_labels(grid.axes.across, column)] for row, column in places]
        yield from _stacked_bands(grid, places, heads, (), 0)


def _stacked_bands(
    grid: SheetGrid,
    places: Sequence[tuple[AxisValues, AxisValues]],
    heads: Sequence[Sequence[str]],
    label: Sequence[str],
    indent: int,
) -> Iterator[Band]:
    """The takes of these cells side by side; cells with several takes make several bands."""
    stacks = [grid.cells.get(place, ()) for place in places]
    for level in range(max(map(len, stacks), default=0)):
        yield Band(
            title=grid_heading(grid),
            column_heads=heads,
            label=label if level == 0 else (),
            takes=[stack[level] if level < len(stack) else None for stack in stacks],
            take_axes=grid.axes.inside,
            width=min((BAND_WIDTH - indent) // len(places), MAX_COLUMN),
            indent=indent,
        )


def _bands_without_columns(grid: SheetGrid) -> Iterator[Band]:
    indent = LABEL_WIDTH if grid.axes.down else 0
    most = max((len(takes) for takes in grid.cells.values()), default=1)
    count = min((BAND_WIDTH - indent) // USUAL_COLUMN, most)
    for row in grid.rows:
        found = grid.cells.get((row, ()), ())
        # Nine pictures where eight have room are five and four.
        lines = -(-len(found) // count)
        for at, takes in enumerate(_batches(found, -(-len(found) // max(lines, 1)))):
            yield Band(
                title=grid_heading(grid),
                column_heads=(),
                label=axis_labels(grid.axes.down, row) if at == 0 else (),
                takes=takes,
                take_axes=grid.axes.inside,
                width=min((BAND_WIDTH - indent) // count, MAX_LOOSE_COLUMN),
                indent=indent,
            )


def _batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))


BAR_HEIGHT = 5
MAX_PICTURE_HEIGHT = 1.5
"""The height of a picture, at most, in widths of its column."""

GREYED_STATES = {TakeState.REJECTED, TakeState.FAILED}
"""States whose pictures are shown pale, so that nobody takes them for good ones at a glance."""


def letter_size(width: int) -> int:
    """The size of letters for a column of this width, both in pixels."""
    return max(14, min(20, width // 10))


class CellText(Struct, frozen=True, kw_only=True):
    """The text below a take's picture, in letters of `size` pixels."""

    size: int
    inside: Sequence[str]
    lines: Sequence[str]

    @property
    def height(self) -> int:
        """The height in pixels, with the bar above the text."""
        return BAR_HEIGHT + 4 + line_height(self.size) * (len(self.inside) + len(self.lines))


def picture_size(small: Thumbnail, width: int) -> tuple[int, int]:
    """The picture's size in a column, in pixels: as wide as the column, or as high as a picture may be."""
    if not small.data:
        return width, width
    scale = min(width / small.width, width * MAX_PICTURE_HEIGHT / small.height)
    return max(1, round(small.width * scale)), max(1, round(small.height * scale))


def draw_cell(take: SheetTake, small: Thumbnail, words: CellText, *, width: int) -> Image.Image:
    """Draw the take's cell, `width` pixels wide and as high as needed."""
    picture = _picture(small, width) if small.data else _placeholder(take, width)
    if take.state in GREYED_STATES and small.data:
        picture = Image.blend(ImageOps.grayscale(picture).convert("RGB"), Image.new("RGB", picture.size, PAPER), 0.35)
    cell = Image.new("RGB", (width, picture.height + words.height), PAPER)
    cell.paste(picture, ((width - picture.width) // 2, 0))
    pen = ImageDraw.Draw(cell)
    pen.rectangle((0, picture.height, width - 1, picture.height + BAR_HEIGHT - 1), STATE_COLOURS[take.state])
    top = draw_lines(pen, (0, picture.height + BAR_HEIGHT + 4), words.inside, words.size, INK)
    draw_lines(pen, (0, top), words.lines, words.size, STATE_COLOURS[take.state])
    return cell


def _picture(small: Thumbnail, width: int) -> Image.Image:
    with Image.open(io.BytesIO(small.data)) as opened:
        picture = opened.convert("RGB")
    return picture.resize(picture_size(small, width), Image.Resampling.LANCZOS)


def _placeholder(take: SheetTake, width: int) -> Image.Image:
    picture = Image.new("RGB", (width, width), EMPTY_FILL)
    words = STATE_WORDS[take.state] if take.picture is None else "no picture"
    size = letter_size(width)
    lines = wrap_words(words.split(), size, width - 12, lines=4)
    top = (width - len(lines) * line_height(size)) / 2
    draw_lines(ImageDraw.Draw(picture), (8, top), lines, size, SOFT_INK)
    return picture


PAGE_SIZE = (1754, 1240)
"""A4 landscape in pixels."""

PAGE_DPI = 150
"""Pixels an inch."""

MARGIN = 60
GAP = 12
TITLE_HEIGHT = 40
HEAD_HEIGHT = 90.0
"""Pixels above the first band."""


def draw_pages(sheet: ContactSheet, on_event: EventHandler, *, trim: bool = False) -> Iterator[Image.Image]:
    """Yield the sheet's pages, RGB, A4 landscape at 150 dots an inch; only one of them is in memory.

    Rows are spread evenly over the pages. `trim` cuts a sheet's only page to its content.
    """
    about = " · ".join(sheet_summary(sheet))
    bands = list(bands_of(sheet))
    takes = [take for band in bands for take in band.takes if take]
    side = thumbnail_side([*sheet.takes])
    heights = _heights(bands, sheet, (small for _, small, _ in sheet.thumbnails(takes, side, on_event)))
    small = (small for _, small, _ in sheet.thumbnails(takes, side, on_event))
    pages = page_breaks(bands, heights)
    for number, (start, end) in enumerate(pages, start=1):
        page, top, before = _new_page(sheet.name, about, number, len(pages)), HEAD_HEIGHT, None
        for at in range(start, end):
            band = bands[at]
            if not _has_same_heads(before, band):
                top = _write_heads(page, top, band, titled=before is None or before.title != band.title)
            _write_label(page, top, band)
            for place, take in enumerate(band.takes):
                if take is not None:
                    cell = draw_cell(take, next(small), _cell_text(take, band, sheet), width=band.width - GAP)
                    page.paste(cell, (MARGIN + band.indent + place * band.width, round(top)))
            top, before = top + heights[at] + GAP, band
        if trim and len(pages) == 1:
            page = page.crop((0, 0, PAGE_SIZE[0], min(PAGE_SIZE[1], round(top) + MARGIN - GAP)))
        yield page


def page_breaks(bands: Sequence[Band], heights: Sequence[float]) -> list[tuple[int, int]]:
    """The first band and the end of each page: as few pages as possible, with their empty space as even as possible."""
    room = PAGE_SIZE[1] - MARGIN - HEAD_HEIGHT
    best: list[tuple[int, float, int]] = [(0, 0.0, 0)]
    for end in range(1, len(bands) + 1):
        found: list[tuple[int, float, int]] = []
        high, start = 0.0, end
        while start > 0:
            start -= 1
            # The first band of a page always has its heads above it.
            inner = (
                _heads_height(bands[start + 1])
                if start + 1 < end and not _has_same_heads(bands[start], bands[start + 1])
                else 0
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


def _heights(bands: Sequence[Band], sheet: ContactSheet, small: Iterator[Thumbnail]) -> list[float]:
    return [
        max(
            picture_size(next(small), band.width - GAP)[1] + _cell_text(take, band, sheet).height
            for take in band.takes
            if take
        )
        for band in bands
    ]


def _cell_text(take: SheetTake, band: Band, sheet: ContactSheet) -> CellText:
    width = band.width - GAP
    size = letter_size(width)
    below = [line for name in sheet.show if (line := take_caption(take, name))]
    return CellText(
        size=size,
        inside=wrap_words(take_labels(band.take_axes, take), size, width, lines=2, space=" · "),
        lines=wrap_words(below, size, width, lines=3, space="  "),
    )


def _new_page(name: str, about: str, number: int, pages: int) -> Image.Image:
    """A new page with its head."""
    page = Image.new("RGB", PAGE_SIZE, PAPER)
    pen, right = ImageDraw.Draw(page), PAGE_SIZE[0] - MARGIN
    name = cut_to_width(name, 32, (right - MARGIN) / 2)
    left = MARGIN + text_width(name, 32) + 24
    draw_lines(pen, (MARGIN, 30), [name], 32, INK)
    draw_lines(pen, (left, 39), [cut_to_width(about, 22, right - left - 90)], 22, SOFT_INK)
    if pages > 1:
        place = f"{number} / {pages}"
        draw_lines(pen, (right - text_width(place, 22), 39), [place], 22, SOFT_INK)
    return page


def _has_same_heads(before: Band | None, band: Band) -> bool:
    return before is not None and (before.title, [*before.column_heads]) == (band.title, [*band.column_heads])


def _heads_height(band: Band) -> float:
    deepest = max(map(len, band.column_heads), default=0)
    return (TITLE_HEIGHT if band.title else 0) + deepest * line_height(letter_size(band.width)) + 6


def _write_heads(page: Image.Image, top: float, band: Band, *, titled: bool) -> float:
    """Write the grid's title and column heads; return the top of the rows."""
    pen, size, ends = ImageDraw.Draw(page), letter_size(band.width), [top]
    if band.title and titled:
        draw_lines(pen, (MARGIN, top), [cut_to_width(band.title, 24, PAGE_SIZE[0] - 2 * MARGIN)], 24, INK)
        ends = [top := top + TITLE_HEIGHT]
    for at, head in enumerate(band.column_heads):
        left = MARGIN + band.indent + at * band.width
        lines = [cut_to_width(line, size, band.width - GAP) for line in head]
        ends.append(
            draw_lines(pen, (left, draw_lines(pen, (left, top), lines[:1], size, INK)), lines[1:], size, SOFT_INK)
        )
    return max(ends) + 6


def _write_label(page: Image.Image, top: float, band: Band) -> None:
    pen, room = ImageDraw.Draw(page), band.indent - 2 * GAP
    for at, text in enumerate(band.label):
        size, colour = (22, INK) if at == 0 else (18, SOFT_INK)
        top = draw_lines(pen, (MARGIN, top), wrap_words(_parts(text), size, room, lines=3, space=""), size, colour)


def _parts(name: str) -> Sequence[str]:
    """The pieces between which a name may be wrapped."""
    return name.replace("_", "_\n").replace("-", "-\n").replace("+", "+\n").split("\n")


JPEG_QUALITY = 88
PDF_BATCH = 16
"""Pages that are in memory at one time while a PDF is written."""


def write_png(file: Path, pages: Iterable[Image.Image]) -> list[Path]:
    """Write `sheet.png`, and further pages as `sheet-page2.png` …; return the files. Raises Unusable.

    Pages that an older and longer sheet left there are removed.
    """
    files = []
    for number, page in enumerate(pages, start=1):
        files.append(_numbered(file, number))
        with replaced_file(files[-1]) as fresh:
            page.save(fresh, format="PNG")
    for number in itertools.count(len(files) + 1):
        if not (older := _numbered(file, number)).is_file():
            return files
        with suppress(OSError):
            older.unlink()
    return files


def write_pdf(file: Path, pages: Iterable[Image.Image]) -> None:
    """Write the pages as one PDF without title or dates, so equal pages give equal bytes. Raises Unusable."""
    left = iter(pages)
    with replaced_file(file) as fresh:
        # Each append reads the whole file: pages go in by batches.
        for number, batch in enumerate(iter(lambda: list(itertools.islice(left, PDF_BATCH)), [])):
            batch[0].save(
                fresh,
                format="PDF",
                save_all=True,
                append=number > 0,
                append_images=batch[1:],
                resolution=PAGE_DPI,
                quality=JPEG_QUALITY,
                title=None,
                creationDate=None,
                modDate=None,
            )


def _numbered(file: Path, number: int) -> Path:
    return file if number == 1 else file.with_name(f"{file.stem}-page{number}{file.suffix}")

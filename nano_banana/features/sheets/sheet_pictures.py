"""A contact sheet as A4 pages, written as PNG files or one PDF."""

from __future__ import annotations

import functools
import io
import itertools
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

from PIL import Image, ImageDraw, ImageFont, ImageOps

from nano_banana.features.sheets.contact_sheet import ContactSheet
from nano_banana.features.sheets.sheet_takes import SheetGrid, SheetTake, TakeState, Thumbnail
from nano_banana.features.sheets.sheet_words import (
    STATE_WORDS,
    axis_labels,
    grid_heading,
    sheet_summary,
    take_caption,
    take_labels,
    thumbnail_side,
    write_pieces,
)
from nano_banana.model.event import EventHandler

FONT_EXTRAS = frozenset("·…“”’")
"""What the font has besides ASCII."""

NEAREST_LETTERS = {"–": "-", "—": "-", "−": "-", "×": "x", "→": ">", "←": "<"}
ELLIPSIS = "…"


@functools.cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Pillow's own font, `size` in pixels. Raises RuntimeError where Pillow lacks FreeType."""
    found = ImageFont.load_default(size)
    if not isinstance(found, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow without FreeType")  # noqa: TRY004 - it is the library that is wrong, not a type
    return found


def legible(text: str) -> str:
    """The text in letters that the font has; a question mark for what resembles none."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_letter, text))


def text_width(text: str, size: int) -> float:
    """How wide the text is, in pixels."""
    return font(size).getlength(text)


def cut_to_width(text: str, size: int, room: float) -> str:
    """As much of the text as fits into `room` pixels, with an ellipsis where some is left out."""
    text = legible(text)
    if text_width(text, size) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if text_width(text[:middle].rstrip() + ELLIPSIS, size) <= room else (low, middle - 1)
    return text[:low].rstrip() + ELLIPSIS


def wrap_words(words: Sequence[str], size: int, room: float, *, lines: int, space: str = " ") -> list[str]:
    """Words in at most so many lines; each that is too long for a line is cut, and so is the last line."""
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
"""The same as on the page by day; each has a contrast of 4.5 or more on paper."""


def line_height(size: int) -> int:
    """Pixels from line to line of letters of that size."""
    return round(size * 1.3)


def draw_lines(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], lines: Sequence[str], size: int, colour: RGBColour
) -> float:
    """Write lines below each other; return where the next would stand."""
    left, top = at
    for line in lines:
        pen.text((left, top), line, colour, font(size))
        top += line_height(size)
    return top


Item = TypeVar("Item")

BAND_WIDTH = 1634
"""Pixels of a page that a band may be wide."""

NARROWEST, WIDEST, EASY, LOOSE = 118, 340, 210, 300
"""Pixels of a column: at least, at most, and where nothing says how many there are; what is in none, at most."""

NARROW_COLUMNS = 2
"""Columns of a grid whose rows stand side by side: below one another they would leave half of the page empty."""

LABEL_WIDTH = 190
"""Pixels of the labels of rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A row of takes, `width` pixels a column; an empty cell is None.

    `title` is what stands above its grid, `heads` above its columns, `label` before it.
    """

    title: str
    heads: Sequence[Sequence[str]]
    label: Sequence[str]
    takes: Sequence[SheetTake | None]
    inside: Sequence[str]
    width: int
    indent: int


def bands_of(sheet: ContactSheet) -> Iterator[Band]:
    """All bands, from the top; a grid that is too wide comes in parts, one below the other."""
    for grid in sheet.grids:
        if not grid.axes.across:
            yield from _bands_without_columns(grid)
        elif len(grid.columns) <= NARROW_COLUMNS and len(grid.rows) > 1:
            yield from _bands_of_narrow_grid(grid)
        else:
            yield from _bands_by_rows(grid)


def _bands_by_rows(grid: SheetGrid) -> Iterator[Band]:
    indent = LABEL_WIDTH if grid.axes.down else 0
    most = (BAND_WIDTH - indent) // NARROWEST
    parts = -(-len(grid.columns) // most)
    for part in _batches(grid.columns, -(-len(grid.columns) // parts)):
        for row in grid.rows:
            stacks = [grid.cells.get((row, column), ()) for column in part]
            for level in range(max(map(len, stacks), default=0)):
                yield Band(
                    title=grid_heading(grid),
                    heads=[axis_labels(grid.axes.across, column) for column in part],
                    label=axis_labels(grid.axes.down, row) if level == 0 else (),
                    takes=[stack[level] if level < len(stack) else None for stack in stacks],
                    inside=grid.axes.inside,
                    width=min((BAND_WIDTH - indent) // len(part), WIDEST),
                    indent=indent,
                )


def _bands_of_narrow_grid(grid: SheetGrid) -> Iterator[Band]:
    most = BAND_WIDTH // EASY // len(grid.columns)
    lines = -(-len(grid.rows) // most)
    for rows in _batches(grid.rows, -(-len(grid.rows) // lines)):
        places = [(row, column) for row in rows for column in grid.columns]
        stacks = [grid.cells.get(place, ()) for place in places]
        for level in range(max(map(len, stacks), default=0)):
            yield Band(
                title=grid_heading(grid),
                heads=[
                    [*axis_labels(grid.axes.down, row), *axis_labels(grid.axes.across, column)]
                    for row, column in places
                ],
                label=(),
                takes=[stack[level] if level < len(stack) else None for stack in stacks],
                inside=grid.axes.inside,
                width=min(BAND_WIDTH // len(places), WIDEST),
                indent=0,
            )


def _bands_without_columns(grid: SheetGrid) -> Iterator[Band]:
    indent = LABEL_WIDTH if grid.axes.down else 0
    most = max((len(takes) for takes in grid.cells.values()), default=1)
    count = min((BAND_WIDTH - indent) // EASY, most)
    for row in grid.rows:
        found = grid.cells.get((row, ()), ())
        # Nine pictures where eight have room are five and four.
        lines = -(-len(found) // count)
        for at, takes in enumerate(_batches(found, -(-len(found) // max(lines, 1)))):
            yield Band(
                title=grid_heading(grid),
                heads=(),
                label=axis_labels(grid.axes.down, row) if at == 0 else (),
                takes=takes,
                inside=grid.axes.inside,
                width=min((BAND_WIDTH - indent) // count, LOOSE),
                indent=indent,
            )


def _batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))


BAR_HEIGHT = 5
MAX_PICTURE_HEIGHT = 1.5
"""The height of a picture on paper, at most, by its column's width."""

GREYED_STATES = {TakeState.REJECTED, TakeState.FAILED}
"""Nobody should take these for good ones at a glance."""


def letter_size(width: int) -> int:
    """The size of letters in a column so wide, all in pixels."""
    return max(14, min(20, width // 10))


@dataclass(frozen=True, slots=True, kw_only=True)
class CellText:
    """What is written below a take's picture, in letters of `size` pixels."""

    size: int
    inside: Sequence[str]
    lines: Sequence[str]

    @classmethod
    def of(cls, take: SheetTake, *, width: int, inside: Sequence[str], show: Sequence[str]) -> CellText:
        """The take's own, in a column so wide."""
        size = letter_size(width)
        below = [line for name in show if (line := take_caption(take, name))]
        return cls(
            size=size,
            inside=wrap_words(take_labels(inside, take), size, width, lines=2, space=" · "),
            lines=wrap_words(below, size, width, lines=3, space="  "),
        )

    @property
    def height(self) -> int:
        """Pixels, with the bar above them."""
        return BAR_HEIGHT + 4 + line_height(self.size) * (len(self.inside) + len(self.lines))


def picture_size(small: Thumbnail, width: int) -> tuple[int, int]:
    """Pixels of the picture in a column: as wide as that, or as high as a picture may be."""
    if not small.data:
        return width, width
    scale = min(width / small.width, width * MAX_PICTURE_HEIGHT / small.height)
    return max(1, round(small.width * scale)), max(1, round(small.height * scale))


def draw_cell(take: SheetTake, small: Thumbnail, words: CellText, *, width: int) -> Image.Image:
    """The take's cell, `width` pixels wide and as high as it needs."""
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
"""A4 on its side at 150 dots an inch, in pixels."""

EDGE, GAP, TITLE = 60, 12, 40
HEAD_HEIGHT = 90.0
"""Pixels above the first band."""


def draw_pages(sheet: ContactSheet, on_event: EventHandler, *, trim: bool = False) -> Iterator[Image.Image]:
    """The sheet's pages, RGB, A4 at 150 dots an inch; only one of them is in memory.

    The rows are spread evenly: no page has one alone where it could have two. `trim` cuts a page that is the only one
    to what it holds.
    """
    about = " · ".join(sheet_summary(sheet))
    bands = list(bands_of(sheet))
    takes = [take for band in bands for take in band.takes if take]
    side = thumbnail_side([*sheet.takes])
    heights = _heights(bands, sheet, (small for _, small, _ in sheet.thumbnails(takes, side, on_event)))
    small = (small for _, small, _ in sheet.thumbnails(takes, side, on_event))
    pages = page_breaks(bands, heights)
    for number, (start, end) in enumerate(pages, start=1):
        page, top = _new_page(sheet.name, about, number, len(pages))
        before = None
        for at in range(start, end):
            band = bands[at]
            if not _has_same_heads(before, band):
                top = _write_heads(page, top, band, titled=before is None or before.title != band.title)
            _write_label(page, top, band)
            for place, take in enumerate(band.takes):
                if take is not None:
                    cell = draw_cell(take, next(small), _cell_text(take, band, sheet), width=band.width - GAP)
                    page.paste(cell, (EDGE + band.indent + place * band.width, round(top)))
            top, before = top + heights[at] + GAP, band
        yield (
            page.crop((0, 0, PAGE_SIZE[0], min(PAGE_SIZE[1], round(top) + EDGE - GAP)))
            if trim and len(pages) == 1
            else page
        )


def page_breaks(bands: Sequence[Band], heights: Sequence[float]) -> list[tuple[int, int]]:
    """First and end of the bands of each page: as few pages as there may be, and their rest as even as it can be."""
    room = PAGE_SIZE[1] - EDGE - HEAD_HEIGHT
    best: list[tuple[int, float, int]] = [(0, 0.0, 0)]
    for end in range(1, len(bands) + 1):
        found: list[tuple[int, float, int]] = []
        high, start = 0.0, end
        while start > 0:
            start -= 1
            # The first one of a page has its heads above it, whatever came before.
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
    return CellText.of(take, width=band.width - GAP, inside=band.inside, show=sheet.show)


def _new_page(name: str, about: str, number: int, pages: int) -> tuple[Image.Image, float]:
    """A new page with its head, and where the first band goes."""
    page = Image.new("RGB", PAGE_SIZE, PAPER)
    pen, right = ImageDraw.Draw(page), PAGE_SIZE[0] - EDGE
    name = cut_to_width(name, 32, (right - EDGE) / 2)
    left = EDGE + text_width(name, 32) + 24
    draw_lines(pen, (EDGE, 30), [name], 32, INK)
    draw_lines(pen, (left, 39), [cut_to_width(about, 22, right - left - 90)], 22, SOFT_INK)
    if pages > 1:
        place = f"{number} / {pages}"
        draw_lines(pen, (right - text_width(place, 22), 39), [place], 22, SOFT_INK)
    return page, HEAD_HEIGHT


def _has_same_heads(before: Band | None, band: Band) -> bool:
    return before is not None and (before.title, [*before.heads]) == (band.title, [*band.heads])


def _heads_height(band: Band) -> float:
    deepest = max(map(len, band.heads), default=0)
    return (TITLE if band.title else 0) + deepest * line_height(letter_size(band.width)) + 6


def _write_heads(page: Image.Image, top: float, band: Band, *, titled: bool) -> float:
    """The grid's title, and what its columns are; returns where the rows begin."""
    pen, size, ends = ImageDraw.Draw(page), letter_size(band.width), [top]
    if band.title and titled:
        draw_lines(pen, (EDGE, top), [cut_to_width(band.title, 24, PAGE_SIZE[0] - 2 * EDGE)], 24, INK)
        ends = [top := top + TITLE]
    for at, head in enumerate(band.heads):
        left = EDGE + band.indent + at * band.width
        lines = [cut_to_width(line, size, band.width - GAP) for line in head]
        ends.append(
            draw_lines(pen, (left, draw_lines(pen, (left, top), lines[:1], size, INK)), lines[1:], size, SOFT_INK)
        )
    return max(ends) + 6


def _write_label(page: Image.Image, top: float, band: Band) -> None:
    pen, room = ImageDraw.Draw(page), band.indent - 2 * GAP
    for at, text in enumerate(band.label):
        size, colour = (22, INK) if at == 0 else (18, SOFT_INK)
        top = draw_lines(pen, (EDGE, top), wrap_words(_parts(text), size, room, lines=3, space=""), size, colour)


def _parts(name: str) -> Sequence[str]:
    """Where a name may go on in the next line."""
    return name.replace("_", "_\n").replace("-", "-\n").replace("+", "+\n").split("\n")


POINTS_PER_PIXEL = 72 / 150
"""Points of a pixel at 150 dots an inch."""

JPEG_QUALITY = 88


def write_png(file: Path, pages: Iterable[Image.Image]) -> list[Path]:
    """Write `sheet.png`, and further pages as `sheet-page2.png` …; return the files. Raises Unusable.

    Pages that an older and longer sheet left there are removed.
    """
    files = []
    for number, page in enumerate(pages, start=1):
        target = _numbered(file, number)
        write_pieces(target, [_encoded(page, "PNG")])
        files.append(target)
    for number in itertools.count(len(files) + 1):
        if not (older := _numbered(file, number)).is_file():
            return files
        with suppress(OSError):
            older.unlink()
    return files


def write_pdf(file: Path, pages: Iterable[Image.Image]) -> None:
    """Write the pages as one PDF: the same pages, the same bytes. Raises Unusable."""
    write_pieces(file, _pdf(pages))


def _numbered(file: Path, number: int) -> Path:
    return file if number == 1 else file.with_name(f"{file.stem}-page{number}{file.suffix}")


def _encoded(page: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    page.save(out, format=kind, quality=JPEG_QUALITY, optimize=kind == "JPEG")
    return out.getvalue()


def _pdf(pages: Iterable[Image.Image]) -> Iterator[bytes]:
    """PDF 1.4, a JPEG a page (ISO 32000-1, 7.5): Pillow's own writer keeps all pages in memory, and writes dates."""
    offsets: dict[int, int] = {}
    at = 0
    kids: list[int] = []

    def placed(number: int, body: bytes) -> bytes:
        nonlocal at
        offsets[number] = at
        text = b"%d 0 obj\n%b\nendobj\n" % (number, body)
        at += len(text)
        return text

    head = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    at += len(head)
    yield head
    for page in pages:
        first = 3 + 3 * len(kids)
        kids.append(first)
        data = _encoded(page, "JPEG")
        size = tuple(round(side * POINTS_PER_PIXEL, 2) for side in page.size)
        content = b"q %.2f 0 0 %.2f 0 0 cm /P Do Q" % size
        box = b"/MediaBox [0 0 %.2f %.2f]" % size
        yield placed(
            first,
            b"<< /Type /Page /Parent 2 0 R %b /Resources << /XObject << /P %d 0 R >> >> /Contents %d 0 R >>"
            % (box, first + 1, first + 2),
        )
        yield placed(
            first + 1,
            _stream(
                b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB "
                b"/BitsPerComponent 8 /Filter /DCTDecode" % page.size,
                data,
            ),
        )
        yield placed(first + 2, _stream(b"", content))
    yield placed(
        2, b"<< /Type /Pages /Count %d /Kids [%b] >>" % (len(kids), b" ".join(b"%d 0 R" % kid for kid in kids))
    )
    yield placed(1, b"<< /Type /Catalog /Pages 2 0 R >>")
    rows = b"".join(b"%010d 00000 n \n" % offsets[number] for number in sorted(offsets))
    count = len(offsets) + 1
    yield b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        count,
        rows,
        count,
        at,
    )


def _stream(entries: bytes, data: bytes) -> bytes:
    return b"<< %b /Length %d >>\nstream\n%b\nendstream" % (entries, len(data), data)

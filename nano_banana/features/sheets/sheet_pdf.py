"""A sheet's pages written to files: PNG pages, or one PDF without dates."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from PIL import Image

from nano_banana.features.sheets.sheet_words import write_pieces

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

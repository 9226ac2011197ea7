"""Sheets on paper: pages of bounded size, labels that can be read, the same bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image, PdfParser

from nano_banana.features.sheets.sheet_pictures import (
    PAGE_SIZE,
    PDF_BATCH,
    Band,
    bands_of,
    cut_to_width,
    draw_pages,
    legible,
    page_breaks,
    text_width,
    wrap_words,
    write_pdf,
    write_png,
)
from nano_banana.features.sheets.sheet_takes import TakeState
from nano_banana.model.problem import Unusable
from tests.web.sheets import quiet, sheet, size_of, take, workshop_in

LONG = "a_market_at_night_in_the_rain_with_many_lanterns_above_the_stalls"


def jpegs(file: Path) -> Sequence[Image.Image]:
    """The picture on each page of a PDF of A4 pages."""
    found = []
    with PdfParser.PdfParser(str(file), mode="rb") as pdf:
        for reference in pdf.pages:
            page = pdf.read_indirect(reference)
            assert page[b"MediaBox"] == [0, 0, pytest.approx(841.92), pytest.approx(595.2)]
            image = pdf.read_indirect(page[b"Resources"][b"XObject"][b"image"])
            assert image.dictionary[b"Filter"] == b"DCTDecode"
            found.append(Image.open(io.BytesIO(image.buf)))
    return found


def test_forty_columns_come_in_parts_with_heads_of_their_own(tmp_path: Path) -> None:
    with workshop_in(tmp_path) as (workshop, picture):
        blob = picture(1)
        takes = [take(11, blob, scene=f"scene_{at}", subject=who) for who in ("ana", "ben") for at in range(40)]
        laid = sheet(workshop, takes, rows=("subject",), columns=("scene",))
        bands = list(bands_of(laid))
        assert [len(band.takes) for band in bands] == [10] * 8
        assert bands[0].label == ["ana"]
        assert bands[2].column_heads[0] == ["scene_10"]
        files = write_png(tmp_path / "s.png", draw_pages(laid, quiet, trim=True))
        assert [size_of(file) for file in files[1:]] == [PAGE_SIZE] * (len(files) - 1)
        assert all(size_of(file)[1] <= PAGE_SIZE[1] for file in files)


def band(title: str = "") -> Band:
    return Band(title=title, column_heads=(), label=(), takes=(), take_axes=(), width=200, indent=0)


@pytest.mark.parametrize(
    ("heights", "pages"),
    [
        ([400.0] * 2, [(0, 2)]),
        ([400.0] * 3, [(0, 2), (2, 3)]),
        ([400.0] * 4, [(0, 2), (2, 4)]),
        ([300.0] * 4, [(0, 2), (2, 4)]),
        ([300.0] * 7, [(0, 3), (3, 5), (5, 7)]),
        ([5000.0, 10.0], [(0, 1), (1, 2)]),
        ([], []),
    ],
)
def test_no_page_has_one_row_where_it_could_have_more(heights: list[float], pages: list[tuple[int, int]]) -> None:
    found = page_breaks([band()] * len(heights), heights)
    assert len(found) == len(pages)
    assert sorted(end - start for start, end in found) == sorted(end - start for start, end in pages)
    assert [at for start, end in found for at in range(start, end)] == list(range(len(heights)))


def test_loose_pictures_are_in_lines_of_like_length(tmp_path: Path) -> None:
    with workshop_in(tmp_path) as (workshop, picture):
        blob = picture(1)
        laid = sheet(workshop, [take(seed, blob) for seed in range(15)])
        assert [len(found.takes) for found in bands_of(laid)] == [5, 5, 5]


def test_the_rows_of_a_narrow_grid_stand_side_by_side(tmp_path: Path) -> None:
    with workshop_in(tmp_path) as (workshop, picture):
        blob = picture(1)
        takes = [take(1, blob, scene=f"s{at}", style=style) for at in range(5) for style in ("oil", "photo")]
        bands = list(bands_of(sheet(workshop, takes, rows=("scene",), columns=("style",))))
        assert [len(found.takes) for found in bands] == [6, 4]
        assert bands[0].column_heads[:3] == [["s0", "oil"], ["s0", "photo"], ["s1", "oil"]]
        assert bands[0].label == ()
        assert 6 * bands[0].width > 1500


def test_a_single_page_is_as_high_as_it_needs(tmp_path: Path) -> None:
    with workshop_in(tmp_path) as (workshop, picture):
        laid = sheet(workshop, [take(seed, picture(seed)) for seed in (1, 2, 3, 4, 5)])
        (file,) = write_png(tmp_path / "s.png", draw_pages(laid, quiet, trim=True))
        assert size_of(file)[1] < PAGE_SIZE[1] / 2


def test_each_state_has_its_colour_below_the_picture(tmp_path: Path) -> None:
    with workshop_in(tmp_path) as (workshop, picture):
        states = [TakeState.ACCEPTED, TakeState.REJECTED, TakeState.MISSING, TakeState.FAILED]
        blobs = [picture(1), picture(1), None, None]
        takes = [
            take(at % 2, blob, state, scene=("office", "street")[at // 2])
            for at, (blob, state) in enumerate(zip(blobs, states, strict=True))
        ]
        (page,) = draw_pages(sheet(workshop, takes, rows=("scene",), columns=("seed",)), quiet)
        colours = {colour for _, colour in page.getcolors(1 << 24) or ()}
        assert {(30, 107, 58), (179, 38, 30), (119, 115, 107), (238, 236, 231)} <= colours
        shown, refused = page.crop((80, 200, 300, 300)), page.crop((420, 200, 640, 300))
        assert shown.convert("HSV").getextrema()[1] != (0, 0)
        assert refused.convert("HSV").getextrema()[1] == (0, 0)


def test_a_pdf_has_a_page_each_and_no_date(tmp_path: Path) -> None:
    with workshop_in(tmp_path) as (workshop, picture):
        blob = picture(2)
        takes = [take(seed, blob, scene=LONG, subject=who) for who in ("ana", "ben") for seed in range(15)]
        laid = sheet(workshop, takes)
        for name in ("a.pdf", "b.pdf"):
            write_pdf(tmp_path / name, draw_pages(laid, quiet))
        data = (tmp_path / "a.pdf").read_bytes()
        assert data == (tmp_path / "b.pdf").read_bytes()
        assert b"Date" not in data
        pages = jpegs(tmp_path / "a.pdf")
        assert len(pages) == len(list(draw_pages(laid, quiet))) > 1
        assert {page.size for page in pages} == {PAGE_SIZE}


def test_a_long_pdf_is_written_in_batches(tmp_path: Path) -> None:
    pages = [Image.new("RGB", PAGE_SIZE, (at, at, at)) for at in range(2 * PDF_BATCH + 1)]
    write_pdf(tmp_path / "long.pdf", iter(pages))
    shades = [page.getpixel((9, 9)) for page in jpegs(tmp_path / "long.pdf")]
    assert shades == [(at, at, at) for at in range(2 * PDF_BATCH + 1)]


def test_a_full_disk_leaves_the_older_file(tmp_path: Path) -> None:
    target = tmp_path / "s.pdf"
    target.write_bytes(b"older")
    tmp_path.joinpath("folder.png").mkdir()
    page = Image.new("RGB", (10, 10))

    def broken() -> object:
        yield page
        raise OSError(28, "No space left on device")

    with pytest.raises(Unusable):
        write_pdf(target, broken())  # type: ignore[arg-type]
    with pytest.raises(Unusable):
        write_png(tmp_path / "folder.png", [page])
    assert target.read_bytes() == b"older"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["folder.png", "s.pdf"]


def test_labels_fit_their_room() -> None:
    assert cut_to_width("office", 20, 200) == "office"
    short = cut_to_width(LONG, 20, 120)
    assert short.endswith("…")
    assert 100 < text_width(short, 20) <= 120
    lines = wrap_words(["rejected", "0.31", "seed 4294967295", "$0.0210"], 14, 108, lines=3)
    assert lines[0] == "rejected 0.31"
    assert all(text_width(line, 14) <= 108 for line in lines)
    assert wrap_words(["x" * 80], 14, 100, lines=1)[0].endswith("…")
    assert wrap_words(["one", "two", "three"], 14, 40, lines=1)[0].endswith("…")
    assert wrap_words([], 14, 100, lines=2) == []


def test_letters_that_the_font_lacks_are_written_as_the_nearest() -> None:
    assert legible("Zoë · 4 × 5 — Łódź …") == "Zoe · 4 x 5 - ?odz …"
    assert legible("日本\u202e\x07") == "????"

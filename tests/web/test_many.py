"""Two thousand takes on one page: small, quick, and written piece by piece."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

from nano_banana.features.sheets.sheet_page import sheet_html as written
from nano_banana.features.sheets.sheet_words import SheetWording, write_text_pieces
from nano_banana.model.flow import Ruling
from tests.web.conftest import Look
from tests.web.sheets import quiet, sheet, take, workshop_in

MOST_BYTES, MOST_MEMORY, FIRST_PAINT = 12_000_000, 12_000_000, 1000


def test_two_thousand_takes(tmp_path: Path, look: Look) -> None:
    file = tmp_path / "sheet.html"
    with workshop_in(tmp_path) as (workshop, picture):
        blobs = [picture(number) for number in range(8)]
        takes = [
            take(seed, blobs[(seed + at) % 8], subject=who, scene=f"scene_{at}", light=f"light_{light}")
            for who in ("ana", "ben")
            for at in range(10)
            for light in range(5)
            for seed in range(20)
        ]
        laid = sheet(workshop, takes)
        words = SheetWording(reasons=lambda ruled: str(ruled.ruling or Ruling.UNSURE), problem=str)
        list(laid.thumbnails(takes[:8], 160, quiet))
        tracemalloc.start()
        write_text_pieces(file, written(laid, words, file, quiet))
        memory = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert file.stat().st_size < MOST_BYTES
    assert memory < MOST_MEMORY
    with look(file) as page:
        assert page.locator("#count").inner_text() == "2000 takes"
        paint = page.evaluate("performance.getEntriesByType('paint')[0]?.startTime ?? 0")
        assert paint < FIRST_PAINT
        page.locator("input[name=text]").fill("scene_7 light_3")
        assert page.locator("#count").inner_text() == "40 of 2000 takes"

"""Words below pictures, and what a sheet says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.features.sheets.sheet_page import folder_url
from nano_banana.features.sheets.sheet_takes import TakeState
from nano_banana.features.sheets.sheet_words import sheet_money, take_caption, thumbnail_side
from nano_banana.formats.html_page import escape_text
from tests.web.sheets import take


@pytest.mark.parametrize(("usd", "said"), [(0.0, "$0.00"), (0.021, "$0.0210"), (1.5, "$1.50"), (None, "cost unknown")])
def test_money(usd: float | None, said: str) -> None:
    assert sheet_money(usd) == said


def test_what_is_below_a_picture() -> None:
    judged = take(7, state=TakeState.UNSURE)
    assert [take_caption(judged, show) for show in ("verdict", "score", "cost", "seed", "attempt")] == [
        "unsure",
        "",
        "",
        "seed 7",
        "",
    ]
    assert take_caption(take(7), "verdict") == ""


def test_where_the_pictures_lie_from_a_page() -> None:
    assert folder_url(Path("out/p"), Path("out/p/sheet.html")) == ""
    assert folder_url(Path("out/p"), Path("sheets/s.html")) == "../out/p/"
    assert folder_url(Path("out/a #1?"), Path("s.html")) == "out/a%20%231%3F/"


def test_text_is_only_text() -> None:
    assert escape_text('<b title="x">&\u202e\ud800\x00') == "&lt;b title=&quot;x&quot;&gt;&amp;���"


def test_more_pictures_are_smaller() -> None:
    sides = [thumbnail_side([take(1)] * count) for count in (1, 300, 900, 2000, 5000)]
    assert sides == sorted(sides, reverse=True)
    assert len(set(sides)) == len(sides)

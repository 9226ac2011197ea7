"""Words below pictures, and what a sheet says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.project.sheet.shown import State
from nano_banana.web.page import folder_url, text
from nano_banana.web.sizes import side_for
from nano_banana.web.speech import money, said_below
from tests.web.sheets import take


@pytest.mark.parametrize(("usd", "said"), [(0.0, "$0.00"), (0.021, "$0.0210"), (1.5, "$1.50"), (None, "cost unknown")])
def test_money(usd: float | None, said: str) -> None:
    assert money(usd) == said


def test_what_is_below_a_picture() -> None:
    judged = take(7, state=State.UNSURE)
    assert [said_below(judged, show) for show in ("verdict", "score", "cost", "seed", "attempt")] == [
        "unsure",
        "",
        "",
        "seed 7",
        "",
    ]
    assert said_below(take(7), "verdict") == ""


def test_where_the_pictures_lie_from_a_page() -> None:
    assert folder_url(Path("out/p"), Path("out/p/sheet.html")) == ""
    assert folder_url(Path("out/p"), Path("sheets/s.html")) == "../out/p/"
    assert folder_url(Path("out/a #1?"), Path("s.html")) == "out/a%20%231%3F/"


def test_text_is_only_text() -> None:
    assert text('<b title="x">&\u202e\ud800\x00') == "&lt;b title=&quot;x&quot;&gt;&amp;���"


def test_more_pictures_are_smaller() -> None:
    sides = [side_for([take(1)] * count) for count in (1, 300, 900, 2000, 5000)]
    assert sides == sorted(sides, reverse=True)
    assert len(set(sides)) == len(sides)

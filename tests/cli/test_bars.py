"""Bars: as wide as there is room, told apart without colour."""

from __future__ import annotations

import io

import pytest

from nano_banana.cli.commands.stats_command import ASCII, UNICODE, StackedBar, bar_characters, stacked_bars
from nano_banana.cli.formatting import display_width, time_ago

LINES = [
    StackedBar(label="portraits", first=3.0, second=1.0, said="$3.00 + $1.00"),
    StackedBar(
        label="a very long name of a recipe that nobody can read to its end", first=0.001, second=0, said="$0.0010"
    ),
    StackedBar(label="人物肖像人物肖像人物肖像人物肖像", first=0, second=4.0, said="$0.00 + $4.00"),
    StackedBar(label="none\x1b[2J", first=0, second=0, said="$0.00"),
]


@pytest.mark.parametrize("width", [60, 80, 100, 200])
@pytest.mark.parametrize("marks", [UNICODE, ASCII])
def test_no_line_is_wider_than_the_terminal(width: int, marks: str) -> None:
    drawn = list(stacked_bars(LINES, width=width, marks=marks))
    assert all(display_width(line) <= width for line in drawn)
    assert all(line.isprintable() for line in drawn)
    assert all(line.isascii() for line in drawn[:2]) is (marks == ASCII)


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("e\u0301", 1),  # an accent of its own (Mn)
        ("5\u20dd", 1),  # a circle around a digit (Me)
        ("1\ufe0f\u20e3", 1),  # a keycap: a digit, its variation (Mn) and its frame (Me)
        ("\u4eba", 2),
    ],
)
def test_marks_on_a_letter_take_no_column(text: str, width: int) -> None:
    assert display_width(text) == width


def test_the_longest_bar_is_the_largest_sum() -> None:
    plain = [StackedBar(label=each.label, first=each.first, second=each.second, said="") for each in LINES]
    first, sliver, second, nothing = stacked_bars(plain, width=80, marks=ASCII)
    assert (first.count("#"), first.count(".")) == (36, 12)
    assert (sliver.count("#"), nothing.count("#")) == (1, 0)
    assert second.count(".") == 48
    assert "~" in sliver


def test_a_sliver_of_the_second_kind_is_seen() -> None:
    (line,) = stacked_bars([StackedBar(label="a", first=1000, second=0.001, said="")], width=80, marks=UNICODE)
    assert line.endswith("█░")


def test_nothing_at_all_has_no_bar() -> None:
    assert list(stacked_bars([], width=80, marks=ASCII)) == []
    (line,) = stacked_bars([StackedBar(label="a", first=0, second=0, said="-")], width=40, marks=ASCII)
    assert line.split() == ["a", "-"]


@pytest.mark.parametrize(("encoding", "marks"), [("utf-8", UNICODE), ("ascii", ASCII), ("latin-1", ASCII)])
def test_a_terminal_without_unicode_gets_ascii(encoding: str, marks: str) -> None:
    assert bar_characters(io.TextIOWrapper(io.BytesIO(), encoding=encoding)) == marks


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (7199, "1 h ago"),
        (86_400, "1 day ago"),
        (3 * 86_400, "3 days ago"),
        (61 * 86_400, "2023-09-15"),
    ],
)
def test_how_long_ago(seconds: float, said: str) -> None:
    now = 1_700_006_400.0
    assert time_ago(now - seconds, now) == said

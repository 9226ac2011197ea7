"""Bars of two kinds on a terminal, told apart without colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

from nano_banana.cli.cells import cells, pad, visible

LABEL = 26
"""Columns of the longest label."""
LONGEST = 48
SHORTEST = 8
"""Columns of the longest bar, on a wide and on a narrow terminal."""
UNICODE, ASCII = "█░…", "#.~"
"""A cell of the first kind, one of the second, and what a label ends with that was cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A line: two amounts (≥ 0) end to end, and their words behind."""

    label: str
    first: float
    second: float
    said: str


def marks_for(stream: TextIO) -> str:
    """`UNICODE`, or `ASCII` where the stream can't write that."""
    try:
        UNICODE.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def bars(lines: Sequence[Bar], *, width: int, marks: str) -> Iterator[str]:
    """The lines, none wider than `width` columns (40 or more); the longest bar is the largest sum."""
    full, pale, cut = marks[0], marks[1], marks[2]
    labels = [_cut(visible(line.label), LABEL, cut) for line in lines]
    left = max(map(cells, labels), default=0)
    behind = max((cells(line.said) for line in lines), default=0)
    room = min(max(width - left - behind - 4, SHORTEST), LONGEST)
    most = max((line.first + line.second for line in lines), default=0.0)
    for label, line in zip(labels, lines, strict=True):
        first, whole = (_length(amount, most, room) for amount in (line.first, line.first + line.second))
        second = max(whole - first, int(line.second > 0))
        # A sliver of the second kind is not lost behind the first.
        first = min(first, room - second)
        bar = full * first + pale * second
        yield f"{pad(label, left)}  {pad(bar, room)}  {line.said}".rstrip()


def _length(amount: float, most: float, room: int) -> int:
    return max(round(amount / most * room), 1) if amount > 0 else 0


def _cut(text: str, width: int, end: str) -> str:
    if cells(text) <= width:
        return text
    kept = ""
    for character in text:
        if cells(kept + character) > width - 1:
            break
        kept += character
    return kept + end

"""A sheet cut into bands that fit on paper: headings, heads, rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from nano_banana.project.sheet.layout import Grid
from nano_banana.project.sheet.sheet import Sheet
from nano_banana.project.sheet.shown import Shown
from nano_banana.web.speech import heading, said_all

T = TypeVar("T")

ROOM = 1634
"""Pixels of a page that a band may be wide."""

NARROWEST, WIDEST, EASY, LOOSE = 118, 340, 210, 300
"""Pixels of a column: at least, at most, and where nothing says how many there are; what is in none, at most."""

NARROW = 2
"""Columns of a grid whose rows stand side by side: below one another they would leave half of the page empty."""

LABEL = 190
"""Pixels of the labels of rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A row of takes, `width` pixels a column; an empty cell is None.

    `title` is what stands above its grid, `heads` above its columns, `label` before it.
    """

    title: str
    heads: Sequence[Sequence[str]]
    label: Sequence[str]
    takes: Sequence[Shown | None]
    inside: Sequence[str]
    width: int
    indent: int


def bands_of(sheet: Sheet) -> Iterator[Band]:
    """All bands, from the top; a grid that is too wide comes in parts, one below the other."""
    for grid in sheet.grids:
        if not grid.axes.across:
            yield from _flow(grid)
        elif len(grid.columns) <= NARROW and len(grid.rows) > 1:
            yield from _folded(grid)
        else:
            yield from _wide(grid)


def _wide(grid: Grid) -> Iterator[Band]:
    indent = LABEL if grid.axes.down else 0
    most = (ROOM - indent) // NARROWEST
    parts = -(-len(grid.columns) // most)
    for part in _batches(grid.columns, -(-len(grid.columns) // parts)):
        for row in grid.rows:
            stacks = [grid.cells.get((row, column), ()) for column in part]
            for level in range(max(map(len, stacks), default=0)):
                yield Band(
                    title=heading(grid),
                    heads=[said_all(grid.axes.across, column) for column in part],
                    label=said_all(grid.axes.down, row) if level == 0 else (),
                    takes=[stack[level] if level < len(stack) else None for stack in stacks],
                    inside=grid.axes.inside,
                    width=min((ROOM - indent) // len(part), WIDEST),
                    indent=indent,
                )


def _folded(grid: Grid) -> Iterator[Band]:
    most = ROOM // EASY // len(grid.columns)
    lines = -(-len(grid.rows) // most)
    for rows in _batches(grid.rows, -(-len(grid.rows) // lines)):
        places = [(row, column) for row in rows for column in grid.columns]
        stacks = [grid.cells.get(place, ()) for place in places]
        for level in range(max(map(len, stacks), default=0)):
            yield Band(
                title=heading(grid),
                heads=[[*said_all(grid.axes.down, row), *said_all(grid.axes.across, column)] for row, column in places],
                label=(),
                takes=[stack[level] if level < len(stack) else None for stack in stacks],
                inside=grid.axes.inside,
                width=min(ROOM // len(places), WIDEST),
                indent=0,
            )


def _flow(grid: Grid) -> Iterator[Band]:
    indent = LABEL if grid.axes.down else 0
    most = max((len(takes) for takes in grid.cells.values()), default=1)
    count = min((ROOM - indent) // EASY, most)
    for row in grid.rows:
        found = grid.cells.get((row, ()), ())
        # Nine pictures where eight have room are five and four.
        lines = -(-len(found) // count)
        for at, takes in enumerate(_batches(found, -(-len(found) // max(lines, 1)))):
            yield Band(
                title=heading(grid),
                heads=(),
                label=said_all(grid.axes.down, row) if at == 0 else (),
                takes=takes,
                inside=grid.axes.inside,
                width=min((ROOM - indent) // count, LOOSE),
                indent=indent,
            )


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))

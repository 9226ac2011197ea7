"""Takes put in rows and columns by axes; what fits in no grid, in groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from nano_banana.project.sheet.shown import STAGE, Shown, State, place_of

USUAL = ("subject", "shot", "template", "seed")
"""The axes that every take has."""

WIDEST = 12
"""Columns of a grid that nobody laid out; beyond that the seeds go downwards."""

Values: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """Where each axis goes: one grid for each value (`apart`), `down`, `across`, or said with each take (`inside`)."""

    apart: Values = ()
    down: Values = ()
    across: Values = ()
    inside: Values = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Takes by row and column; `title` are the values of the axes that are apart. A cell may hold several takes.

    `shots` are those that it is of, where other grids are of others. A seed is the seed itself where all takes of its
    row or column have it, else its place (`#2`).
    """

    axes: Axes
    title: Values
    rows: Sequence[Values]
    columns: Sequence[Values]
    cells: Mapping[tuple[Values, Values], Sequence[Shown]]
    shots: Values = ()

    @property
    def takes(self) -> Iterable[Shown]:
        """Its takes, row by row."""
        return (take for row in self.rows for column in self.columns for take in self.cells.get((row, column), ()))


def arrange(takes: Sequence[Shown], rows: Sequence[str], columns: Sequence[str]) -> list[Grid]:
    """Grids of the takes, in the recipe's order. Where neither rows nor columns are wanted, whatever reads best.

    Rows and columns that nothing was made of are left out.
    """
    parts = _parts(takes)
    grids = [(part, grid) for part in parts for grid in _grids(part, rows, columns)]
    return [
        replace(grid, shots=tuple(dict.fromkeys(take.card.shot for take in part))) if len(parts) > 1 else grid
        for part, grid in grids
    ]


def _parts(takes: Sequence[Shown]) -> list[list[Shown]]:
    """Takes whose shots have the same axes: others would leave holes in one another's grids."""
    parts: dict[frozenset[str], list[Shown]] = {}
    for take in takes:
        parts.setdefault(frozenset(take.card.axes), []).append(take)
    return list(parts.values())


def _grids(takes: Sequence[Shown], rows: Sequence[str], columns: Sequence[str]) -> list[Grid]:
    sizes = _sizes(takes)
    there = {*USUAL, *takes[0].card.axes}
    rows, columns = ([axis for axis in axes if axis in there] for axes in (rows, columns))
    axes = _wanted(sizes, rows, columns) if rows or columns else _usual(sizes)
    groups: dict[Values, list[Shown]] = {}
    for take in takes:
        groups.setdefault(_values(take, axes.apart), []).append(take)
    return [grid for title, group in groups.items() if (grid := _grid(axes, title, group)).rows]


def _sizes(takes: Sequence[Shown]) -> dict[str, int]:
    """How many values each axis has, of those with more than one; a template that goes with its shot is none."""
    names = dict.fromkeys(USUAL[:-1])
    names |= dict.fromkeys(axis for take in takes for axis in take.card.axes)
    names |= dict.fromkeys(["seed", STAGE])
    counts = {axis: len({place_of(take, axis) for take in takes}) for axis in names}
    if counts["shot"] > 1:
        del counts["template"]
    return {axis: count for axis, count in counts.items() if count > 1}


def _wanted(sizes: Mapping[str, int], rows: Sequence[str], columns: Sequence[str]) -> Axes:
    """As somebody said; where only one of both was said, what is left goes the other way."""
    left = [axis for axis in sizes if axis not in (*rows, *columns)]
    turns = [axis for axis in left if axis in ("seed", STAGE)]
    down = tuple(rows) or tuple(axis for axis in left if axis not in turns)
    across = tuple(axis for axis in columns if axis not in rows) or tuple(turns or left[-1:])
    if STAGE in left and STAGE not in (*down, *across):
        across = (*across, STAGE)
    return Axes(apart=tuple(axis for axis in left if axis not in (*down, *across)), down=down, across=across)


def _usual(sizes: Mapping[str, int]) -> Axes:
    """The widest axis and the seeds to the right as far as there is room, the others downwards."""
    own = [axis for axis in sizes if axis not in ("subject", "shot", "template", "seed", STAGE)]
    most = max((sizes[axis] for axis in own), default=0)
    across = [axis for axis in own if sizes[axis] == most <= WIDEST][-1:]
    if sizes.get("seed", 0) * max([sizes[axis] for axis in across], default=1) <= WIDEST:
        across += [axis for axis in sizes if axis == "seed"]
    across += [axis for axis in sizes if axis == STAGE]
    down = [axis for axis in sizes if axis not in across]
    # One column alone would be a tower: its takes follow one another instead.
    return (
        Axes(down=tuple(down), across=tuple(across)) if across else Axes(down=tuple(down[:-1]), inside=tuple(down[-1:]))
    )


def _grid(axes: Axes, title: Values, takes: Sequence[Shown]) -> Grid:
    cells: dict[tuple[Values, Values], list[Shown]] = {}
    for take in takes:
        cells.setdefault((_values(take, axes.down), _values(take, axes.across)), []).append(take)
    there = [place for place, found in cells.items() if any(map(_is_there, found))]
    live, wide = {row for row, _ in there}, {column for _, column in there}
    # The order is that in which the recipe has the values, not that in which they were made.
    downs: dict[Values, list[Shown]] = {}
    acrosses: dict[Values, list[Shown]] = {}
    for (row, column), found in cells.items():
        if row in live and column in wide:
            downs.setdefault(row, []).extend(found)
            acrosses.setdefault(column, []).extend(found)
    rows, columns = _named(axes.down, downs), _named(axes.across, acrosses)
    (title,) = _named(axes.apart, {title: takes}).values()
    return Grid(
        axes=axes,
        title=title,
        rows=[rows[row] for row in dict.fromkeys(row for row, _ in cells) if row in rows],
        columns=[columns[column] for column in dict.fromkeys(column for _, column in cells) if column in columns],
        cells={
            (rows[row], columns[column]): found
            for (row, column), found in cells.items()
            if row in rows and column in columns
        },
    )


def _named(axes: Sequence[str], groups: Mapping[Values, Sequence[Shown]]) -> dict[Values, Values]:
    """What the values are called: a seed by itself where all takes of the row or column have it."""
    if "seed" not in axes:
        return {values: values for values in groups}
    at = axes.index("seed")
    named: dict[Values, Values] = {}
    for values, takes in groups.items():
        seeds = {take.card.seed for take in takes}
        named[values] = (*values[:at], str(*seeds), *values[at + 1 :]) if len(seeds) == 1 else values
    return named if len({*named.values()}) == len(named) else {values: values for values in groups}


def _values(take: Shown, axes: Sequence[str]) -> Values:
    return tuple(place_of(take, axis) for axis in axes)


def _is_there(take: Shown) -> bool:
    return take.state is not State.MISSING or (take.before is not None and take.before.state is not State.MISSING)

"""Lays takes out in rows and columns by axes.

Takes whose shots have other axes get grids of their own: they would leave holes in one another's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from nano_banana.features.sheets.sheet_takes import STAGE_AXIS, SheetTake, TakeState, value_on_axis

COMMON_AXES = ("subject", "shot", "template", "seed")
"""The axes that every take has."""

WIDEST_GRID = 12
"""Columns of a grid that nobody laid out; beyond that the seeds go downwards."""

AxisValues: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetAxes:
    """Where each axis goes: one grid for each value (`apart`), `down`, `across`, or said with each take (`inside`)."""

    apart: AxisValues = ()
    down: AxisValues = ()
    across: AxisValues = ()
    inside: AxisValues = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetGrid:
    """Takes by row and column; `title` are the values of the axes that are apart. A cell may hold several takes.

    `shots` are those that it is of, where other grids are of others. A seed is the seed itself where all takes of its
    row or column have it, else its place (`#2`).
    """

    axes: SheetAxes
    title: AxisValues
    rows: Sequence[AxisValues]
    columns: Sequence[AxisValues]
    cells: Mapping[tuple[AxisValues, AxisValues], Sequence[SheetTake]]
    shots: AxisValues = ()

    @property
    def takes(self) -> Iterable[SheetTake]:
        """Its takes, row by row."""
        return (take for row in self.rows for column in self.columns for take in self.cells.get((row, column), ()))


def arrange_grids(takes: Sequence[SheetTake], rows: Sequence[str], columns: Sequence[str]) -> list[SheetGrid]:
    """Grids of the takes, in the recipe's order. Where neither rows nor columns are wanted, whatever reads best.

    Rows and columns that nothing was made of are left out.
    """
    parts = _parts(takes)
    grids = [(part, grid) for part in parts for grid in _grids(part, rows, columns)]
    return [
        replace(grid, shots=tuple(dict.fromkeys(take.card.shot for take in part))) if len(parts) > 1 else grid
        for part, grid in grids
    ]


def _parts(takes: Sequence[SheetTake]) -> list[list[SheetTake]]:
    """Takes whose shots have the same axes: others would leave holes in one another's grids."""
    parts: dict[frozenset[str], list[SheetTake]] = {}
    for take in takes:
        parts.setdefault(frozenset(take.card.axes), []).append(take)
    return list(parts.values())


def _grids(takes: Sequence[SheetTake], rows: Sequence[str], columns: Sequence[str]) -> list[SheetGrid]:
    sizes = _sizes(takes)
    there = {*COMMON_AXES, *takes[0].card.axes}
    rows, columns = ([axis for axis in axes if axis in there] for axes in (rows, columns))
    axes = _requested_axes(sizes, rows, columns) if rows or columns else _default_axes(sizes)
    groups: dict[AxisValues, list[SheetTake]] = {}
    for take in takes:
        groups.setdefault(_values(take, axes.apart), []).append(take)
    return [grid for title, group in groups.items() if (grid := _grid(axes, title, group)).rows]


def _sizes(takes: Sequence[SheetTake]) -> dict[str, int]:
    """How many values each axis has, of those with more than one; a template that goes with its shot is none."""
    names = dict.fromkeys(COMMON_AXES[:-1])
    names |= dict.fromkeys(axis for take in takes for axis in take.card.axes)
    names |= dict.fromkeys(["seed", STAGE_AXIS])
    counts = {axis: len({value_on_axis(take, axis) for take in takes}) for axis in names}
    if counts["shot"] > 1:
        del counts["template"]
    return {axis: count for axis, count in counts.items() if count > 1}


def _requested_axes(sizes: Mapping[str, int], rows: Sequence[str], columns: Sequence[str]) -> SheetAxes:
    """As somebody said; where only one of both was said, what is left goes the other way."""
    left = [axis for axis in sizes if axis not in (*rows, *columns)]
    turns = [axis for axis in left if axis in ("seed", STAGE_AXIS)]
    down = tuple(rows) or tuple(axis for axis in left if axis not in turns)
    across = tuple(axis for axis in columns if axis not in rows) or tuple(turns or left[-1:])
    if STAGE_AXIS in left and STAGE_AXIS not in (*down, *across):
        across = (*across, STAGE_AXIS)
    return SheetAxes(apart=tuple(axis for axis in left if axis not in (*down, *across)), down=down, across=across)


def _default_axes(sizes: Mapping[str, int]) -> SheetAxes:
    """The widest axis and the seeds to the right as far as there is room, the others downwards."""
    own = [axis for axis in sizes if axis not in ("subject", "shot", "template", "seed", STAGE_AXIS)]
    most = max((sizes[axis] for axis in own), default=0)
    across = [axis for axis in own if sizes[axis] == most <= WIDEST_GRID][-1:]
    if sizes.get("seed", 0) * max([sizes[axis] for axis in across], default=1) <= WIDEST_GRID:
        across += [axis for axis in sizes if axis == "seed"]
    across += [axis for axis in sizes if axis == STAGE_AXIS]
    down = [axis for axis in sizes if axis not in across]
    # One column alone would be a tower: its takes follow one another instead.
    return (
        SheetAxes(down=tuple(down), across=tuple(across))
        if across
        else SheetAxes(down=tuple(down[:-1]), inside=tuple(down[-1:]))
    )


def _grid(axes: SheetAxes, title: AxisValues, takes: Sequence[SheetTake]) -> SheetGrid:
    cells: dict[tuple[AxisValues, AxisValues], list[SheetTake]] = {}
    for take in takes:
        cells.setdefault((_values(take, axes.down), _values(take, axes.across)), []).append(take)
    there = [place for place, found in cells.items() if any(map(_is_made, found))]
    live, wide = {row for row, _ in there}, {column for _, column in there}
    # The order is that in which the recipe has the values, not that in which they were made.
    downs: dict[AxisValues, list[SheetTake]] = {}
    acrosses: dict[AxisValues, list[SheetTake]] = {}
    for (row, column), found in cells.items():
        if row in live and column in wide:
            downs.setdefault(row, []).extend(found)
            acrosses.setdefault(column, []).extend(found)
    rows, columns = _named_values(axes.down, downs), _named_values(axes.across, acrosses)
    (title,) = _named_values(axes.apart, {title: takes}).values()
    return SheetGrid(
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


def _named_values(
    axes: Sequence[str], groups: Mapping[AxisValues, Sequence[SheetTake]]
) -> dict[AxisValues, AxisValues]:
    """What the values are called: a seed by itself where all takes of the row or column have it."""
    if "seed" not in axes:
        return {values: values for values in groups}
    at = axes.index("seed")
    named: dict[AxisValues, AxisValues] = {}
    for values, takes in groups.items():
        seeds = {take.card.seed for take in takes}
        named[values] = (*values[:at], str(*seeds), *values[at + 1 :]) if len(seeds) == 1 else values
    return named if len({*named.values()}) == len(named) else {values: values for values in groups}


def _values(take: SheetTake, axes: Sequence[str]) -> AxisValues:
    return tuple(value_on_axis(take, axis) for axis in axes)


def _is_made(take: SheetTake) -> bool:
    return take.state is not TakeState.MISSING or (
        take.before is not None and take.before.state is not TakeState.MISSING
    )

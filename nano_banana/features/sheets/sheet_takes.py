"""Takes of a contact sheet: states, thumbnails, rows and columns."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.model.call import Blob, Reply
from nano_banana.model.event import EventHandler
from nano_banana.model.flow import Ruling
from nano_banana.model.json_values import JSONObject, JSONValue, as_whole
from nano_banana.model.nodes import NodeInfo, NodeStatus
from nano_banana.model.problem import Problem
from nano_banana.planner.takes import stage_paths
from nano_banana.recipe.recipe_model import CollectionRef, Recipe
from nano_banana.session.manifest import judged_picture, stage_picture
from nano_banana.session.run_records import NodeRecord, OutputPicture, VerdictSummary, stage_folder
from nano_banana.session.store_runner import Runner
from nano_banana.stages.stage_calls import compute_call


class TakeState(StrEnum):
    """What became of a take, as a sheet says it."""

    ACCEPTED = "accepted"
    UNSURE = "unsure"
    REJECTED = "rejected"
    NOT_JUDGED = "not_judged"
    """A gate passed it over."""
    DONE = "done"
    """It is there, and no gate has looked at it."""
    FAILED = "failed"
    MISSING = "missing"
    """It is not made yet."""


STAGE_AXIS = "stage"
"""The axis of a sheet of several stages' pictures."""


class TakeBefore(Struct, frozen=True, kw_only=True):
    """What a take was in another run. `picture` is None where there was none, or where its bytes are `gone`.

    `differs` says whether it was another picture than it is now; `made` are its calls, where they are still known.
    """

    state: TakeState
    picture: Blob | None
    gone: bool
    differs: bool
    score: float | None = None
    seed: int | None = None
    cost_usd: float | None = 0.0
    made: Sequence[JSONObject] = ()


class SheetTake(Struct, frozen=True, kw_only=True):
    """A take as a sheet shows it.

    `stage` is the one whose picture is wanted, `picture` the one that is shown (of an earlier stage, where the take
    did not come as far), `name` its file below the output folder, `here` whether that file is there.
    `turn` is the place of its seed among those of its shot (`#2`).
    `ruled` is the verdict that counts; `problems` are why it failed.
    """

    record: NodeRecord
    stage: str
    state: TakeState
    turn: str = ""
    picture: Blob | None = None
    name: str = ""
    here: bool = False
    ruled: VerdictSummary | None = None
    problems: Sequence[Problem] = ()
    before: TakeBefore | None = None

    @property
    def card(self) -> NodeInfo:
        """Who and what it is of."""
        return self.record.card

    @property
    def calls(self) -> Sequence[JSONObject]:
        """The manifest's account of its calls."""
        found: Sequence[JSONObject] = json.loads(self.record.calls)
        return found

    @property
    def seed(self) -> int | None:
        """The seed of the picture shown: a retry has its own."""
        seed: JSONValue = None if self.ruled is None else self.ruled.attempt.detail.get("seed")
        return seed if isinstance(seed, int) else self.card.seed

    @property
    def attempts(self) -> int:
        """How many tries it took."""
        numbers = {picture.attempt.number for picture in self.record.pictures}
        return len(numbers | {ruled.attempt.number for ruled in self.record.verdicts}) or 1


def calls_cost(calls: Sequence[JSONObject]) -> float | None:
    """What calls cost, in USD; None where that is not known of one."""
    costs = [call.get("cost_usd") for call in calls]
    known = [cost for cost in costs if isinstance(cost, int | float)]
    return sum(known) if len(known) == len(costs) else None


def value_on_axis(take: SheetTake, axis: str) -> str:
    """A take's place on an axis, also on those that every take has; empty where it has none."""
    card = take.card
    usual = {"shot": card.shot, "template": card.template, "seed": take.turn, STAGE_AXIS: take.stage}
    usual["subject"] = card.subject or "+".join(card.cast)
    return usual[axis] if axis in usual else card.axes.get(axis, "")


STATE_OF_RULING = {
    Ruling.ACCEPTED: TakeState.ACCEPTED,
    Ruling.UNSURE: TakeState.UNSURE,
    Ruling.REJECTED: TakeState.REJECTED,
    Ruling.NOT_JUDGED: TakeState.NOT_JUDGED,
}


def gather_takes(
    recipe: Recipe,
    records: Sequence[NodeRecord],
    sources: Sequence[CollectionRef],
    *,
    folder: Path,
    failed: Mapping[str, Sequence[Problem]],
) -> tuple[list[SheetTake], int]:
    """The takes of `sources`, in the recipe's order, and how many a choice left out.

    `failed` says why takes failed in the last run, by id.
    """
    found: dict[tuple[str, ...], SheetTake] = {}
    unchosen: set[str] = set()
    chains: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for path in stage_paths(recipe):
        chains[path.shot.name].append(path.key[1:])
    for source, record in itertools.product(sources, records):
        chain = _stages_up_to(source.stage, record, chains[record.card.shot])
        if record.card.kind != "take" or source.shot not in ("", record.card.shot) or not chain:
            continue
        left = record.exited_early
        if left is not None and left.why == "not_chosen" and left.stage in chain:
            unchosen.add(record.id)
            continue
        take = sheet_take(record, source.stage, folder, failed.get(record.id, ()))
        is_meant = not source.ruling or any(
            ruled.is_final and ruled.stage == source.stage and ruled.counts_as == source.ruling
            for ruled in record.verdicts
        )
        # Ways that part behind the stage have one picture there.
        key = (record.id.partition("@")[0], stage_folder(record.id, source.stage), source.stage)
        if is_meant and (key not in found or found[key].picture is None):
            found[key] = take
    return list(found.values()), len(unchosen)


def _stages_up_to(stage: str, record: NodeRecord, chains: Iterable[tuple[str, ...]]) -> set[str]:
    """The stages that a take goes through up to that one, with it; empty if it doesn't get there."""
    suffix = [name for name in record.id.partition("@")[2].split("+") if name]
    last = record.card.stage
    own = (chain[: chain.index(last) + 1] for chain in chains if {last, *suffix}.issubset(chain))
    return {name for chain in own if stage in chain for name in chain[: chain.index(stage) + 1]}


def sheet_take(record: NodeRecord, stage: str, folder: Path, problems: Sequence[Problem]) -> SheetTake:
    """A take as it is shown with the picture of `stage`; `folder` is the output folder."""
    # The verdict that counts; of a take that is still under way, the last one.
    ruled = record.final_verdict or next(reversed(record.verdicts), None)
    # The stage's picture, of the attempt that stands; else the furthest that the take came.
    judged = judged_picture(record, ruled) if ruled else None
    picture = stage_picture(record, stage) or judged or next(reversed(record.pictures), None)
    state = _state_shown(record, stage, picture, ruled, failed=bool(problems))
    seed_place = record.card.slot.partition("@")[0].rpartition("#")[2]
    return SheetTake(
        record=record,
        stage=stage,
        state=state,
        turn="" if record.card.seed is None else f"#{int(seed_place) + 1}",
        picture=None if picture is None else picture.blob,
        name="" if picture is None else picture.name,
        here=picture is not None and (folder / picture.name).is_file(),
        ruled=ruled,
        problems=tuple(problems) or tuple(record.problems) if state is TakeState.FAILED else (),
    )


def _state_shown(
    record: NodeRecord, stage: str, picture: OutputPicture | None, ruled: VerdictSummary | None, *, failed: bool
) -> TakeState:
    came = any(found.stage == stage for found in record.pictures)
    if record.status in (NodeStatus.FAILED, NodeStatus.BLOCKED) or (failed and not came):
        return TakeState.FAILED
    # Where no later stage takes up what a gate said, its word is what became of the take.
    stays = record.exited_early is not None and ruled is not None and record.exited_early.why == ruled.counts_as
    if ruled is not None and (came or stays or ruled.counts_as is Ruling.REJECTED):
        return STATE_OF_RULING[ruled.counts_as]
    return TakeState.DONE if came and picture is not None else TakeState.MISSING


SHEET_PURPOSE = "sheet"

THUMBNAIL_BATCH = 256
"""Takes whose small pictures are in memory at one time."""


class Thumbnail(Struct, frozen=True, kw_only=True):
    """A small picture: WebP, sizes in pixels. Empty where there is none, or none can be made of it."""

    data: bytes = b""
    width: int = 0
    height: int = 0


def sheet_thumbnails(
    workshop: Runner, takes: Sequence[SheetTake], side: int, on_event: EventHandler
) -> Iterator[tuple[SheetTake, Thumbnail, Thumbnail]]:
    """Takes with their small pictures (`side` pixels on the longer side), and those of before where they differ."""
    for start in range(0, len(takes), THUMBNAIL_BATCH):
        batch = takes[start : start + THUMBNAIL_BATCH]
        pairs = [(take.picture, take.before.picture if take.before and take.before.differs else None) for take in batch]
        blobs = {blob.digest: blob for pair in pairs for blob in pair if blob is not None}
        how: JSONObject = {"side": side, "media": "image/webp"}
        calls = [compute_call("thumbnail", how, {"image": blob}) for blob in blobs.values()]
        ends = workshop.answer_batch(SHEET_PURPOSE, calls, on_event)
        replies = {digest: end for digest, end in zip(blobs, ends, strict=True) if isinstance(end, Reply)}
        for take, (now, before) in zip(batch, pairs, strict=True):
            yield take, _thumbnail(workshop, replies, now), _thumbnail(workshop, replies, before)


def _thumbnail(workshop: Runner, replies: Mapping[str, Reply], blob: Blob | None) -> Thumbnail:
    reply = None if blob is None else replies.get(blob.digest)
    if reply is None:
        return Thumbnail()
    data = workshop.store.blobs.path(reply.files["image"]).read_bytes()
    return Thumbnail(data=data, width=as_whole(reply.data["width"]), height=as_whole(reply.data["height"]))


COMMON_AXES = ("subject", "shot", "template", "seed")
"""The axes that every take has."""

WIDEST_GRID = 12
"""Columns of a grid that nobody laid out; beyond that the seeds go downwards."""

AxisValues: TypeAlias = tuple[str, ...]


class SheetAxes(Struct, frozen=True, kw_only=True):
    """Where each axis goes: one grid for each value (`apart`), `down`, `across`, or said with each take (`inside`)."""

    apart: AxisValues = ()
    down: AxisValues = ()
    across: AxisValues = ()
    inside: AxisValues = ()


class SheetGrid(Struct, frozen=True, kw_only=True):
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
    # Takes whose shots have the same axes: others would leave holes in one another's grids.
    parts: dict[frozenset[str], list[SheetTake]] = {}
    for take in takes:
        parts.setdefault(frozenset(take.card.axes), []).append(take)
    grids: list[SheetGrid] = []
    for part in parts.values():
        shots = tuple(dict.fromkeys(take.card.shot for take in part)) if len(parts) > 1 else ()
        grids += [replace(grid, shots=shots) for grid in _grids(part, rows, columns)]
    return grids


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
    kept = {(row, column): found for (row, column), found in cells.items() if row in live and column in wide}
    by_row: dict[AxisValues, list[SheetTake]] = defaultdict(list)
    by_column: dict[AxisValues, list[SheetTake]] = defaultdict(list)
    for (row, column), found in kept.items():
        by_row[row] += found
        by_column[column] += found
    rows, columns = _named_values(axes.down, by_row), _named_values(axes.across, by_column)
    (title,) = _named_values(axes.apart, {title: takes}).values()
    return SheetGrid(
        axes=axes,
        title=title,
        # The order is that in which the recipe has the values, not that in which they were made.
        rows=[rows[row] for row in dict.fromkeys(row for row, _ in cells) if row in rows],
        columns=[columns[column] for column in dict.fromkeys(column for _, column in cells) if column in columns],
        cells={(rows[row], columns[column]): found for (row, column), found in kept.items()},
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

"""From a recipe to a plan: trainings, then groups of takes."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial

from nano_banana.core.errors import CallFailed
from nano_banana.core.errors import Invalid
from nano_banana.core.errors import trouble
from nano_banana.core.node import Card
from nano_banana.core.node import Group
from nano_banana.core.node import Node
from nano_banana.core.node import Plan
from nano_banana.core.problem import Problem
from nano_banana.planner.chain import chain_of
from nano_banana.planner.selection import Selection
from nano_banana.planner.selection import Wanted
from nano_banana.planner.selection import select
from nano_banana.planner.selection import spread
from nano_banana.planner.take import Take
from nano_banana.planner.take import takes_of
from nano_banana.planner.track import Track
from nano_banana.planner.track import forked
from nano_banana.planner.track import meeting
from nano_banana.planner.track import tracks_of
from nano_banana.planner.training import root_id
from nano_banana.planner.training import training_node
from nano_banana.planner.workbench import Workbench
from nano_banana.recipe.model import Recipe
from nano_banana.recipe.model import Stage
from nano_banana.recipe.resolve.shots import cells


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """The takes of a track with one subject: how many are wanted, and at which positions (None: all)."""

    wanted: Wanted
    subject: str
    suffix: str
    count: int
    positions: frozenset[int] | None = None


def make_plan(bench: Workbench, selection: Selection) -> Plan:
    """The plan of what is selected. Raises Invalid where the globs name nothing, or a training's template fails."""
    tracks = tracks_of(bench.recipe)
    wanted = select(bench.recipe, tracks, selection.only)
    # A take keeps its name, whichever ways its shot goes are wanted today.
    forks, meets = forked(tracks) | forked([one.track for one in wanted]), meeting(tracks)
    batches = [
        _batch(bench.recipe, one, subject, _suffix(one.track, forks, meets))
        for one in wanted
        for subject in one.track.shot.cast or ("",)
    ]
    batches = _sampled([batch for batch in batches if batch.count], selection.sample)
    groups = [_group(bench, batch) for batch in batches]
    roots = _roots(bench, selection, groups)
    if selection.only and not groups and not roots:
        raise Invalid([trouble("only_nothing", glob=" ".join(selection.only), known=", ".join(bench.recipe.shots))])
    return Plan(
        recipe=bench.recipe.name,
        roots=roots,
        groups=groups,
        files={blob.digest: path for path, blob in bench.digests.items()},
        limits=bench.recipe.limits.parallel,
        budget_usd=bench.recipe.limits.budget_usd,
    )


def _suffix(track: Track, forks: frozenset[str], meets: frozenset[str]) -> str:
    """What tells the takes of a shot's tracks apart: the last stage, or the whole way where ways meet again."""
    if track.shot.name in meets:
        return f"@{track.way}"
    return f"@{track.stages[-1].id}" if track.shot.name in forks else ""


def _batch(recipe: Recipe, wanted: Wanted, subject: str, suffix: str) -> _Batch:
    shot = wanted.track.shot
    batch = _Batch(wanted=wanted, subject=subject, suffix=suffix, count=len(cells(shot, subject)) * len(shot.seeds))
    if not wanted.takes:
        return batch
    takes = enumerate(takes_of(recipe.name, shot, subject))
    positions = frozenset(at for at, take in takes if wanted.has(take.id) or wanted.has(take.id + suffix))
    return replace(batch, count=len(positions), positions=positions)


def _sampled(batches: list[_Batch], count: int | None) -> list[_Batch]:
    if count is None:
        return batches
    chosen = spread(sum(batch.count for batch in batches), count)
    found, before = [], 0
    for batch in batches:
        positions = range(batch.count) if batch.positions is None else sorted(batch.positions)
        kept = frozenset(position for at, position in enumerate(positions, start=before) if at in chosen)
        before += batch.count
        if kept:
            found.append(replace(batch, count=len(kept), positions=kept))
    return found


def _group(bench: Workbench, batch: _Batch) -> Group:
    track, subject = batch.wanted.track, batch.subject
    after = tuple(root_id(name, subject) for name in track.trainers if name not in bench.recipe.adapters)
    chain = chain_of(bench, track)
    last, suffix = track.stages[-1].id, batch.suffix

    def nodes() -> Iterator[Node]:
        cell, axes = None, {}
        for at, take in enumerate(takes_of(bench.recipe.name, track.shot, subject)):
            if batch.positions is not None and at not in batch.positions:
                continue
            if take.cell is not cell:
                cell, axes = take.cell, {axis: value.key for axis, value in take.cell.items()}
            card = _card(take, axes, last, suffix)
            yield Node(id=take.id + suffix, card=card, after=after, flow=partial(chain, take))

    return Group(after=after, count=batch.count, nodes=nodes)


def _card(take: Take, axes: Mapping[str, str], last: str, suffix: str) -> Card:
    """A hundred seeds of a cell share its `axes`."""
    return Card(
        kind="take",
        slot=take.slot + suffix,
        stage=last,
        shot=take.shot.name,
        subject=take.subject,
        axes=axes,
        seed=take.seed,
    )


def _roots(bench: Workbench, selection: Selection, groups: list[Group]) -> list[Node]:
    """The trainings that some take waits for; all of them, or the ones named, where that is what is asked.

    Raises Invalid with every template of theirs that fails.
    """
    needed = {name for group in groups for name in group.after}
    everything = not selection.only and selection.sample is None
    roots: list[Node] = []
    problems: dict[str, Problem] = {}
    for stage in bench.recipe.stages:
        for subject in stage.subjects:
            if root_id(stage.id, subject) in needed or everything or _named(stage, subject, selection):
                try:
                    roots.append(training_node(bench, stage, bench.recipe.subjects[subject]))
                except CallFailed as error:
                    problems |= {repr(problem): problem for problem in error.problems}
    if problems:
        raise Invalid(problems.values())
    return roots


def _named(stage: Stage, subject: str, selection: Selection) -> bool:
    names = (stage.id, root_id(stage.id, subject))
    return any(fnmatchcase(name, glob) for name in names for glob in selection.only)

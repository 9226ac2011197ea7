"""From a recipe to a plan: training nodes, then groups of takes.

A choice ends a group and begins another: takes that come to `choose` end there; when all have, the chosen ones are
driven again from the store, and further.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from nano_banana.model.nodes import Group, Node, NodeEnds, NodeInfo, Plan
from nano_banana.model.problem import Invalid, problem
from nano_banana.planner.root_nodes import root_id, root_nodes
from nano_banana.planner.take_context import PlanContext
from nano_banana.planner.take_flow import take_flow_for
from nano_banana.planner.takes import (
    SelectedPath,
    Selection,
    StagePath,
    Take,
    evenly_spaced,
    forked_shots,
    rejoining_shots,
    select_paths,
    stage_paths,
    takes_of,
)
from nano_banana.recipe.recipe_model import Recipe, Shot, Stage
from nano_banana.recipe.resolve_shots import axis_combinations
from nano_banana.stages.choose_stage import ChoiceCandidate, choose_best


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBatch:
    """How many takes are wanted, and at which positions (None: all); `suffix` tells the track's takes apart."""

    wanted: SelectedPath
    subject: str
    suffix: str
    count: int
    positions: frozenset[int] | None = None

    def name(self, phase: int) -> str:
        """The name of its group after so many choices."""
        return "|".join([*self.wanted.track.name, self.subject, str(phase)])


def subjects_in_turn(shot: Shot) -> tuple[str, ...]:
    """The subjects that a shot is taken of, one by one; one of nobody, or of several together, is taken of nobody."""
    return ("",) if shot.together else shot.cast or ("",)


def take_groups(bench: PlanContext, batches: list[TakeBatch]) -> list[Group]:
    """The batches' groups: those that come to a choice end there, and what is chosen goes on in groups of its own."""
    groups = [_group(bench, batch, 0) for batch in batches]
    choices = {stage.id: stage for batch in batches for stage in batch.wanted.track.choices}
    for stage in choices.values():
        choice = _choice_of(bench, batches, stage)
        groups += [
            _group(bench, batch, batch.wanted.track.choices.index(stage) + 1, choice)
            for batch in batches
            if stage in batch.wanted.track.choices
        ]
    return _in_dependency_order(groups)


def _in_dependency_order(groups: list[Group]) -> list[Group]:
    """Each after those that it waits for: one that comes to a choice by a shortcut waits for those on the long way."""
    found: dict[str, Group] = {}
    while left := [group for group in groups if group.name not in found]:
        found |= {group.name: group for group in left if found.keys() >= set(group.after_groups)}
    return list(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """Who is chosen at a stage, by the ends of the groups that come to it."""

    waits: tuple[str, ...]
    chosen: Callable[[NodeEnds], frozenset[str]]


def _choice_of(bench: PlanContext, batches: list[TakeBatch], stage: Stage) -> _Choice:
    """All groups behind a choice go by the same ends: it is worked out once for all of them."""
    keep = stage.keep
    if keep is None:
        raise ValueError(stage.id)
    rivals = [batch for batch in batches if stage in batch.wanted.track.choices]
    known: list[tuple[NodeEnds, frozenset[str]]] = []

    def among(ends: NodeEnds) -> frozenset[str]:
        if not known or known[0][0] != ends:
            candidates = (found for rival in rivals for found in _choice_candidates(bench, rival, stage, ends))
            known[:] = [(ends, choose_best(candidates, keep))]
        return known[0][1]

    return _Choice(
        waits=tuple(rival.name(rival.wanted.track.choices.index(stage)) for rival in rivals),
        chosen=among,
    )


def _group(bench: PlanContext, batch: TakeBatch, phase: int, choice: _Choice | None = None) -> Group:
    track = batch.wanted.track
    people = track.shot.cast if track.shot.together else (batch.subject,) if batch.subject else ()
    after = tuple(root_id(name, person) for name in track.roots(bench.recipe.adapters) for person in people)
    chain = take_flow_for(bench, track, phase)
    last, template = track.stages[-1].id, template_name(track.shot)

    def nodes(ends: NodeEnds) -> Iterator[Node]:
        picked = choice.chosen(ends) if choice else None
        cell, axes = None, {}
        for at, take in enumerate(takes_of(bench.recipe.name, track.shot, batch.subject)):
            if batch.positions is not None and at not in batch.positions:
                continue
            if picked is not None and take.id + batch.suffix not in picked:
                continue
            if take.cell is not cell:
                cell, axes = take.cell, {axis: value.key for axis, value in take.cell.items()}
            card = _take_card(take, axes, last, batch.suffix, template)
            yield Node(id=take.id + batch.suffix, info=card, after=after, flow=partial(chain, take))

    waits = choice.waits if choice else ()
    return Group(name=batch.name(phase), after=after, count=batch.count, nodes=nodes, after_groups=waits)


def _choice_candidates(
    bench: PlanContext, batch: TakeBatch, choice: Stage, ends: NodeEnds
) -> Iterator[ChoiceCandidate]:
    """The batch's takes that came to the choice, also those that have gone further since."""
    track = batch.wanted.track
    at = track.stages.index(choice)
    gate = next((stage.id for stage in reversed(track.stages[:at]) if stage.gate), "")
    there = {"", *(stage.id for stage in track.stages[at:])}
    for take in takes_of(bench.recipe.name, track.shot, batch.subject):
        end = ends.get(take.id + batch.suffix)
        if end is not None and end.done and end.exited_early in there:
            ruling, score = end.rulings.get(gate, (None, None))
            yield ChoiceCandidate(name=take.id, way=track.before(choice.id), end=end, ruling=ruling, score=score)


def template_name(shot: Shot) -> str:
    """The name of a shot's template; of one that it writes itself, the shot's."""
    section, name = shot.template.where[:2]
    return str(name) if section == "templates" else shot.name


def _take_card(take: Take, axes: Mapping[str, str], last: str, suffix: str, template: str) -> NodeInfo:
    """A hundred seeds of a cell share its `axes`."""
    return NodeInfo(
        kind="take",
        slot=take.slot + suffix,
        stage=last,
        shot=take.shot.name,
        template=template,
        subject=take.subject,
        cast=take.cast,
        axes=axes,
        seed=take.seed,
    )


def make_plan(bench: PlanContext, selection: Selection) -> Plan:
    """The plan of what is selected. Raises Invalid where the globs name nothing, or a training's template fails."""
    tracks = stage_paths(bench.recipe)
    wanted = select_paths(bench.recipe, tracks, selection.only)
    # A take keeps its name, whichever ways its shot goes are wanted today.
    forks, meets = forked_shots(tracks) | forked_shots([one.track for one in wanted]), rejoining_shots(tracks)
    batches = [
        _take_batch(bench.recipe, one, subject, path_suffix(one.track, forks, meets))
        for one in wanted
        for subject in subjects_in_turn(one.track.shot)
    ]
    batches = _sample_batches([batch for batch in batches if batch.count], selection.sample)
    groups = take_groups(bench, batches)
    roots = root_nodes(bench, selection, groups)
    if selection.only and not groups and not roots:
        raise Invalid([problem("only_nothing", glob=" ".join(selection.only), known=", ".join(bench.recipe.shots))])
    return Plan(
        recipe=bench.recipe.name,
        roots=roots,
        groups=groups,
        files={blob.digest: path for path, blob in bench.digests.items()},
        limits=bench.recipe.limits.parallel,
        budget_usd=bench.recipe.limits.budget_usd,
    )


def path_suffix(track: StagePath, forks: frozenset[str], meets: frozenset[str]) -> str:
    """What tells the takes of a shot's tracks apart: the last stage, or the whole way where ways meet again."""
    if track.shot.name in meets:
        return f"@{track.way}"
    return f"@{track.stages[-1].id}" if track.shot.name in forks else ""


def _take_batch(recipe: Recipe, wanted: SelectedPath, subject: str, suffix: str) -> TakeBatch:
    shot = wanted.track.shot
    batch = TakeBatch(
        wanted=wanted, subject=subject, suffix=suffix, count=len(axis_combinations(shot, subject)) * len(shot.seeds)
    )
    if not wanted.takes:
        return batch
    takes = enumerate(takes_of(recipe.name, shot, subject))
    positions = frozenset(at for at, take in takes if wanted.has(take.id) or wanted.has(take.id + suffix))
    return replace(batch, count=len(positions), positions=positions)


def _sample_batches(batches: list[TakeBatch], count: int | None) -> list[TakeBatch]:
    if count is None:
        return batches
    chosen = evenly_spaced(sum(batch.count for batch in batches), count)
    found, before = [], 0
    for batch in batches:
        positions = range(batch.count) if batch.positions is None else sorted(batch.positions)
        kept = frozenset(position for at, position in enumerate(positions, start=before) if at in chosen)
        before += batch.count
        if kept:
            found.append(replace(batch, count=len(kept), positions=kept))
    return found

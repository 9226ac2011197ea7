"""From a recipe to a plan: training nodes, then groups of takes.

A choice ends a group and begins another: takes that come to `choose` end there; when all have, the chosen ones are
driven again from the store, and further.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.model.nodes import Group, Node, NodeEnds, NodeInfo, Plan
from nano_banana.model.problem import Invalid, problem
from nano_banana.planner.root_nodes import root_nodes, root_stages
from nano_banana.planner.take_flow import take_flow_for
from nano_banana.planner.takes import (
    SelectedPath,
    Selection,
    evenly_spaced,
    forked_shots,
    path_suffix,
    rejoining_shots,
    select_paths,
    stage_paths,
    subjects_in_turn,
    takes_of,
)
from nano_banana.recipe.recipe_model import Recipe, Shot, Stage
from nano_banana.recipe.resolve_shots import axis_combinations
from nano_banana.stages.stage_kind import ChoiceCandidate
from nano_banana.stages.stage_registry import kind_of
from nano_banana.stages.take_context import PlanContext, StagePath, Take, root_id


class TakeBatch(Struct, frozen=True, kw_only=True):
    """The wanted takes of a path with one subject: how many, and at which positions (None: all).

    `suffix` tells takes of several paths apart.
    """

    wanted: SelectedPath
    subject: str
    suffix: str
    count: int
    positions: frozenset[int] | None = None

    @property
    def path(self) -> StagePath:
        """The stages that the takes go through."""
        return self.wanted.path

    @property
    def choices(self) -> list[Stage]:
        """The stages at which the takes wait to be chosen."""
        return [stage for stage in self.path.stages if kind_of(stage).chooses]

    def name(self, phase: int) -> str:
        """The name of its group after so many choices."""
        return "|".join([*self.path.key, self.subject, str(phase)])


def take_groups(plan: PlanContext, batches: list[TakeBatch]) -> list[Group]:
    """The batches' groups: those that come to a choice end there, and what is chosen goes on in groups of its own."""
    groups = [_group(plan, batch, 0) for batch in batches]
    for stage in {stage.id: stage for batch in batches for stage in batch.choices}.values():
        rivals = [batch for batch in batches if stage in batch.choices]
        choice = _choice_of(plan, rivals, stage)
        groups += [_group(plan, batch, batch.choices.index(stage) + 1, choice) for batch in rivals]
    return _in_dependency_order(groups)


def _in_dependency_order(groups: list[Group]) -> list[Group]:
    """Each after those that it waits for: takes that come to a choice by a shorter path wait for the others."""
    found: dict[str, Group] = {}
    while left := [group for group in groups if group.name not in found]:
        found |= {group.name: group for group in left if found.keys() >= set(group.after_groups)}
    return list(found.values())


class _Choice(Struct, frozen=True, kw_only=True):
    """The ids of the takes that a stage lets go on, from the ends of the groups that come to it."""

    waits: tuple[str, ...]
    chosen: Callable[[NodeEnds], frozenset[str]]


def _choice_of(plan: PlanContext, rivals: list[TakeBatch], stage: Stage) -> _Choice:
    """All groups behind a choice go by the same ends, so it is worked out once for all of them."""
    known: list[tuple[NodeEnds, frozenset[str]]] = []

    def chosen(ends: NodeEnds) -> frozenset[str]:
        if not known or known[0][0] != ends:
            candidates = (found for rival in rivals for found in _choice_candidates(plan, rival, stage, ends))
            known[:] = [(ends, kind_of(stage).choose(stage, candidates))]
        return known[0][1]

    return _Choice(waits=tuple(rival.name(rival.choices.index(stage)) for rival in rivals), chosen=chosen)


def _group(plan: PlanContext, batch: TakeBatch, phase: int, choice: _Choice | None = None) -> Group:
    shot = batch.path.shot
    people = shot.cast if shot.together else (batch.subject,) if batch.subject else ()
    after = tuple(root_id(name, person) for name in root_stages(batch.path, plan.recipe.adapters) for person in people)
    flow = take_flow_for(plan, batch.path, phase)
    last, template = batch.path.stages[-1].id, template_name(shot)

    def nodes(ends: NodeEnds) -> Iterator[Node]:
        picked = choice.chosen(ends) if choice else None
        cell, axes = None, {}
        for at, take in enumerate(takes_of(plan.recipe.name, shot, batch.subject)):
            if batch.positions is not None and at not in batch.positions:
                continue
            if picked is not None and take.id + batch.suffix not in picked:
                continue
            if take.cell is not cell:
                cell, axes = take.cell, {axis: value.key for axis, value in take.cell.items()}
            card = _take_card(take, axes, last, batch.suffix, template)
            yield Node(id=take.id + batch.suffix, info=card, after=after, flow=partial(flow, take))

    waits = choice.waits if choice else ()
    return Group(name=batch.name(phase), after=after, count=batch.count, nodes=nodes, after_groups=waits)


def _choice_candidates(plan: PlanContext, batch: TakeBatch, choice: Stage, ends: NodeEnds) -> Iterator[ChoiceCandidate]:
    """The batch's takes that came to the choice, also those that have gone further since."""
    stages = batch.path.stages
    at = stages.index(choice)
    gate = next((stage.id for stage in reversed(stages[:at]) if kind_of(stage).judges), "")
    there, before = {"", *(stage.id for stage in stages[at:])}, "+".join(stage.id for stage in stages[:at])
    for take in takes_of(plan.recipe.name, batch.path.shot, batch.subject):
        end = ends.get(take.id + batch.suffix)
        if end is not None and end.done and end.exited_early in there:
            ruling, score = end.rulings.get(gate, (None, None))
            decision = batch.path.decision(at, take.id)
            yield ChoiceCandidate(name=take.id, path=before, end=end, ruling=ruling, score=score, decision=decision)


def template_name(shot: Shot) -> str:
    """The name of a shot's template; the shot's own name if its text isn't under `templates`."""
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


def make_plan(plan: PlanContext, selection: Selection) -> Plan:
    """The plan of what is selected. Raises Invalid if the globs name nothing, or a training's template fails."""
    paths = stage_paths(plan.recipe)
    wanted = select_paths(plan.recipe, paths, selection.only)
    # A take keeps its name, whichever paths are selected today.
    forks, rejoins = forked_shots(paths) | forked_shots([one.path for one in wanted]), rejoining_shots(paths)
    batches = [
        _take_batch(plan.recipe, one, subject, path_suffix(one.path, forks, rejoins))
        for one in wanted
        for subject in subjects_in_turn(one.path.shot)
    ]
    batches = _sample_batches([batch for batch in batches if batch.count], selection.sample)
    groups = take_groups(plan, batches)
    roots = root_nodes(plan, selection, groups)
    if selection.only and not groups and not roots:
        raise Invalid([problem("only_nothing", glob=" ".join(selection.only), known=", ".join(plan.recipe.shots))])
    return Plan(
        recipe=plan.recipe.name,
        roots=roots,
        groups=groups,
        files={blob.digest: path for path, blob in plan.blobs.items()},
        limits=plan.recipe.limits.parallel_calls,
        budget_usd=plan.recipe.limits.budget_usd,
    )


def _take_batch(recipe: Recipe, wanted: SelectedPath, subject: str, suffix: str) -> TakeBatch:
    shot = wanted.path.shot
    batch = TakeBatch(
        wanted=wanted, subject=subject, suffix=suffix, count=len(axis_combinations(shot, subject)) * len(shot.seeds)
    )
    if not wanted.takes:
        return batch
    takes = enumerate(takes_of(recipe.name, shot, subject))
    positions = frozenset(at for at, take in takes if wanted.includes(take.id) or wanted.includes(take.id + suffix))
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

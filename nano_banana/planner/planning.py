"""From a recipe to a plan: training nodes, then groups of takes.

A choice ends a group and begins another: takes that come to `choose` end there; when all have, the chosen ones are
driven again from the store, and further.

A take's flow is its stages' links, each on top of those before it: a stage runs the flow upstream of it itself, so a
gate that wants another seed runs it once more, and a gate behind a gate works the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import partial
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.model.call import Blob
from nano_banana.model.flow import Ended, ExitedEarly, Flow, Made
from nano_banana.model.nodes import Group, Node, NodeEnds, NodeInfo, Plan
from nano_banana.model.problem import CallFailed, Invalid, NanoBananaError, Problem, problem
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
from nano_banana.stages.stage_calls import StageOutput
from nano_banana.stages.stage_kind import ChoiceCandidate
from nano_banana.stages.stage_registry import is_installed, kind_failure, kind_of
from nano_banana.stages.take_context import (
    PlanContext,
    RootResults,
    StageLink,
    StagePath,
    Take,
    TakeContext,
    Upstream,
    root_id,
)


def root_stages(path: StagePath, adapters: Collection[str]) -> list[str]:
    """The stages that the path's takes wait for, with a node for each person: trainings, and what measures people.

    `adapters` are the names of the recipe's own adapters, which need no training.
    """
    stages = [*path.stages, *(inner for stage in path.stages for inner in stage.inner)]
    trainings = [name for stage in stages for name, _ in stage.adapters if name not in adapters]
    measuring = [stage.id for stage in path.stages if kind_of(stage).measures_people]
    return list(dict.fromkeys([*trainings, *measuring]))


def root_nodes(plan: PlanContext, selection: Selection, groups: list[Group]) -> list[Node]:
    """The nodes that some take waits for; also the trainings that are selected, which are all without a selection.

    Raises Invalid with every template of theirs that fails.
    """
    needed = {name for group in groups for name in group.after}
    everything = not selection.only and selection.sample is None
    roots: list[Node] = []
    problems: dict[str, Problem] = {}
    for stage in plan.recipe.stages:
        for name, subject in plan.recipe.subjects.items():
            selected = name in stage.subjects and (everything or _is_selected(stage, name, selection))
            if selected or root_id(stage.id, name) in needed:
                try:
                    roots.append(kind_of(stage).root_node(plan, stage, subject))
                except CallFailed as error:
                    problems |= {repr(problem): problem for problem in error.problems}
    if problems:
        raise Invalid(problems.values())
    return roots


def _is_selected(stage: Stage, subject: str, selection: Selection) -> bool:
    names = (stage.id, root_id(stage.id, subject))
    return any(fnmatchcase(name, glob) for name in names for glob in selection.only)


TakeFlow: TypeAlias = Callable[[Take, RootResults], Flow[Blob]]


def take_flow_for(plan: PlanContext, path: StagePath, phase: int = 0) -> TakeFlow:
    """A function that makes a take's flow; what is the same for all takes is worked out once.

    `phase` counts the choices that the takes have come through: at the next one they wait.
    """
    upstream, choices = _no_upstream, 0
    for stage in path.stages:
        kind = kind_of(stage)
        choices += kind.chooses
        if choices > phase:
            upstream = partial(_until_choice, stage.id, upstream)
            break
        link = partial(_after_choice, stage.id) if kind.chooses else kind.link(plan, path, stage)
        upstream = partial(partial(_guarded, stage.verb, link) if is_installed(stage) else link, upstream)
    return partial(_run_stages, plan, upstream)


def _guarded(verb: str, link: StageLink, upstream: Upstream, context: TakeContext) -> Flow[StageOutput]:
    """The link of a kind from another package: a bug in it fails the take."""
    try:
        return (yield from link(upstream, context))
    except NanoBananaError:
        raise
    except Exception as error:
        raise CallFailed([kind_failure(verb, error)]) from error


def _run_stages(plan: PlanContext, upstream: Upstream, take: Take, results: RootResults) -> Flow[Blob]:
    variables = plan.contexts.for_take(take)
    output = yield from upstream(TakeContext(name=take.id, take=take, variables=variables, results=results))
    yield Ended(final_verdicts=output.judged, exited_early=output.exited)
    return output.picture


def _no_upstream(context: TakeContext) -> Flow[StageOutput]:
    """Before the first stage, which draws or opens a picture; a path that begins otherwise makes none."""
    yield from ()
    raise CallFailed([problem("no_result", endpoint=context.take.shot.name, expected="a picture")])


def _after_choice(stage: str, upstream: Upstream, context: TakeContext) -> Flow[StageOutput]:
    output = yield from upstream(context)
    yield Made(stage=stage, blob=output.picture, call=output.call)
    return output


def _until_choice(stage: str, upstream: Upstream, context: TakeContext) -> Flow[StageOutput]:
    output = yield from upstream(context)
    return output if output.exited else replace(output, exited=ExitedEarly(stage=stage, why="not_chosen"))


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

"""A batch: the takes of a track with one subject, and what they wait for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from nano_banana.core.node import Card, Ends, Group, Node
from nano_banana.planner.chain import chain_of
from nano_banana.planner.choosing import Candidate, chosen
from nano_banana.planner.selection import Wanted
from nano_banana.planner.take import Take, takes_of
from nano_banana.planner.training import root_id
from nano_banana.planner.workbench import Workbench
from nano_banana.recipe.model import Shot, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """How many takes are wanted, and at which positions (None: all); `suffix` tells the track's takes apart."""

    wanted: Wanted
    subject: str
    suffix: str
    count: int
    positions: frozenset[int] | None = None

    def name(self, phase: int) -> str:
        """The name of its group after so many choices."""
        return "|".join([*self.wanted.track.name, self.subject, str(phase)])


def in_turn(shot: Shot) -> tuple[str, ...]:
    """The subjects that a shot is taken of, one by one; one of nobody, or of several together, is taken of nobody."""
    return ("",) if shot.together else shot.cast or ("",)


def groups_of(bench: Workbench, batches: list[Batch]) -> list[Group]:
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
    return _by_turns(groups)


def _by_turns(groups: list[Group]) -> list[Group]:
    """Each after those that it waits for: one that comes to a choice by a shortcut waits for those on the long way."""
    found: dict[str, Group] = {}
    while left := [group for group in groups if group.name not in found]:
        found |= {group.name: group for group in left if found.keys() >= set(group.waits)}
    return list(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """Who is chosen at a stage, by the ends of the groups that come to it."""

    waits: tuple[str, ...]
    chosen: Callable[[Ends], frozenset[str]]


def _choice_of(bench: Workbench, batches: list[Batch], stage: Stage) -> _Choice:
    """All groups behind a choice go by the same ends: it is worked out once for all of them."""
    keep = stage.keep
    if keep is None:
        raise ValueError(stage.id)
    rivals = [batch for batch in batches if stage in batch.wanted.track.choices]
    known: list[tuple[Ends, frozenset[str]]] = []

    def among(ends: Ends) -> frozenset[str]:
        if not known or known[0][0] != ends:
            candidates = (found for rival in rivals for found in _candidates(bench, rival, stage, ends))
            known[:] = [(ends, chosen(candidates, keep))]
        return known[0][1]

    return _Choice(
        waits=tuple(rival.name(rival.wanted.track.choices.index(stage)) for rival in rivals),
        chosen=among,
    )


def _group(bench: Workbench, batch: Batch, phase: int, choice: _Choice | None = None) -> Group:
    track = batch.wanted.track
    people = track.shot.cast if track.shot.together else (batch.subject,) if batch.subject else ()
    after = tuple(root_id(name, person) for name in track.roots(bench.recipe.adapters) for person in people)
    chain = chain_of(bench, track, phase)
    last, template = track.stages[-1].id, template_name(track.shot)

    def nodes(ends: Ends) -> Iterator[Node]:
        picked = choice.chosen(ends) if choice else None
        cell, axes = None, {}
        for at, take in enumerate(takes_of(bench.recipe.name, track.shot, batch.subject)):
            if batch.positions is not None and at not in batch.positions:
                continue
            if picked is not None and take.id + batch.suffix not in picked:
                continue
            if take.cell is not cell:
                cell, axes = take.cell, {axis: value.key for axis, value in take.cell.items()}
            card = _card(take, axes, last, batch.suffix, template)
            yield Node(id=take.id + batch.suffix, card=card, after=after, flow=partial(chain, take))

    waits = choice.waits if choice else ()
    return Group(name=batch.name(phase), after=after, count=batch.count, nodes=nodes, waits=waits)


def _candidates(bench: Workbench, batch: Batch, choice: Stage, ends: Ends) -> Iterator[Candidate]:
    """The batch's takes that came to the choice, also those that have gone further since."""
    track = batch.wanted.track
    at = track.stages.index(choice)
    gate = next((stage.id for stage in reversed(track.stages[:at]) if stage.gate), "")
    there = {"", *(stage.id for stage in track.stages[at:])}
    for take in takes_of(bench.recipe.name, track.shot, batch.subject):
        end = ends.get(take.id + batch.suffix)
        if end is not None and end.done and end.left in there:
            ruling, score = end.rulings.get(gate, (None, None))
            yield Candidate(name=take.id, way=track.before(choice.id), end=end, ruling=ruling, score=score)


def template_name(shot: Shot) -> str:
    """The name of a shot's template; of one that it writes itself, the shot's."""
    section, name = shot.template.where[:2]
    return str(name) if section == "templates" else shot.name


def _card(take: Take, axes: Mapping[str, str], last: str, suffix: str, template: str) -> Card:
    """A hundred seeds of a cell share its `axes`."""
    return Card(
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

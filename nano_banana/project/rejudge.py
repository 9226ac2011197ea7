"""Takes judged again by what the store has of them, with other thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.verdict import Ruling
from nano_banana.planner.imagine import imaginer
from nano_banana.planner.preview import preview
from nano_banana.project.acceptance import Acceptance, acceptance
from nano_banana.project.calm import calm
from nano_banana.project.project import Project
from nano_banana.reports.record import Record, record_of, slim
from nano_banana.reports.ruled import Ruled


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A gate's last word on a take, as it would be `now`, and the ruling `before`; None where there was none."""

    take: str
    now: Ruled
    before: Ruling | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejudged:
    """What would pass: the gates' words by take, their accounts, and how many takes nobody judged yet.

    `gates` are the thresholds' floors by the gate's stage, as they are written in the recipe.
    """

    words: Sequence[Word]
    now: Mapping[str, Acceptance]
    before: Mapping[str, Acceptance]
    waiting: int
    gates: Mapping[str, float]


def rejudge(project: Project, *, accept: float | None, unsure: float | None, environ: Mapping[str, str]) -> Rejudged:
    """Judge what is in the store as though the recipe's gates said so; no call is made, nothing is changed.

    Raises Invalid where the recipe has no gate, or the thresholds can't be.
    """
    gates = {stage.id: stage.gate.standard.at_least for stage in project.recipe.stages if stage.gate}
    if not gates:
        raise Invalid([trouble("no_gate")])
    wish = replace(project.wish, accept=accept, unsure=unsure)
    before = _judged(project)
    with Project.open(wish, project.settings, environ=environ) as other:
        now = _judged(other)
    known = {(record.id, ruled.stage): ruled.ruling for record in before for ruled in record.verdicts if ruled.last}
    return Rejudged(
        words=[
            Word(take=record.id, now=ruled, before=known.get((record.id, ruled.stage)))
            for record in now
            for ruled in record.verdicts
            if ruled.last
        ],
        now=acceptance(now),
        before=acceptance(before),
        waiting=sum(not record.verdicts for record in now),
        gates=gates,
    )


def _judged(project: Project) -> list[Record]:
    """The takes with what is known of them; the last picture that is there has the last word."""
    found: dict[str, Record] = {}
    with calm():
        for end in preview(project.plan, project.workshop.store.replies, imaginer(project.catalog)):
            if end.node.card.kind == "take":
                record = slim(record_of(end))
                found[record.id] = replace(record, verdicts=_last_known(record.verdicts))
    return list(found.values())


def _last_known(verdicts: Sequence[Ruled]) -> tuple[Ruled, ...]:
    ends = {ruled.stage: ruled for ruled in verdicts}
    return tuple(replace(ruled, last=ruled is ends[ruled.stage]) for ruled in verdicts)

"""Judges takes again with other thresholds, from the store alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.model.flow import Ruling
from nano_banana.model.problem import Invalid, problem
from nano_banana.planner.preview import preview, reply_imaginer
from nano_banana.recipe.recipe_model import Recipe, Stage
from nano_banana.session.forecasting import gc_paused
from nano_banana.session.run_records import NodeRecord, VerdictSummary, node_record, slim_record
from nano_banana.session.run_report import acceptance_by_gate
from nano_banana.session.run_report_schema import ReportedAcceptance
from nano_banana.session.session import Session
from nano_banana.stages.gate_stage import gate_rules


class RejudgedTake(Struct, frozen=True, kw_only=True):
    """A gate's final verdict on a take with the new thresholds, and the ruling `before`, if any."""

    take: str
    now: VerdictSummary
    before: Ruling | None


class RejudgeResult(Struct, frozen=True, kw_only=True):
    """What would pass: verdicts by take, acceptance by gate, and how many takes are not judged yet.

    `gates` are the recipe's own thresholds (`at_least`) by the gate's stage.
    """

    words: Sequence[RejudgedTake]
    now: Mapping[str, ReportedAcceptance]
    before: Mapping[str, ReportedAcceptance]
    waiting: int
    gates: Mapping[str, float]


def rejudge(
    session: Session, *, accept: float | None, unsure: float | None, environ: Mapping[str, str]
) -> RejudgeResult:
    """Judge the stored measurements by other thresholds; makes no call and changes nothing.

    Raises Invalid if the recipe has no gate, or the thresholds contradict each other.
    """
    gates = {stage.id: rules.criteria.at_least for stage in session.recipe.stages if (rules := gate_rules(stage))}
    if not gates:
        raise Invalid([problem("no_gate")])
    before = _judged(session)
    with Session.open(session.request, session.settings, environ=environ) as other:
        other.recipe = with_thresholds(other.recipe, accept, unsure)
        now = _judged(other)
    known = {(record.id, ruled.stage): ruled.ruling for record in before for ruled in record.verdicts if ruled.is_final}
    return RejudgeResult(
        words=[
            RejudgedTake(take=record.id, now=ruled, before=known.get((record.id, ruled.stage)))
            for record in now
            for ruled in record.verdicts
            if ruled.is_final
        ],
        now=acceptance_by_gate(now),
        before=acceptance_by_gate(before),
        waiting=sum(not record.verdicts for record in now),
        gates=gates,
    )


def _judged(session: Session) -> list[NodeRecord]:
    """The takes with their verdicts; the last one of each gate is final."""
    found: dict[str, NodeRecord] = {}
    with gc_paused():
        for end in preview(session.plan, session.runner.store.replies.get, reply_imaginer(session.catalog)):
            if end.node.info.kind == "take":
                record = slim_record(node_record(end))
                last = {ruled.stage: ruled for ruled in record.verdicts}
                verdicts = tuple(replace(ruled, is_final=ruled is last[ruled.stage]) for ruled in record.verdicts)
                found[record.id] = replace(record, verdicts=verdicts)
    return list(found.values())


def with_thresholds(recipe: Recipe, accept: float | None, unsure: float | None) -> Recipe:
    """The recipe with these thresholds in every gate (None: as written); `accept` then holds for every person.

    Raises Invalid `unsure_above` if `unsure` is above `accept`.
    """

    def changed(stage: Stage) -> Stage:
        rules = gate_rules(stage)
        if rules is None:
            return stage
        criteria = rules.criteria
        at_least = criteria.at_least if accept is None else accept
        unsure_from = min(criteria.unsure_from, at_least) if unsure is None else unsure
        if unsure_from > at_least:
            raise Invalid([problem("unsure_above", unsure=unsure_from, accept=at_least)])
        quantile = criteria.quantile if accept is None else None
        criteria = replace(criteria, at_least=at_least, quantile=quantile, unsure_from=unsure_from)
        return replace(stage, rules=replace(rules, criteria=criteria))

    return replace(recipe, stages=[changed(stage) for stage in recipe.stages])

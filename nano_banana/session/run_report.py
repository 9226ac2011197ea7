"""What `run --json` and `plan --json` print, with each gate's acceptance."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec.structs import asdict

from nano_banana.model.flow import Ruling
from nano_banana.model.json_values import JSONValue
from nano_banana.model.nodes import NodeInfo, NodeStatus
from nano_banana.planner.cost_forecast import ForecastTotals
from nano_banana.session.exported_files import reported_export
from nano_banana.session.forecasting import Forecast
from nano_banana.session.manifest import reported_adapter, reported_person, reported_take
from nano_banana.session.run_execution import RunOutcome
from nano_banana.session.run_records import FIRST_LABEL, NodeRecord, VerdictSummary, attempt_kind
from nano_banana.session.run_report_schema import (
    ReportedAcceptance,
    ReportedCalls,
    ReportedCost,
    ReportedExpectation,
    ReportedMayMake,
    ReportedVerdicts,
    ReportHead,
    ReportPart,
)


def acceptance_by_gate(records: Iterable[NodeRecord]) -> dict[str, ReportedAcceptance]:
    """Each gate's verdicts, counted, by the gate's id, in the order of the gates' first verdicts.

    A take on several paths has several records, but each of its pictures is counted once.
    """
    found: dict[str, dict[tuple[str, str, str], tuple[NodeInfo, VerdictSummary]]] = {}
    for record in records:
        name = record.id.partition("@")[0]
        for ruled in record.verdicts:
            words, key = found.setdefault(ruled.stage, {}), (name, ruled.attempt.label, ruled.digest)
            if key not in words or ruled.is_final:
                words[key] = (record.card, ruled)
    return {stage: _acceptance(list(words.values())) for stage, words in found.items()}


def acceptance_json(acceptance: Mapping[str, ReportedAcceptance]) -> dict[str, JSONValue]:
    """The acceptance of each gate for reports."""
    return {gate: part.json() for gate, part in acceptance.items()}


def by_attempt_kind(acceptance: ReportedAcceptance) -> dict[str, Counter[str]]:
    """How many attempts were `accepted` and `judged`, by kind (`first`, `retry`, `repair`)."""
    found: dict[str, Counter[str]] = {}
    for label, counts in acceptance.attempts.items():
        found.setdefault(attempt_kind(label), Counter()).update(accepted=counts.accepted, judged=counts.judged)
    return found


def _acceptance(words: Sequence[tuple[NodeInfo, VerdictSummary]]) -> ReportedAcceptance:
    last = [(card, ruled) for card, ruled in words if ruled.is_final]
    axes = dict.fromkeys(axis for card, _ in last for axis in card.axes)
    return ReportedAcceptance(
        **asdict(_counts([ruled for _, ruled in last])),
        templates=_by((card.template or card.shot, ruled) for card, ruled in last),
        subjects=_by((" + ".join(card.cast) or card.subject, ruled) for card, ruled in last),
        axes={axis: _by((card.axes[axis], ruled) for card, ruled in last if axis in card.axes) for axis in axes},
        attempts=_by((ruled.attempt.label or FIRST_LABEL, ruled) for _, ruled in words),
    )


def _by(words: Iterable[tuple[str, VerdictSummary]]) -> dict[str, ReportedVerdicts]:
    """Counts by name, without verdicts that have no name."""
    found: dict[str, list[VerdictSummary]] = {}
    for name, ruled in words:
        if name:
            found.setdefault(name, []).append(ruled)
    return {name: _counts(some) for name, some in found.items()}


def _counts(words: Sequence[VerdictSummary]) -> ReportedVerdicts:
    rulings = Counter(ruled.ruling for ruled in words)
    rejected = [ruled for ruled in words if ruled.ruling is Ruling.REJECTED]
    reasons = Counter(kind for ruled in rejected for kind in {reason.kind for reason in ruled.reasons})
    return ReportedVerdicts(
        judged=rulings[Ruling.ACCEPTED] + rulings[Ruling.UNSURE] + rulings[Ruling.REJECTED],
        accepted=rulings[Ruling.ACCEPTED],
        unsure=rulings[Ruling.UNSURE],
        rejected=rulings[Ruling.REJECTED],
        not_judged=rulings[Ruling.NOT_JUDGED],
        reasons=dict(sorted(reasons.items(), key=lambda found: (-found[1], found[0]))),
    )


def plan_report(forecast: Forecast, folder: str) -> dict[str, JSONValue]:
    """What `plan --json` prints."""
    tally = forecast.tally
    is_planned = any(record.status is NodeStatus.PLANNED for record in forecast.records)
    head = ReportHead(
        recipe=forecast.recipe,
        run=None,
        status="failed" if forecast.fails else "planned" if is_planned else "done",
        calls=ReportedCalls(
            total=tally.total.cached + tally.total.to_make,
            cached=tally.total.cached,
            made=tally.total.to_make,
            failed=0,
            unknown=len(forecast.unknown_requests),
        ),
        cost_usd=_cost(forecast, None),
        paid_calls=tally.total.paid,
        may_make=ReportedMayMake(
            calls=tally.total.possible,
            paid_calls=tally.total.possible_paid,
            usd_high=None if tally.total.possible_unpriced else round(tally.total.possible_high, 6),
        ),
        expected=_expectation(tally),
    )
    return {**head.json(), **_records(forecast.records, folder)}


def run_report(forecast: Forecast, outcome: RunOutcome) -> dict[str, JSONValue]:
    """What `run --json` prints."""
    return {**_run_head(forecast, outcome).json(), **_records(outcome.records, str(outcome.folder))}


def run_report_pieces(forecast: Forecast, outcome: RunOutcome) -> Iterator[str]:
    """The same as JSON in pieces: a set of ten thousand takes is never in memory twice."""
    head = {**_run_head(forecast, outcome).json(), "acceptance": acceptance_json(acceptance_by_gate(outcome.records))}
    yield json.dumps(head)[:-1]
    for name, entries in _sections(outcome.records, str(outcome.folder)).items():
        yield f', "{name}": ['
        for number, entry in enumerate(entries):
            yield ("," if number else "") + json.dumps(entry.json(), separators=(",", ":"))
        yield "]"
    yield "}"


def _run_head(forecast: Forecast, outcome: RunOutcome) -> ReportHead:
    return ReportHead(
        recipe=forecast.recipe,
        run=outcome.run,
        status=outcome.status,
        calls=ReportedCalls(
            total=outcome.cached + outcome.made + outcome.failed,
            cached=outcome.cached,
            made=outcome.made,
            failed=outcome.failed,
            unknown=sum(ticket.requester.recipe == forecast.recipe for ticket in outcome.unknown_requests),
        ),
        cost_usd=_cost(forecast, None if outcome.unknown_cost else round(outcome.cost_usd, 6)),
        handed_out=None if outcome.exported is None else reported_export(outcome.exported),
    )


def _cost(forecast: Forecast, billed: float | None) -> ReportedCost:
    """From what is certain to be spent to what is spent if gates reject everything; `billed` if it is known."""
    tally = forecast.tally
    high = (
        None
        if tally.total.unpriced or tally.total.possible_unpriced
        else round(tally.total.high + tally.total.possible_high, 6)
    )
    return ReportedCost(estimated_low=round(tally.total.low, 6), estimated_high=high, billed=billed)


def _expectation(tally: ForecastTotals) -> ReportedExpectation | None:
    """Which retries are likely, and what that is based on; None if there can be none."""
    assumed = tally.assumed
    if assumed is None:
        return None
    return ReportedExpectation(
        calls=round(tally.expected.calls, 3),
        usd=round(tally.expected.usd, 6),
        passed=assumed.passed,
        judged=assumed.judged,
        known=assumed.known,
    )


def _records(records: Sequence[NodeRecord], folder: str) -> dict[str, JSONValue]:
    accepted = acceptance_json(acceptance_by_gate(records))
    sections = {name: [part.json() for part in entries] for name, entries in _sections(records, folder).items()}
    return {"acceptance": accepted, **sections}


def _sections(records: Sequence[NodeRecord], folder: str) -> dict[str, Iterator[ReportPart]]:
    """What is reported about each node, one by one."""
    return {
        "takes": (reported_take(record, folder) for record in records if record.card.kind == "take"),
        "adapters": (reported_adapter(record) for record in records if record.card.kind == "adapter"),
        "people": (reported_person(record) for record in records if record.card.kind == "person"),
    }

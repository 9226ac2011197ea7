"""What `run --json` and `plan --json` print, with each gate's acceptance."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypedDict

from msgspec import Struct, field

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

JUDGED = (Ruling.ACCEPTED, Ruling.UNSURE, Ruling.REJECTED)
"""The rulings of what was looked at."""


class VerdictCounts(Struct, frozen=True, kw_only=True):
    """Verdicts by ruling, and why pictures were rejected: each reason once a picture."""

    rulings: Mapping[Ruling, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def judged(self) -> int:
        """How many were looked at."""
        return sum(self[ruling] for ruling in JUDGED)

    def __getitem__(self, ruling: Ruling) -> int:
        """How many had this ruling."""
        return self.rulings.get(ruling, 0)

    def __add__(self, other: VerdictCounts) -> VerdictCounts:
        """Both together."""
        reasons = Counter(self.reasons) + Counter(other.reasons)
        return VerdictCounts(rulings=Counter(self.rulings) + Counter(other.rulings), reasons=_most_first(reasons))


class Acceptance(Struct, frozen=True, kw_only=True):
    """A gate's final verdicts on takes, and its verdicts on each attempt.

    `takes` are all of them, and then by template (a text of the shot's own goes by the shot's name), by who is in them
    and by each axis's values; `attempts` are pictures by label (`first`, `retry1`, `repair2`).
    """

    takes: VerdictCounts
    templates: Mapping[str, VerdictCounts]
    subjects: Mapping[str, VerdictCounts]
    axes: Mapping[str, Mapping[str, VerdictCounts]]
    attempts: Mapping[str, VerdictCounts]


def acceptance_by_gate(records: Iterable[NodeRecord]) -> dict[str, Acceptance]:
    """Each gate's account, by its stage's id, in the order of the stages' first verdicts.

    A take that goes on by several ways is several records, but what it had in common was judged once.
    """
    found: dict[str, dict[tuple[str, str, str], tuple[NodeInfo, VerdictSummary]]] = {}
    for record in records:
        name = record.id.partition("@")[0]
        for ruled in record.verdicts:
            words, key = found.setdefault(ruled.stage, {}), (name, ruled.attempt.label, ruled.digest)
            if key not in words or ruled.is_final:
                words[key] = (record.card, ruled)
    return {stage: _account(list(words.values())) for stage, words in found.items()}


def reported_acceptance(accounts: Mapping[str, Acceptance]) -> dict[str, ReportedAcceptance]:
    """The acceptance of each gate for reports."""
    return {
        stage: ReportedAcceptance(
            **_numbers(account.takes),
            templates=_named_counts(account.templates),
            subjects=_named_counts(account.subjects),
            axes={axis: _named_counts(values) for axis, values in account.axes.items()},
            attempts=_named_counts(account.attempts),
        )
        for stage, account in accounts.items()
    }


def by_attempt_kind(account: Acceptance) -> dict[str, VerdictCounts]:
    """The attempts by their sort (`first`, `retry`, `repair`), all numbers of one added up."""
    found: dict[str, VerdictCounts] = {}
    for label, counts in account.attempts.items():
        kind = FIRST_LABEL if label == FIRST_LABEL else attempt_kind(label)
        found[kind] = found[kind] + counts if kind in found else counts
    return found


def _account(words: Sequence[tuple[NodeInfo, VerdictSummary]]) -> Acceptance:
    last = [(card, ruled) for card, ruled in words if ruled.is_final]
    axes = dict.fromkeys(axis for card, _ in last for axis in card.axes)
    return Acceptance(
        takes=_counts(ruled for _, ruled in last),
        templates=_by((card.template or card.shot, ruled) for card, ruled in last),
        subjects=_by((" + ".join(card.cast) or card.subject, ruled) for card, ruled in last),
        axes={axis: _by((card.axes[axis], ruled) for card, ruled in last if axis in card.axes) for axis in axes},
        attempts=_by((ruled.attempt.label or FIRST_LABEL, ruled) for _, ruled in words),
    )


def _by(words: Iterable[tuple[str, VerdictSummary]]) -> dict[str, VerdictCounts]:
    """Counts by name, without those that have none."""
    found: dict[str, list[VerdictSummary]] = {}
    for name, ruled in words:
        if name:
            found.setdefault(name, []).append(ruled)
    return {name: _counts(some) for name, some in found.items()}


def _counts(words: Iterable[VerdictSummary]) -> VerdictCounts:
    rulings: Counter[Ruling] = Counter()
    reasons: Counter[str] = Counter()
    for ruled in words:
        rulings[ruled.ruling] += 1
        if ruled.ruling is Ruling.REJECTED:
            reasons.update({reason.kind for reason in ruled.reasons})
    return VerdictCounts(rulings=rulings, reasons=_most_first(reasons))


def _most_first(reasons: Counter[str]) -> dict[str, int]:
    return dict(sorted(reasons.items(), key=lambda found: (-found[1], found[0])))


def _named_counts(counts: Mapping[str, VerdictCounts]) -> dict[str, ReportedVerdicts]:
    return {name: ReportedVerdicts(**_numbers(some)) for name, some in counts.items()}


class _Numbers(TypedDict):
    judged: int
    accepted: int
    unsure: int
    rejected: int
    not_judged: int
    reasons: dict[str, int]


def _numbers(counts: VerdictCounts) -> _Numbers:
    return _Numbers(
        judged=counts.judged,
        accepted=counts[Ruling.ACCEPTED],
        unsure=counts[Ruling.UNSURE],
        rejected=counts[Ruling.REJECTED],
        not_judged=counts[Ruling.NOT_JUDGED],
        reasons=dict(counts.reasons),
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
    accepted = {name: part.json() for name, part in reported_acceptance(acceptance_by_gate(outcome.records)).items()}
    yield f'{json.dumps(_run_head(forecast, outcome).json())[:-1]}, "acceptance": {json.dumps(accepted)}'
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
    """From what is certain to be spent to what is spent if gates reject everything."""
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
    accepted = {name: part.json() for name, part in reported_acceptance(acceptance_by_gate(records)).items()}
    sections = {name: [part.json() for part in entries] for name, entries in _sections(records, folder).items()}
    return {"acceptance": accepted, **sections}


def _sections(records: Sequence[NodeRecord], folder: str) -> dict[str, Iterator[ReportPart]]:
    """What is reported about each node, one by one."""
    return {
        "takes": (reported_take(record, folder) for record in records if record.card.kind == "take"),
        "adapters": (reported_adapter(record) for record in records if record.card.kind == "adapter"),
        "people": (reported_person(record) for record in records if record.card.kind == "person"),
    }

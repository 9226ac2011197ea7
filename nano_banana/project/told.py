"""What `run --json` and `plan --json` say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from nano_banana.core.json import JSONValue
from nano_banana.core.result import Status
from nano_banana.planner.forecast import Tally
from nano_banana.project.acceptance import acceptance, acceptance_json
from nano_banana.project.forecast import Forecast
from nano_banana.reports.entries import adapter_json, person_json, take_json
from nano_banana.reports.handout import handout_json
from nano_banana.reports.record import Record
from nano_banana.workshop.order import Outcome


def tell_plan(forecast: Forecast, folder: str) -> dict[str, JSONValue]:
    """A forecast: `made` counts the calls that would be made, `may_make` counts those that gates may ask for beside."""
    tally = forecast.tally
    return {
        "recipe": forecast.project,
        "run": None,
        "status": _plan_status(forecast),
        "calls": {
            "total": tally.cached + tally.to_make,
            "cached": tally.cached,
            "made": tally.to_make,
            "failed": 0,
            "unknown": len(forecast.lost),
        },
        "cost_usd": {**_estimate(forecast), "billed": None},
        "paid_calls": tally.paid,
        "may_make": _may_make(tally),
        "expected": _expected(tally),
        **_records(forecast.records, folder),
    }


def tell_run(forecast: Forecast, outcome: Outcome) -> dict[str, JSONValue]:
    """A run that ended: `cached` are the calls that the store, or another run at the same time, answered."""
    return {**_run(forecast, outcome), **_records(outcome.records, str(outcome.folder))}


def write_run(forecast: Forecast, outcome: Outcome) -> Iterator[str]:
    """What `tell_run` tells, as JSON in pieces: a set of ten thousand takes is never held twice."""
    folder = str(outcome.folder)
    accepted = json.dumps(acceptance_json(acceptance(outcome.records)))
    yield f'{json.dumps(_run(forecast, outcome))[:-1]}, "acceptance": {accepted}'
    for name, entries in _sections(outcome.records, folder).items():
        yield f', "{name}": ['
        for number, entry in enumerate(entries):
            yield ("," if number else "") + json.dumps(entry, separators=(",", ":"))
        yield "]"
    yield "}"


def _run(forecast: Forecast, outcome: Outcome) -> dict[str, JSONValue]:
    return {
        "recipe": forecast.project,
        "run": outcome.run,
        "status": outcome.status,
        "calls": {
            "total": outcome.cached + outcome.made + outcome.failed,
            "cached": outcome.cached,
            "made": outcome.made,
            "failed": outcome.failed,
            "unknown": sum(ticket.errand.recipe == forecast.project for ticket in outcome.lost),
        },
        "cost_usd": {**_estimate(forecast), "billed": None if outcome.unknown_cost else round(outcome.cost_usd, 6)},
        "handed_out": None if outcome.handed is None else handout_json(outcome.handed),
    }


def _plan_status(forecast: Forecast) -> str:
    """`done`, `planned` (there is something to make), or `failed` (some takes can't be made as they are written)."""
    if forecast.fails:
        return "failed"
    return "planned" if any(record.status is Status.PLANNED for record in forecast.records) else "done"


def _estimate(forecast: Forecast) -> dict[str, JSONValue]:
    """From what is sure to be spent to what is spent if gates refuse everything."""
    tally = forecast.tally
    high = None if tally.unpriced or tally.may_unpriced else round(tally.money.high + tally.may_high, 6)
    return {"estimated_low": round(tally.money.low, 6), "estimated_high": high}


def _may_make(tally: Tally) -> dict[str, JSONValue]:
    usd = None if tally.may_unpriced else round(tally.may_high, 6)
    return {"calls": tally.may, "paid_calls": tally.may_paid, "usd_high": usd}


def _expected(tally: Tally) -> dict[str, JSONValue] | None:
    """What is likely of second chances, and what that is judged by; None where there are none."""
    assumed = tally.assumed
    if assumed is None:
        return None
    return {
        "calls": round(tally.expected.calls, 3),
        "usd": round(tally.expected.usd, 6),
        "passed": assumed.passed,
        "judged": assumed.judged,
        "known": assumed.known,
    }


def _records(records: Sequence[Record], folder: str) -> dict[str, JSONValue]:
    sections = {name: list(entries) for name, entries in _sections(records, folder).items()}
    return {"acceptance": acceptance_json(acceptance(records)), **sections}


def _sections(records: Sequence[Record], folder: str) -> dict[str, Iterator[dict[str, JSONValue]]]:
    """What is told of each node, one by one."""
    return {
        "takes": (take_json(record, folder) for record in records if record.card.kind == "take"),
        "adapters": (adapter_json(record) for record in records if record.card.kind == "adapter"),
        "people": (person_json(record) for record in records if record.card.kind == "person"),
    }

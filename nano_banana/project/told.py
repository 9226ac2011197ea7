"""What `run --json` and `plan --json` say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from collections.abc import Sequence

from nano_banana.core.json import JSONValue
from nano_banana.core.result import Status
from nano_banana.project.forecast import Forecast
from nano_banana.reports.record import Record
from nano_banana.reports.record import adapter_json
from nano_banana.reports.record import take_json
from nano_banana.workshop.order import Outcome


def tell_plan(forecast: Forecast, folder: str) -> dict[str, JSONValue]:
    """A forecast: `made` counts the calls that would be made."""
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
        **_records(forecast.records, folder),
    }


def tell_run(forecast: Forecast, outcome: Outcome) -> dict[str, JSONValue]:
    """A run that ended: `cached` are the calls that the store, or another run at the same time, answered."""
    return {**_run(forecast, outcome), **_records(outcome.records, str(outcome.folder))}


def write_run(forecast: Forecast, outcome: Outcome) -> Iterator[str]:
    """What `tell_run` tells, as JSON in pieces: a set of ten thousand takes is never held twice."""
    folder = str(outcome.folder)
    takes = (take_json(record, folder) for record in outcome.records if record.card.kind == "take")
    adapters = (adapter_json(record) for record in outcome.records if record.card.kind == "adapter")
    yield json.dumps(_run(forecast, outcome))[:-1]
    for name, entries in (("takes", takes), ("adapters", adapters)):
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
    }


def _plan_status(forecast: Forecast) -> str:
    """`done`, `planned` (there is something to make), or `failed` (some takes can't be made as they are written)."""
    ends = {record.status for record in forecast.records}
    if Status.FAILED in ends:
        return "failed"
    return "planned" if Status.PLANNED in ends else "done"


def _estimate(forecast: Forecast) -> dict[str, JSONValue]:
    money = forecast.tally.money
    high = None if forecast.tally.unpriced else round(money.high, 6)
    return {"estimated_low": round(money.low, 6), "estimated_high": high}


def _records(records: Sequence[Record], folder: str) -> dict[str, JSONValue]:
    takes = [take_json(record, folder) for record in records if record.card.kind == "take"]
    adapters = [adapter_json(record) for record in records if record.card.kind == "adapter"]
    return {"takes": takes, "adapters": adapters}

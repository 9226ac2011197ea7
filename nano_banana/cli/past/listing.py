"""The log of runs as a table, a line a run."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from nano_banana.cli.amounts import duration, spent
from nano_banana.cli.past.ago import ago
from nano_banana.cli.screen import Screen
from nano_banana.core.json import JSONObject, JSONValue, as_number, as_whole

if TYPE_CHECKING:
    from nano_banana.store.runs import Run

NOTHING = "-"


def say_runs(screen: Screen, runs: Sequence[Run], kept: Collection[str]) -> None:
    """Print the runs, newest first; those whose takes are not known any more are marked."""
    now = time.time()
    head = ("run", "recipe", "when", "took", "status", "made", "reused", "failed", "cost")
    rows = [
        (
            run.id if run.id in kept else f"{run.id} *",
            run.recipe,
            ago(run.begun_at, now),
            took(run),
            run.status,
            *(_count(run.summary.get(name)) for name in ("made", "cached", "failed")),
            cost(run) or NOTHING,
        )
        for run in runs
    ]
    columns = [at for at, name in enumerate(head) if name != "failed" or any(row[at] not in "0-" for row in rows)]
    screen.table([[row[at] for at in columns] for row in rows], head=[head[at] for at in columns])
    if any(run.id not in kept for run in runs):
        screen.say("* what its takes came to is not known, or not any more")


def run_json(run: Run, *, kept: bool) -> JSONObject:
    """A run of the log."""
    return {
        "id": run.id,
        "recipe": run.recipe,
        "begun_at": run.begun_at,
        "ended_at": run.ended_at,
        "seconds": seconds(run),
        "status": run.status,
        "arguments": dict(run.arguments),
        "summary": dict(run.summary),
        "kept": kept,
    }


def seconds(run: Run) -> float | None:
    """How long it took; None where it has not ended."""
    return None if run.ended_at is None else round(max(run.ended_at - run.begun_at, 0.0), 3)


def took(run: Run) -> str:
    """How long it took, for people."""
    return NOTHING if run.ended_at is None else duration(run.ended_at - run.begun_at)


def cost(run: Run) -> str:
    """What the run was billed; empty where it was nothing, or where it was not noted."""
    return spent(as_number(run.summary.get("cost_usd", 0.0)), as_whole(run.summary.get("unknown_cost", 0)))


def _count(value: JSONValue) -> str:
    return NOTHING if value is None else f"{as_whole(value):,}"

"""What a request says while it runs: its steps, told by the clock."""

from __future__ import annotations

from datetime import UTC, datetime

from nano_banana.core.json import JSONObject
from nano_banana.emulator.order import Order

PARTS = 10
"""Lines between the first and the last."""


def iso(seconds: float) -> str:
    """A time, in seconds since 1970, as fal writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def lines(order: Order, *, steps: int, seconds: float, now: float) -> list[JSONObject]:
    """The lines so far of a request that takes about `seconds` for its `steps`."""
    if order.started_at is None:
        return []
    spent = (order.ended_at or now) - order.started_at
    share = 1.0 if order.ended_at is not None else min(0.99, spent / seconds) if seconds else 0.0
    told = [(0.0, "started")]
    if steps > 1:
        told += [(spent * part / PARTS, f"step {steps * part // PARTS}/{steps}") for part in range(1, PARTS + 1)]
    if order.ended_at is not None:
        told.append((spent, "done" if order.error is None else order.error))
    shown = [row for at, row in enumerate(told) if at / PARTS <= share or order.ended_at is not None]
    return [
        {"message": message, "level": "INFO", "source": "USER", "timestamp": iso(order.started_at + after)}
        for after, message in shown
    ]

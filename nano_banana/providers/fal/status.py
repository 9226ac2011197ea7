"""How far a request is, read from whatever the service says of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from nano_banana.core.json import JSONObject, JSONValue


class Phase(StrEnum):
    """The three that fal has, and any other word that it may say one day."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    ODD = "odd"


_WORDS = {"IN_QUEUE": Phase.QUEUED, "IN_PROGRESS": Phase.RUNNING, "COMPLETED": Phase.COMPLETED}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusNow:
    """A status. `position` counts the requests ahead; `log` is the last line, empty where there is none.

    `seconds` is how long the model took, by its own account (None: it does not say).
    """

    phase: Phase
    position: int | None = None
    log: str = ""
    seconds: float | None = None


def status_of(told: JSONValue) -> StatusNow:
    """Read a status object; a missing key, or none at all, is no reason to fail."""
    data = told if isinstance(told, Mapping) else {}
    position = data.get("queue_position")
    return StatusNow(
        phase=_WORDS.get(str(data.get("status")), Phase.ODD),
        position=position if isinstance(position, int) and not isinstance(position, bool) else None,
        log=_last_line(data),
        seconds=_seconds(data),
    )


def _last_line(data: JSONObject) -> str:
    logs = data.get("logs")
    last = logs[-1] if isinstance(logs, list) and logs else None
    text = last.get("message") if isinstance(last, Mapping) else last
    return " ".join(str(text or "").split())


def _seconds(data: JSONObject) -> float | None:
    metrics = data.get("metrics")
    took = metrics.get("inference_time") if isinstance(metrics, Mapping) else None
    if isinstance(took, bool) or not isinstance(took, int | float):
        return None
    return float(took) if math.isfinite(took) and took >= 0 else None

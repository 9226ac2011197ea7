"""A plan driven against the store: each node's end, and the totals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nano_banana.planner.forecast import Tally
from nano_banana.reports.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a run would do: the nodes as they would end today, and what is to be made at what cost."""

    project: str
    records: Sequence[Record]
    tally: Tally

"""A plan driven against the store: each node's end, and the totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from nano_banana.core.news import News
from nano_banana.core.news import Watcher
from nano_banana.planner.forecast import Tally
from nano_banana.reports.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a run would do: the nodes as they would end today, and what is to be made at what cost.

    `prices_as_of` is the date of the oldest price that the recipe's endpoints have (`2026-08`), if any has one.
    """

    project: str
    records: Sequence[Record]
    tally: Tally
    prices_as_of: str | None = None


def paid_in(tally: Tally, stage: str) -> int:
    """How many calls of a stage a provider would have to make."""
    return tally.stages[stage].paid if stage in tally.stages else 0


def tell_news(tally: Tally, known: Sequence[Record], watch: Watcher) -> None:
    """Tell how many calls each stage has, and how many of them a run passes over: those of takes that are whole."""
    for stage, count in tally.stages.items():
        watch(News(kind="planned", stage=stage, count=count.cached + count.to_make))
    takes = [record for record in known if record.card.kind == "take"]
    passed = Counter(place.partition("|")[0] for record in takes for place in record.keys)
    for stage, calls in passed.items():
        watch(News(kind="cached", stage=stage, count=calls))

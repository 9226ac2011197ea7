"""A plan driven against the store: each node's end, and the totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from nano_banana.core.news import News, Watcher
from nano_banana.core.problem import Problem
from nano_banana.core.result import NodeResult, Status
from nano_banana.core.ticket import Ticket
from nano_banana.planner.forecast import FREE, Tally
from nano_banana.reports.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a run would do: the nodes as they would end today, and what is to be made at what cost.

    `prices_as_of` is the date of the oldest price that the recipe's endpoints have (`2026-08`), if any has one.
    `saved` is what the store spares (subject and endpoint to calls and USD). Of the calls to be made, `sent` are at the
    service already and paid for; of `lost` ones nobody knows what became. `inputs` are the digests of the user's
    files among what those calls take in.
    """

    project: str
    records: Sequence[Record]
    tally: Tally
    prices_as_of: str | None = None
    saved: Mapping[tuple[str, str], tuple[int, float]] = field(default_factory=dict)
    sent: Sequence[Ticket] = ()
    lost: Sequence[Ticket] = ()
    inputs: Collection[str] = frozenset()
    remarks: Sequence[Problem] = ()

    @property
    def fails(self) -> bool:
        """Whether some node can't be made as it is written."""
        return any(record.status is Status.FAILED for record in self.records)


@dataclass(slots=True)
class Spared:
    """What the store's replies cost once, added up; a call that several nodes share counts once."""

    sums: dict[tuple[str, str], tuple[int, float]] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def add(self, result: NodeResult) -> None:
        """Count a node's calls."""
        for step in result.steps:
            cost = step.reply.cost_usd
            if not step.cached or step.call.provider in FREE or step.call.key in self._seen:
                continue
            self._seen.add(step.call.key)
            place = (result.node.card.subject, step.call.endpoint)
            calls, usd = self.sums.get(place, (0, 0.0))
            self.sums[place] = (calls + 1, usd + (cost or 0.0))


def paid_in(tally: Tally, stage: str) -> int:
    """How many calls of a stage a provider would have to make, or may have to."""
    count = tally.stages.get(stage)
    return 0 if count is None else count.paid + count.may_paid


def tell_news(tally: Tally, known: Sequence[Record], watch: Watcher) -> None:
    """Tell how many calls each stage has, and how many of them a run passes over: those of takes that are whole."""
    for stage, count in tally.stages.items():
        watch(News(kind="planned", stage=stage, count=count.cached + count.to_make))
    passed = {
        key: place.partition("|")[0]
        for record in known
        if record.card.kind == "take"
        for place, key in record.keys.items()
    }
    for stage, calls in Counter(passed.values()).items():
        watch(News(kind="cached", stage=stage, count=calls))

"""What a plan would do and cost, counted as it is driven."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.estimate import estimate
from nano_banana.catalog.price import Money
from nano_banana.core.call import Call
from nano_banana.core.result import NodeResult
from nano_banana.core.result import Step

FREE = frozenset({"local", "compute"})
"""Providers that cost nothing, whatever the catalog says an endpoint costs at fal."""

ONE_MEGAPIXEL = (1024, 1024)
"""What a picture of unknown size is priced as: stages draw and crop to about one megapixel."""


def pricer(catalog: Catalog) -> Callable[[Call], Money | None]:
    """A function that says what a call would cost: dated estimates, None where nobody knows."""

    def price(call: Call) -> Money | None:
        if call.provider in FREE:
            return Money(low=0.0, high=0.0)
        endpoint = catalog.get(call.endpoint)
        return None if endpoint is None else estimate(endpoint, call.arguments, picture=ONE_MEGAPIXEL)

    return price


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCount:
    """A stage's calls: how many the store has, and how many would be made."""

    cached: int = 0
    to_make: int = 0
    paid: int = 0
    """How many of those to make a provider does (the others are this machine's own work)."""
    low: float = 0.0
    high: float = 0.0
    unpriced: int = 0


@dataclass(slots=True)
class Tally:
    """The running totals of a forecast; the one place where they change."""

    price: Callable[[Call], Money | None]
    stages: dict[str, StageCount] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def add(self, result: NodeResult) -> None:
        """Count a node's calls; a call that several nodes share counts once."""
        for step in result.steps:
            if step.call.key not in self._seen:
                self._seen.add(step.call.key)
                self.stages[step.stage] = self._plus(self.stages.get(step.stage, StageCount()), step)

    def _plus(self, count: StageCount, step: Step) -> StageCount:
        if step.cached:
            return replace(count, cached=count.cached + 1)
        money = self.price(step.call)
        paid = step.call.provider != "compute"
        return StageCount(
            cached=count.cached,
            to_make=count.to_make + 1,
            paid=count.paid + paid,
            low=count.low + (money.low if money else 0.0),
            high=count.high + (money.high if money else 0.0),
            unpriced=count.unpriced + (money is None),
        )

    @property
    def cached(self) -> int:
        """Calls that the store can answer."""
        return sum(count.cached for count in self.stages.values())

    @property
    def to_make(self) -> int:
        """Calls that would be made."""
        return sum(count.to_make for count in self.stages.values())

    @property
    def unpriced(self) -> int:
        """Calls to be made whose price nobody knows."""
        return sum(count.unpriced for count in self.stages.values())

    @property
    def money(self) -> Money:
        """What the calls to be made would cost, as far as prices are known (USD)."""
        low = sum(count.low for count in self.stages.values())
        return Money(low=low, high=sum(count.high for count in self.stages.values()))

"""What a plan would do and cost, counted as it is driven."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.estimate import estimate
from nano_banana.catalog.price import Money
from nano_banana.core.call import Call
from nano_banana.core.flow import FIRST
from nano_banana.core.json import as_object, as_text
from nano_banana.core.result import NodeResult, Step
from nano_banana.core.verdict import Ruling
from nano_banana.planner.odds import USUAL, Odds

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
        if endpoint is None:
            return None
        inputs = sum(place.startswith(f"{endpoint.roles.images}/") for place in call.inputs)
        return estimate(endpoint, call.arguments, picture=ONE_MEGAPIXEL, inputs=max(inputs, 1))

    return price


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCount:
    """A stage's calls: how many the store has, how many would be made, and how many `may` be if a gate refuses."""

    cached: int = 0
    to_make: int = 0
    paid: int = 0
    """How many of those to make a provider does (the others are this machine's own work)."""
    low: float = 0.0
    high: float = 0.0
    unpriced: int = 0
    may: int = 0
    may_paid: int = 0
    may_high: float = 0.0
    may_unpriced: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Of the calls that may be made and paid for, how many are likely, and for how much (USD)."""

    calls: float = 0.0
    usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What is expected of gates: `passed` of `judged` before (`known`), else the usual share of ten."""

    passed: int
    judged: int
    known: bool


OddsOf: TypeAlias = Callable[[NodeResult], Odds]


@dataclass(slots=True)
class Tally:
    """The running totals of a forecast; the one place where they change.

    `opened` are the keys of calls that were sent already. The others that are made whatever gates say cost
    `certain_usd` or more (`certain_unpriced` of them have no known price). `looks` says that faces are still to be
    looked at, `finds` which parts of people are still to be found, `marks` that invisible marks are still to be
    written.
    """

    price: Callable[[Call], Money | None]
    odds_of: OddsOf = field(default=lambda _result: Odds())
    opened: Collection[str] = frozenset()
    certain_usd: float = 0.0
    certain_unpriced: int = 0
    stages: dict[str, StageCount] = field(default_factory=dict)
    expected: Expected = field(default_factory=Expected)
    looks: bool = False
    marks: bool = False
    finds: set[str] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)
    _odds: set[Odds] = field(default_factory=set)

    def add(self, result: NodeResult) -> None:
        """Count a node's calls; a call that several nodes share counts once."""
        refused, sure = _refused(result), _sure(result)
        for at, step in enumerate(result.steps):
            if step.call.key not in self._seen:
                self._seen.add(step.call.key)
                count = self.stages.get(step.stage, StageCount())
                if not step.cached:
                    self._look(step.call)
                if step.cached:
                    self.stages[step.stage] = replace(count, cached=count.cached + 1)
                elif step.attempt.number > refused:
                    self.stages[step.stage] = self._plus_maybe(count, step, self._share(result, step, refused))
                else:
                    self.stages[step.stage] = self._plus(count, step)
                    if at < sure and step.call.key not in self.opened:
                        self._plus_certain(step)

    def _share(self, result: NodeResult, step: Step, refused: int) -> float:
        """How likely the step's attempt is, where so many were refused already."""
        odds = self.odds_of(result)
        self._odds.add(odds)
        sure = next((other.attempt for other in result.steps if other.attempt.number == refused), FIRST)
        return odds.reach(step.attempt) / (odds.reach(sure) or 1)

    def _look(self, call: Call) -> None:
        if call.provider == "compute":
            sought = as_object(as_object(call.arguments.get("shape")).get("find"))
            if sought:
                self.finds.add(as_text(sought["part"]))
            self.marks |= call.endpoint == "imprint"
            self.looks |= call.endpoint == "look" or bool(sought)

    def _plus(self, count: StageCount, step: Step) -> StageCount:
        money = self.price(step.call)
        return replace(
            count,
            to_make=count.to_make + 1,
            paid=count.paid + _is_paid(step),
            low=count.low + (money.low if money else 0.0),
            high=count.high + (money.high if money else 0.0),
            unpriced=count.unpriced + (money is None),
        )

    def _plus_certain(self, step: Step) -> None:
        money = self.price(step.call)
        self.certain_usd += money.low if money else 0.0
        self.certain_unpriced += money is None

    def _plus_maybe(self, count: StageCount, step: Step, share: float) -> StageCount:
        money, paid = self.price(step.call), _is_paid(step)
        if paid:
            usd = self.expected.usd + share * (money.high if money else 0.0)
            self.expected = Expected(calls=self.expected.calls + share, usd=usd)
        return replace(
            count,
            may=count.may + 1,
            may_paid=count.may_paid + paid,
            may_high=count.may_high + (money.high if money else 0.0),
            may_unpriced=count.may_unpriced + (money is None),
        )

    @property
    def assumed(self) -> Assumed | None:
        """What the expectation goes by; None where no second chance is in sight."""
        if not self._odds:
            return None
        judged, passed = sum(odds.judged for odds in self._odds), sum(odds.passed for odds in self._odds)
        if not judged:
            return Assumed(passed=round(10 * USUAL), judged=10, known=False)
        return Assumed(passed=passed, judged=judged, known=True)

    @property
    def cached(self) -> int:
        """Calls that the store can answer."""
        return sum(count.cached for count in self.stages.values())

    @property
    def to_make(self) -> int:
        """Calls that would be made."""
        return sum(count.to_make for count in self.stages.values())

    @property
    def paid(self) -> int:
        """Those of them that a provider makes."""
        return sum(count.paid for count in self.stages.values())

    @property
    def unpriced(self) -> int:
        """Calls to be made whose price nobody knows."""
        return sum(count.unpriced for count in self.stages.values())

    @property
    def may(self) -> int:
        """Calls that would be made if gates refuse all that is not judged yet."""
        return sum(count.may for count in self.stages.values())

    @property
    def may_paid(self) -> int:
        """Those of them that a provider makes."""
        return sum(count.may_paid for count in self.stages.values())

    @property
    def may_high(self) -> float:
        """The most that those would cost (USD), as far as prices are known."""
        return sum(count.may_high for count in self.stages.values())

    @property
    def may_unpriced(self) -> int:
        """Those of them whose price nobody knows."""
        return sum(count.may_unpriced for count in self.stages.values())

    @property
    def money(self) -> Money:
        """What the calls that are sure to be made would cost, as far as prices are known (USD)."""
        low = sum(count.low for count in self.stages.values())
        return Money(low=low, high=sum(count.high for count in self.stages.values()))


def _refused(result: NodeResult) -> int:
    """How many tries at a take are known to have been refused, so that the next one is sure to be made."""
    known = [judged for judged in result.judged if judged.verdict.ruling is not Ruling.IMAGINED]
    if not known or any(judged.verdict.ruling is not Ruling.REJECTED for judged in known):
        return 0
    return known[-1].attempt.number + 1


def _sure(result: NodeResult) -> int:
    """How many of the steps are made in any case: those before the first gate whose verdict isn't known yet."""
    open_gates = {judged.stage for judged in result.judged if judged.verdict.ruling is Ruling.IMAGINED}
    return next((at for at, step in enumerate(result.steps) if step.stage in open_gates), len(result.steps))


def _is_paid(step: Step) -> bool:
    return step.call.provider != "compute"

"""What a plan would do and cost, counted while it is driven.

Calls of second chances are counted as calls that *may* be made; how many are likely follows from the share of pictures
that passed before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import PriceRange
from nano_banana.catalog.pricing import estimate_price
from nano_banana.catalog.provider_registry import find_provider, price_by
from nano_banana.model.call import COMPUTE, Call
from nano_banana.model.flow import FIRST_ATTEMPT, Attempt, Ruling
from nano_banana.model.json_values import as_object, as_text
from nano_banana.model.nodes import NodeResult, Step

DEFAULT_PASS_RATE = 0.7
"""The share of pictures that a gate lets through where none has been judged yet: an assumption, and said to be one."""

PRIOR_WEIGHT = 2
"""So many pictures more are taken to have been judged, of which the usual share passed: few say little."""

_ATTEMPT_LABEL = re.compile(r"(?P<kind>retry|repair|redraw)(?P<number>\d+)(?=\+|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PassRates:
    """Of first tries, new seeds and repairs the share that passes (0–1); `passed` of `judged` first tries is known."""

    first: float = DEFAULT_PASS_RATE
    retry: float = DEFAULT_PASS_RATE
    repair: float = DEFAULT_PASS_RATE
    judged: int = 0
    passed: int = 0

    def reach(self, attempt: Attempt) -> float:
        """The share of takes that come to an attempt: those that all before it refused.

        `retry2` comes after the first try and one new seed, `repair1` after all the new seeds there are. Of
        pictures whose faces were counted wrong nobody keeps a record: for `redraw1` the usual share is assumed.
        """
        found = [(part["kind"], int(part["number"])) for part in _ATTEMPT_LABEL.finditer(attempt.label)]
        share, before = 1.0, attempt.number - sum(number for _, number in found)
        for kind, number in found:
            if kind == "redraw":
                share *= (1 - DEFAULT_PASS_RATE) ** number
            elif kind == "retry":
                share *= (1 - self.first) * (1 - self.retry) ** (number - 1)
            else:
                share *= (1 - self.first) * (1 - self.retry) ** max(0, before) * (1 - self.repair) ** (number - 1)
        return share


def expected_pass_rate(passed: int, judged: int) -> float:
    """The share that is to be expected after so many of so many."""
    return (passed + DEFAULT_PASS_RATE * PRIOR_WEIGHT) / (judged + PRIOR_WEIGHT)


ASSUMED_SIZE = (1024, 1024)
"""What a picture of unknown size is priced as: stages draw and crop to about one megapixel."""


def price_function(catalog: Catalog) -> Callable[[Call], PriceRange | None]:
    """A function that says what a call would cost: dated estimates, None where nobody knows."""

    def price(call: Call) -> PriceRange | None:
        spec = find_provider(call.provider)
        if spec is not None and not spec.costs:
            return PriceRange(low=0.0, high=0.0)
        if spec is not None and spec.price:
            return price_by(spec, call)
        endpoint = catalog.get(call.endpoint)
        if endpoint is None:
            return None
        inputs = sum(place.startswith(f"{endpoint.roles.images}/") for place in call.inputs)
        return estimate_price(endpoint, call.arguments, picture=ASSUMED_SIZE, inputs=max(inputs, 1))

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
class ExpectedSpending:
    """Of the calls that may be made and paid for, how many are likely, and for how much (USD)."""

    calls: float = 0.0
    usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedPassRate:
    """What is expected of gates: `passed` of `judged` before (`known`), else the usual share of ten."""

    passed: int
    judged: int
    known: bool


PassRatesOf: TypeAlias = Callable[[NodeResult], PassRates]


@dataclass(slots=True)
class ForecastTotals:
    """The running totals of a forecast; the one place where they change.

    `opened` are the keys of calls that were sent already. The others that are made whatever gates say cost
    `certain_usd` or more (`certain_unpriced` of them have no known price). `looks` says that faces are still to be
    looked at, `finds` which parts of people are still to be found, `marks` that invisible marks are still to be
    written.
    """

    price: Callable[[Call], PriceRange | None]
    odds_of: PassRatesOf = field(default=lambda _result: PassRates())
    opened: Collection[str] = frozenset()
    certain_usd: float = 0.0
    certain_unpriced: int = 0
    stages: dict[str, StageCount] = field(default_factory=dict)
    expected: ExpectedSpending = field(default_factory=ExpectedSpending)
    looks: bool = False
    marks: bool = False
    finds: set[str] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)
    _odds: set[PassRates] = field(default_factory=set)

    def add(self, result: NodeResult) -> None:
        """Count a node's calls; a call that several nodes share counts once."""
        refused, sure = _rejected_attempts(result), _certain_steps(result)
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
        sure = next((other.attempt for other in result.steps if other.attempt.number == refused), FIRST_ATTEMPT)
        return odds.reach(step.attempt) / (odds.reach(sure) or 1)

    def _look(self, call: Call) -> None:
        if call.provider == COMPUTE:
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
            self.expected = ExpectedSpending(calls=self.expected.calls + share, usd=usd)
        return replace(
            count,
            may=count.may + 1,
            may_paid=count.may_paid + paid,
            may_high=count.may_high + (money.high if money else 0.0),
            may_unpriced=count.may_unpriced + (money is None),
        )

    @property
    def assumed(self) -> AssumedPassRate | None:
        """What the expectation goes by; None where no second chance is in sight."""
        if not self._odds:
            return None
        judged, passed = sum(odds.judged for odds in self._odds), sum(odds.passed for odds in self._odds)
        if not judged:
            return AssumedPassRate(passed=round(10 * DEFAULT_PASS_RATE), judged=10, known=False)
        return AssumedPassRate(passed=passed, judged=judged, known=True)

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
    def money(self) -> PriceRange:
        """What the calls that are sure to be made would cost, as far as prices are known (USD)."""
        low = sum(count.low for count in self.stages.values())
        return PriceRange(low=low, high=sum(count.high for count in self.stages.values()))


def _rejected_attempts(result: NodeResult) -> int:
    """How many tries at a take are known to have been refused, so that the next one is sure to be made."""
    known = [judged for judged in result.judged if judged.verdict.ruling is not Ruling.IMAGINED]
    if not known or any(judged.verdict.ruling is not Ruling.REJECTED for judged in known):
        return 0
    return known[-1].attempt.number + 1


def _certain_steps(result: NodeResult) -> int:
    """How many of the steps are made in any case: those before the first gate whose verdict isn't known yet."""
    open_gates = {judged.stage for judged in result.judged if judged.verdict.ruling is Ruling.IMAGINED}
    return next((at for at, step in enumerate(result.steps) if step.stage in open_gates), len(result.steps))


def _is_paid(step: Step) -> bool:
    return step.call.provider != COMPUTE

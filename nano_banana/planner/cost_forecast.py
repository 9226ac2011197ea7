"""What a plan would do and cost, counted while it is driven.

Calls of retries and repairs are counted as possible; how many are likely follows from the share of pictures that passed
before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import TypeAlias

from msgspec import Struct, field

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import PriceRange
from nano_banana.catalog.pricing import estimate_price
from nano_banana.catalog.provider_registry import find_provider, price_by
from nano_banana.model.call import COMPUTE, Call
from nano_banana.model.flow import FIRST_ATTEMPT, Attempt, Ruling
from nano_banana.model.json_values import as_object, as_text
from nano_banana.model.nodes import NodeResult, Step

DEFAULT_PASS_RATE = 0.7
"""The share of pictures that a gate is assumed to accept if none has been judged yet."""

PRIOR_WEIGHT = 2
"""So many more pictures count as judged, with the default share accepted, since few verdicts say little."""

_ATTEMPT_LABEL = re.compile(r"(?P<kind>retry|repair|redraw)(?P<number>\d+)(?=\+|$)")


class PassRates(Struct, frozen=True, kw_only=True):
    """The shares of first tries, retries and repairs that pass (0–1), from `passed` of `judged` first tries."""

    first: float = DEFAULT_PASS_RATE
    retry: float = DEFAULT_PASS_RATE
    repair: float = DEFAULT_PASS_RATE
    judged: int = 0
    passed: int = 0

    def probability_of(self, attempt: Attempt) -> float:
        """The share of takes that come to an attempt, because all attempts before it were rejected.

        `retry2` comes after the first try and one retry, `repair1` after all retries. For `redraw1` the default share
        is assumed, as there's no record of pictures with the wrong number of faces.
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
    """The share to expect after `passed` of `judged`."""
    return (passed + DEFAULT_PASS_RATE * PRIOR_WEIGHT) / (judged + PRIOR_WEIGHT)


ASSUMED_SIZE = (1024, 1024)
"""The size, in pixels, that pictures of unknown size are priced by."""


def price_function(catalog: Catalog) -> Callable[[Call], PriceRange | None]:
    """A function that says what a call would cost: an estimate, or None if that's unknown."""

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


class StageCount(Struct, frozen=True, kw_only=True):
    """A stage's calls: in the store, to be made, and possible (made only if a gate rejects a picture).

    `paid` calls go to a provider, the others are this machine's own work. Prices are in USD; those of `unpriced` calls
    are unknown.
    """

    cached: int = 0
    to_make: int = 0
    paid: int = 0
    low: float = 0.0
    high: float = 0.0
    unpriced: int = 0
    possible: int = 0
    possible_paid: int = 0
    possible_high: float = 0.0
    possible_unpriced: int = 0

    def __add__(self, other: StageCount) -> StageCount:
        """Both together."""
        return StageCount(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})


class ExpectedSpending(Struct, frozen=True, kw_only=True):
    """How many of the possible paid calls are likely, and what they would cost (USD)."""

    calls: float = 0.0
    usd: float = 0.0


class AssumedPassRate(Struct, frozen=True, kw_only=True):
    """The share of pictures that gates are expected to pass: `passed` of `judged` so far (`known`), or assumed."""

    passed: int
    judged: int
    known: bool


PassRatesOf: TypeAlias = Callable[[NodeResult], PassRates]


class ForecastTotals(Struct):
    """The running totals of a forecast; the only place where they change.

    `sent_keys` are the keys of requests that were sent already. The other calls that are certain to be made cost at
    least `certain_usd`; `certain_unpriced` of them have no known price. The last three say what this machine needs:
    models that find faces, models that find these parts of people, and the watermark's model.
    """

    price: Callable[[Call], PriceRange | None]
    pass_rates_of: PassRatesOf = field(default=lambda _result: PassRates())
    sent_keys: Collection[str] = frozenset()
    certain_usd: float = 0.0
    certain_unpriced: int = 0
    stages: dict[str, StageCount] = field(default_factory=dict)
    expected: ExpectedSpending = field(default_factory=ExpectedSpending)
    needs_face_detection: bool = False
    parts_to_find: set[str] = field(default_factory=set)
    needs_watermarking: bool = False
    _seen: set[str] = field(default_factory=set)
    _pass_rates: set[PassRates] = field(default_factory=set)

    @property
    def total(self) -> StageCount:
        """The calls of all stages."""
        return sum(self.stages.values(), StageCount())

    def add(self, result: NodeResult) -> None:
        """Count a node's calls; a call that several nodes share counts once."""
        rejected, certain = _rejected_attempts(result), _certain_steps(result)
        for at, step in enumerate(result.steps):
            if step.call.key in self._seen:
                continue
            self._seen.add(step.call.key)
            if step.cached:
                count = StageCount(cached=1)
            else:
                self._note_needs(step.call)
                count = self._count(step, self.price(step.call), rejected, result)
                if count.to_make and at < certain and step.call.key not in self.sent_keys:
                    self.certain_usd += count.low
                    self.certain_unpriced += count.unpriced
            self.stages[step.stage] = self.stages.get(step.stage, StageCount()) + count

    def _count(self, step: Step, price: PriceRange | None, rejected: int, result: NodeResult) -> StageCount:
        """A call that isn't in the store: to be made, or possible if its attempt needs another rejection."""
        paid, unpriced, high = step.call.provider != COMPUTE, price is None, price.high if price else 0.0
        if step.attempt.number <= rejected:
            low = price.low if price else 0.0
            return StageCount(to_make=1, paid=paid, low=low, high=high, unpriced=unpriced)
        share = self._likelihood(result, step, rejected)
        if paid:
            self.expected = ExpectedSpending(calls=self.expected.calls + share, usd=self.expected.usd + share * high)
        return StageCount(possible=1, possible_paid=paid, possible_high=high, possible_unpriced=unpriced)

    def _likelihood(self, result: NodeResult, step: Step, rejected: int) -> float:
        """How likely the step's attempt is, if so many were rejected already (0–1)."""
        rates = self.pass_rates_of(result)
        self._pass_rates.add(rates)
        last = next((other.attempt for other in result.steps if other.attempt.number == rejected), FIRST_ATTEMPT)
        return rates.probability_of(step.attempt) / (rates.probability_of(last) or 1)

    def _note_needs(self, call: Call) -> None:
        if call.provider == COMPUTE:
            sought = as_object(as_object(call.arguments.get("shape")).get("find"))
            if sought:
                self.parts_to_find.add(as_text(sought["part"]))
            self.needs_watermarking |= call.endpoint == "imprint"
            self.needs_face_detection |= call.endpoint == "look" or bool(sought)

    @property
    def assumed(self) -> AssumedPassRate | None:
        """What the expectation is based on; None if no retry or repair is possible."""
        if not self._pass_rates:
            return None
        judged = sum(rates.judged for rates in self._pass_rates)
        if not judged:
            return AssumedPassRate(passed=round(10 * DEFAULT_PASS_RATE), judged=10, known=False)
        return AssumedPassRate(passed=sum(rates.passed for rates in self._pass_rates), judged=judged, known=True)


def _rejected_attempts(result: NodeResult) -> int:
    """How many attempts at a take are known to be rejected, so that the next one is certain to be made."""
    known = [judged for judged in result.judged if judged.verdict.ruling is not Ruling.IMAGINED]
    if not known or any(judged.verdict.ruling is not Ruling.REJECTED for judged in known):
        return 0
    return known[-1].attempt.number + 1


def _certain_steps(result: NodeResult) -> int:
    """How many of the steps are certain: those before the first gate whose verdict isn't known yet."""
    open_gates = {judged.stage for judged in result.judged if judged.verdict.ruling is Ruling.IMAGINED}
    return next((at for at, step in enumerate(result.steps) if step.stage in open_gates), len(result.steps))

"""The limits of a run: policy, budget, and the reason to stop early.

The budget is reserved before a call and settled after it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from nano_banana.model.call import Call
from nano_banana.model.problem import LimitReached, NanoBananaError, Stopped, problem
from nano_banana.model.provider_protocol import Provider, ShutdownSignal
from nano_banana.model.ticket import ResendPolicy, UnknownRequestPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginePolicy:
    """Who answers, and within which bounds.

    `providers` make a provider when its first call comes. `kind_of` sorts a call (`train`, `image`,
    `compute`); `limits` is how many of a kind run at once. `price` is the most that a call may cost in
    USD (None: unknown); `budget_usd` is never crossed by the sum of what was and may be spent, and changed by
    `budget_name`. `missing` are
    keys that the store was found to have no reply to, which spares a look; `told` those of calls that were counted
    as there already. `lost` is what to do about requests that
    nobody knows the end of, `resend` which of them may be sent again unasked; `resumes` names the provider whose
    accepted requests of earlier runs are collected.
    """

    providers: Mapping[str, Callable[[], Provider]]
    kind_of: Callable[[Call], str]
    limits: Mapping[str, int] = field(default_factory=dict)
    price: Callable[[Call], float | None] = lambda _call: 0.0
    budget_usd: float | None = None
    budget_name: str = "the budget"
    missing: Collection[str] = frozenset()
    reported_cached: Collection[str] = frozenset()
    unknown_requests: UnknownRequestPolicy = UnknownRequestPolicy.ASK
    resend: ResendPolicy = ResendPolicy.CHEAP
    resumes: str = ""


class Budget:
    """What a run has spent and what its calls under way may still cost (USD)."""

    def __init__(self, budget_usd: float | None, name: str = "the budget") -> None:
        """None is no limit; `name` says where it can be changed."""
        self._budget = budget_usd
        self._name = name
        self._reserved = 0.0
        self.spent = 0.0
        """All that counts against the budget: what was billed, and the reserves of calls whose cost nobody knows."""

    def reserve(self, price: float | None, *, committed: bool = False) -> float:
        """Set money aside for a call, and return how much; for one that is `committed`, whatever the budget says.

        Raises LimitReached where the budget does not hold it; under a budget, so does an unknown price.
        """
        if committed:
            self._reserved += price or 0.0
            return price or 0.0
        if self._budget is not None and price is None:
            raise LimitReached([problem("price_unknown", budget_usd=self._budget, name=self._name)])
        amount = price or 0.0
        if self._budget is not None and amount and self.spent + self._reserved + amount > self._budget + 1e-9:
            held = self.spent + self._reserved
            raise LimitReached(
                [problem("budget_reached", budget_usd=self._budget, spent_usd=held, price_usd=amount, name=self._name)]
            )
        self._reserved += amount
        return amount

    def holds(self, price: float | None) -> bool:
        """Whether the budget holds all that is set aside, a call at this price among it."""
        if self._budget is None:
            return True
        return price is not None and self.spent + self._reserved <= self._budget + 1e-9

    def settle(self, reserved: float, cost_usd: float | None, *, ours: bool = True) -> None:
        """A call ended: put the reserve back and count what it cost (None: nobody knows; the reserve counts).

        What is not `ours` to pay was in the budget of the run that sent it, and is in no other's.
        """
        self._reserved -= reserved
        if ours:
            self.spent += reserved if cost_usd is None else cost_usd


class Halt:
    """Once set, no new call begins; what is under way here ends and is recorded. The first reason stays.

    Where the user asked, what is at a service is left there (`leave`), to be collected by the next run.
    """

    def __init__(self) -> None:
        """Not halted."""
        self.reason: NanoBananaError | None = None
        self.bug: Exception | None = None
        """An error that nobody foresaw, to be raised once what was under way has ended."""
        self.shutdown = ShutdownSignal()

    def stop_for(self, error: Exception) -> None:
        """End the run for this reason; one that is no error of ours is a bug."""
        if isinstance(error, NanoBananaError):
            self.reason = self.reason or error
            return
        self.bug = self.bug or error
        self.reason = self.reason or NanoBananaError([problem("bug_unwritten", what=type(error).__name__)])

    def interrupt(self) -> None:
        """End the run because the user asked."""
        self.stop_for(Stopped([problem("interrupted")]))
        self.shutdown.requested.set()

    def force(self) -> None:
        """The user asked again: what still waits at a service is taken back."""
        self.interrupt()
        self.shutdown.forced.set()

    def check(self) -> None:
        """Raise the reason where there is one."""
        if self.reason is not None:
            raise self.reason

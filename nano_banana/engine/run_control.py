"""The limits of a run: policy, budget, and the reason to stop early.

The budget is reserved before a call and settled after it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from msgspec import Struct, field

from nano_banana.model.call import Call
from nano_banana.model.problem import LimitReached, NanoBananaError, Stopped, problem
from nano_banana.model.provider_protocol import Provider, ShutdownSignal
from nano_banana.model.ticket import ResendPolicy, UnknownRequestPolicy


class EnginePolicy(Struct, frozen=True, kw_only=True):
    """The providers of a run and its limits.

    `providers` are factories, called for a provider's first call. `kind_of` gives a call's kind (`train`, `image`,
    `compute`), and `limits` how many calls of a kind run at once. `price` is the most that a call may cost in USD
    (None: unknown). The sum of what was spent and may still be spent never exceeds `budget_usd`; `budget_name` says
    where the user can change it. `missing` are keys without a stored reply, which saves looking them up;
    `reported_cached` are keys of calls that were already reported as cached. `unknown_requests` says what to do about
    requests with an unknown outcome, and `resend` which of them may be sent again without asking. `resumes` names the
    provider whose accepted requests of earlier runs are collected.
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
    """What a run has spent, and what its calls under way may still cost (USD)."""

    def __init__(self, budget_usd: float | None, name: str = "the budget") -> None:
        """Start with nothing spent. None is no limit; `name` says where the user can change it."""
        self._budget = budget_usd
        self._name = name
        self._reserved = 0.0
        self.spent = 0.0
        """What counts against the budget: costs, and the reserves of calls whose cost is unknown."""

    def reserve(self, price: float | None, *, committed: bool = False) -> float:
        """Reserve money for a call, and return the amount. A `committed` call gets it whatever the budget is.

        Raises LimitReached if the budget is too small, or if there is a budget and the price is unknown.
        """
        amount, limit, name = price or 0.0, None if committed else self._budget, self._name
        if limit is not None and price is None:
            raise LimitReached([problem("price_unknown", budget_usd=limit, name=name)])
        held = self.spent + self._reserved
        if limit is not None and amount and held + amount > limit + 1e-9:
            why = problem("budget_reached", budget_usd=limit, spent_usd=held, price_usd=amount, name=name)
            raise LimitReached([why])
        self._reserved += amount
        return amount

    def holds(self, price: float | None) -> bool:
        """Whether the budget covers all reserves, which include that of a call at this price."""
        if self._budget is None:
            return True
        return price is not None and self.spent + self._reserved <= self._budget + 1e-9

    def settle(self, reserved: float, cost_usd: float | None, *, ours: bool = True) -> None:
        """After a call, release its reserve and count its cost (None: unknown; the reserve counts).

        A call that isn't `ours` counted against the budget of the run that sent it.
        """
        self._reserved -= reserved
        if ours:
            self.spent += reserved if cost_usd is None else cost_usd


class Halt:
    """The reason to end a run early. Once set, no new call begins, and calls under way are completed and recorded.

    The first reason stays. After Ctrl-C (`shutdown`), requests stay at the service, for the next run to collect.
    """

    def __init__(self) -> None:
        """Start without a reason."""
        self.reason: NanoBananaError | None = None
        self.bug: Exception | None = None
        """An unexpected error, to be raised once calls under way have ended."""
        self.shutdown = ShutdownSignal()

    def stop_for(self, error: Exception) -> None:
        """End the run for this reason; an exception that isn't ours is a bug."""
        if isinstance(error, NanoBananaError):
            self.reason = self.reason or error
            return
        self.bug = self.bug or error
        self.reason = self.reason or NanoBananaError([problem("bug_unwritten", what=type(error).__name__)])

    def interrupt(self) -> None:
        """End the run because the user pressed Ctrl-C."""
        self.stop_for(Stopped([problem("interrupted")]))
        self.shutdown.requested.set()

    def force(self) -> None:
        """The user pressed Ctrl-C again: cancel requests that still wait at a service."""
        self.interrupt()
        self.shutdown.forced.set()

    def check(self) -> None:
        """Raise the reason, if there is one."""
        if self.reason is not None:
            raise self.reason

"""The budget: reserve before a call, settle after it."""

from __future__ import annotations

from nano_banana.core.errors import LimitReached, trouble


class Purse:
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
            raise LimitReached([trouble("price_unknown", budget_usd=self._budget, name=self._name)])
        amount = price or 0.0
        if self._budget is not None and amount and self.spent + self._reserved + amount > self._budget + 1e-9:
            held = self.spent + self._reserved
            raise LimitReached(
                [trouble("budget_reached", budget_usd=self._budget, spent_usd=held, price_usd=amount, name=self._name)]
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

"""What the engine must be told about calls, since it knows no catalog."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from nano_banana.core.answer import Provider
from nano_banana.core.call import Call
from nano_banana.core.lost import Lost, Resend


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
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
    told: Collection[str] = frozenset()
    lost: Lost = Lost.ASK
    resend: Resend = Resend.CHEAP
    resumes: str = ""

"""A ticket: the durable trace of one paid request, from before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class TicketState(StrEnum):
    """How far a request is. The first three are open: a call has at most one open ticket.

    sending ─▶ sent ─▶ collected │ failed │ cancelled
       │  ╲      │
       │   ╲     ▼ (its result is gone)
       │    ╰▶ unknown ─▶ sent (found again) │ abandoned │ withdrawn (the history shows that it never arrived)
       ▼
    withdrawn (surely not accepted)
    """

    SENDING = "sending"
    """Written down; it may be on its way."""
    SENT = "sent"
    """Accepted, under a request id."""
    UNKNOWN = "unknown"
    """It may have been accepted, or its result can't be had any more: nobody knows."""
    COLLECTED = "collected"
    FAILED = "failed"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    ABANDONED = "abandoned"
    """A person decided not to look for it any more."""


OPEN = frozenset({TicketState.SENDING, TicketState.SENT, TicketState.UNKNOWN})

_WAYS: Mapping[TicketState, frozenset[TicketState]] = {
    TicketState.SENDING: frozenset({TicketState.SENT, TicketState.UNKNOWN, TicketState.WITHDRAWN}),
    TicketState.SENT: frozenset(
        {TicketState.COLLECTED, TicketState.FAILED, TicketState.CANCELLED, TicketState.UNKNOWN}
    ),
    TicketState.UNKNOWN: frozenset({TicketState.SENT, TicketState.ABANDONED, TicketState.WITHDRAWN}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """For whom a call is made: the run, and the stage, node and subject (empty: nobody) that asked first."""

    run: str = ""
    recipe: str = ""
    stage: str = ""
    node: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One request for one call.

    `number` is its row in the store, 0 before it is kept. `key` and `document` are the call's key and
    canonical text; `body` is the JSON that was sent, which may name uploaded files. `service` is whom it was
    sent to (an address), so that a ticket is never looked for elsewhere. `begun_at` is when it was written
    down, before it was sent, `ended_at` when it was closed (seconds since 1970). `urls` are the service's own for
    `status`, `response` and `cancel`. `estimate_usd` is the most that it was expected to cost, None where
    nobody knew; `units` what the service says it billed, `cost_usd` that in dollars, both None where it does not say.
    `reason` is the kind of problem of one that failed or is unknown.
    """

    number: int = 0
    key: str
    document: str
    provider: str
    service: str
    endpoint: str
    body: str
    state: TicketState = TicketState.SENDING
    errand: Errand = field(default_factory=Errand)
    begun_at: float = 0.0
    ended_at: float | None = None
    request_id: str = ""
    urls: Mapping[str, str] = field(default_factory=dict)
    estimate_usd: float | None = None
    units: float | None = None
    cost_usd: float | None = None
    reason: str = ""

    @property
    def open(self) -> bool:
        """Whether something may still come of it."""
        return self.state in OPEN


def moved(
    ticket: Ticket,
    state: TicketState,
    *,
    request_id: str | None = None,
    urls: Mapping[str, str] | None = None,
    units: float | None = None,
    cost_usd: float | None = None,
    reason: str = "",
    at: float | None = None,
) -> Ticket:
    """The ticket in its next state: the one place where states change. `at` is when it was closed.

    Raises ValueError for a way that there is not (see `TicketState`).
    """
    if state not in _WAYS.get(ticket.state, frozenset()):
        raise ValueError(f"a ticket that is {ticket.state} can't become {state}")
    return replace(
        ticket,
        state=state,
        request_id=ticket.request_id if request_id is None else request_id,
        urls=ticket.urls if urls is None else urls,
        units=units,
        cost_usd=cost_usd,
        reason=reason,
        ended_at=None if state in OPEN else at,
    )

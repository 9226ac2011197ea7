"""A paid request at a service: its ticket, its uploads, its policies.

A ticket is the durable record of one request, from before it is sent (see `TicketState` for the states). An upload
says where a file of ours lies at a service. The policies say what to do about requests whose outcome is unknown.
A service at a loopback address is a stand-in, and not the real one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit


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


OPEN_STATES = frozenset({TicketState.SENDING, TicketState.SENT, TicketState.UNKNOWN})

_TRANSITIONS: Mapping[TicketState, frozenset[TicketState]] = {
    TicketState.SENDING: frozenset({TicketState.SENT, TicketState.UNKNOWN, TicketState.WITHDRAWN}),
    TicketState.SENT: frozenset(
        {TicketState.COLLECTED, TicketState.FAILED, TicketState.CANCELLED, TicketState.UNKNOWN}
    ),
    TicketState.UNKNOWN: frozenset({TicketState.SENT, TicketState.ABANDONED, TicketState.WITHDRAWN}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
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
    requester: Requester = field(default_factory=Requester)
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
        """Whether the request may still get a result."""
        return self.state in OPEN_STATES

    @property
    def outcome_unknown(self) -> bool:
        """Whether nobody knows if the service accepted it; `sending` was cut off, unless its run is still alive."""
        return self.state in {TicketState.SENDING, TicketState.UNKNOWN}


def transition(
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
    if state not in _TRANSITIONS.get(ticket.state, frozenset()):
        raise ValueError(f"a ticket that is {ticket.state} can't become {state}")
    return replace(
        ticket,
        state=state,
        request_id=ticket.request_id if request_id is None else request_id,
        urls=ticket.urls if urls is None else urls,
        units=units,
        cost_usd=cost_usd,
        reason=reason,
        ended_at=None if state in OPEN_STATES else at,
    )


@dataclass(frozen=True, slots=True)
class Upload:
    """Some bytes that were uploaded.

    `service` is where to (an address), `digest` is of the bytes in the store (what was sent may have lost its
    metadata), `url` where they lie now, `expires_at` when they are gone (seconds since 1970; None: never).
    """

    service: str
    digest: str
    url: str
    expires_at: float | None = None


class ResendPolicy(StrEnum):
    """Which requests that surely never arrived are sent again without asking: the setting `limits.resend_unknown`."""

    NEVER = "never"
    CHEAP = "cheap"
    """Those that cost little; never a training."""
    ALWAYS = "always"
    """All of them; pictures also if the history can't be read, so that nobody can tell."""


class UnknownRequestPolicy(StrEnum):
    """What is to be done about requests of which nobody knows what became."""

    ASK = "ask"
    """Nothing: their takes fail, and a person decides."""
    REPLACE = "replace"
    """Buy these again."""
    RESUBMIT = "resubmit"
    """Buy these again, and so what was billed and could not be used."""
    ABANDON = "abandon"
    """Look for them no more, and do without their takes in this run."""


def is_loopback_url(address: str) -> bool:
    """Whether a URL names this machine itself: what answers there is a stand-in for a service, and not the service."""
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

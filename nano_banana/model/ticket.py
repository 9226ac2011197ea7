"""A paid request at a service: its ticket, its uploads, its policies.

A ticket is the durable record of one request, from before it is sent (`TicketState` has the states). An upload is a
file of ours at a service. The policies say what to do about requests with an unknown outcome. A service at a loopback
address is an emulator.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from msgspec import Struct, field
from msgspec.structs import replace


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
    """Saved; the request may be on its way."""
    SENT = "sent"
    """Accepted, with a request id."""
    UNKNOWN = "unknown"
    """Nobody knows whether it was accepted, or its result is gone."""
    COLLECTED = "collected"
    FAILED = "failed"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    ABANDONED = "abandoned"
    """A person decided to stop looking for it."""


OPEN_STATES = frozenset({TicketState.SENDING, TicketState.SENT, TicketState.UNKNOWN})

_TRANSITIONS: Mapping[TicketState, frozenset[TicketState]] = {
    TicketState.SENDING: frozenset({TicketState.SENT, TicketState.UNKNOWN, TicketState.WITHDRAWN}),
    TicketState.SENT: frozenset(
        {TicketState.COLLECTED, TicketState.FAILED, TicketState.CANCELLED, TicketState.UNKNOWN}
    ),
    TicketState.UNKNOWN: frozenset({TicketState.SENT, TicketState.ABANDONED, TicketState.WITHDRAWN}),
}


class Requester(Struct, frozen=True, kw_only=True):
    """What a call is made for: the run, and the stage, node and subject (may be empty) that asked first."""

    run: str = ""
    recipe: str = ""
    stage: str = ""
    node: str = ""
    subject: str = ""


class Ticket(Struct, frozen=True, kw_only=True):
    """One request for one call.

    `number` is its row in the store, 0 until it is saved. `key` and `document` are the call's key and canonical text;
    `body` is the JSON that was sent, which may contain URLs of uploads. `service` is the address that it was sent to.
    `begun_at` is when it was saved, before it was sent, and `ended_at` when it was closed (seconds since 1970). `urls`
    are the service's for `status`, `response` and `cancel`. `estimate_usd` is the most that it was expected to cost
    (None: unknown), `units` what the service says it billed and `cost_usd` that in USD (None: not said). `reason` is
    the kind of problem if it failed or is unknown.
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
    """The ticket in its next state. `at` is when it was closed. This is the only place where states change.

    Raises ValueError for a transition that doesn't exist (see `TicketState`).
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


class Upload(NamedTuple):
    """A file that was uploaded to a service.

    `service` is an address, `digest` that of the bytes in the store (the uploaded file may lack their metadata), `url`
    its address, and `expires_at` the time at which it is deleted (seconds since 1970; None: never).
    """

    service: str
    digest: str
    url: str
    expires_at: float | None = None


class ResendPolicy(StrEnum):
    """Which requests that never arrived are resent without asking; set by `limits.resend_unknown` in a recipe."""

    NEVER = "never"
    CHEAP = "cheap"
    """Cheap ones; never a training."""
    ALWAYS = "always"
    """All; pictures even if the service's history can't be read to make sure."""


class UnknownRequestPolicy(StrEnum):
    """What to do about requests with an unknown outcome."""

    ASK = "ask"
    """Nothing: their takes fail, and the user decides."""
    REPLACE = "replace"
    """Resend them."""
    RESUBMIT = "resubmit"
    """Resend them, and also requests that were billed without a usable result."""
    ABANDON = "abandon"
    """Stop looking for them, and skip their takes in this run."""


def is_loopback_url(address: str) -> bool:
    """Whether a URL is on this machine, so that an emulator answers there and not a real service."""
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

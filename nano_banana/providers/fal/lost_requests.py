"""Find a request whose answer was lost in fal's history of requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from enum import Enum

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Field, Task
from nano_banana.model.json_values import JSONObject, JSONValue, as_object
from nano_banana.model.problem import Refused
from nano_banana.model.provider_protocol import CallContext
from nano_banana.model.ticket import Ticket, TicketState, transition
from nano_banana.providers.fal.fal_platform_api import FalPlatform, PastRequest, PlatformDenied
from nano_banana.providers.fal.fal_session import FalSession
from nano_banana.providers.fal.following import DurationEstimator
from nano_banana.providers.fal.timing import pause

CLOCK_SKEW = 300.0
"""Seconds by which our clock and fal's may differ, including the time that a request takes to arrive."""

FRESH_SECONDS = 900.0
"""Seconds after which a picture's request that is not in the history never arrived, if it usually takes less."""

FRESH_TRAINING_SECONDS = 21_600.0
"""The same for a training, whose queue may be long."""

LONGEST_FACTOR = 3.0
"""After this many times the endpoint's longest duration, a request should be in the history."""

SETTLED_SECONDS = 20.0
"""Least age in seconds of a request that is looked for only once."""

ENDED_SECONDS = 172_800.0
"""Seconds after which any request has ended; later history isn't read."""

HISTORY_WAITS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0)
"""Seconds between look-ups: history lists ended requests, so a running one isn't there yet."""

PAGE_CACHE_SECONDS = 0.25
"""Seconds for which a page of history is reused."""


class HistoryEvidence(Enum):
    """What it means that a request isn't in the history."""

    NONE = "none"
    """It should be there by now: the request never arrived."""
    UNSURE = "unsure"
    """It may still appear."""
    UNREADABLE = "unreadable"
    """The key may not read the history; the request would be there by now."""


class RequestFinder:
    """Looks for lost requests. Each is assigned to one ticket only."""

    def __init__(self, session: FalSession, catalog: Catalog) -> None:
        """`catalog` describes default values of fields, and which endpoints train."""
        self._session = session
        self._catalog = catalog
        self._platform = FalPlatform(session)
        self._taking = asyncio.Lock()
        self._pages: dict[tuple[str, float, float | None], tuple[float, asyncio.Task[list[PastRequest]]]] = {}

    async def find(self, ticket: Ticket, context: CallContext) -> Ticket | HistoryEvidence:
        """The ticket, `sent` with the id that was found, or what it means that the history has no such request.

        A request that should have ended is looked for once, a recent one for most of a minute, since history only lists
        ended requests. Raises CallFailed if history can't be read now, Stopped if the run stops first, and Unusable if
        the ticket can't be saved.
        """
        clock = self._session.clock
        begun = clock.now()
        longest = await DurationEstimator().longest(ticket.endpoint, context)
        usual = FRESH_SECONDS if longest is None else max(LONGEST_FACTOR * longest, SETTLED_SECONDS)
        young = begun - ticket.begun_at < usual
        found: Ticket | HistoryEvidence = HistoryEvidence.UNREADABLE
        for wait in (*(HISTORY_WAITS if young else ()), None):
            try:
                found = await self._look(ticket, context)
            except (Refused, PlatformDenied):
                break
            if isinstance(found, Ticket):
                return found
            if wait is not None:
                context.report_progress(phase="looking")
                await pause(wait, clock=clock, shutdown=context.shutdown)
        # By another clock than fal's, it may be in the history at another time.
        least = FRESH_TRAINING_SECONDS if self.is_training(ticket.endpoint) else FRESH_SECONDS
        over = max(least, LONGEST_FACTOR * (longest or 0.0))
        is_over = begun - ticket.begun_at > over and abs(self._platform.skew) < CLOCK_SKEW / 2
        return found if is_over else HistoryEvidence.UNSURE

    def is_training(self, endpoint: str) -> bool:
        """Whether requests to the endpoint are trainings."""
        known = self._catalog.get(endpoint)
        return known is not None and known.does is Task.TRAIN

    async def _look(self, ticket: Ticket, context: CallContext) -> Ticket | HistoryEvidence:
        body = as_object(json.loads(ticket.body))
        fields = endpoint.fields if (endpoint := self._catalog.get(ticket.endpoint)) else {}
        near = [one for one in await self._past(ticket) if _is_near(one, ticket)]
        alike = [one for one in near if _is_same_request(one, body, fields)]
        alike.sort(key=lambda one: (one.json_input != body, one.sent_at))
        async with self._taking:
            taken = await context.known_requests(ticket.service, [one.request_id for one in near])
            free = next((one for one in alike if one.request_id not in taken), None)
            if free is not None:
                return await context.save_ticket(transition(ticket, TicketState.SENT, request_id=free.request_id))
        # One whose arguments are not told may be ours.
        hidden = any(one.json_input is None and one.request_id not in taken for one in near)
        return HistoryEvidence.UNREADABLE if hidden else HistoryEvidence.NONE

    async def _past(self, ticket: Ticket) -> list[PastRequest]:
        """The endpoint's history around the ticket's time, shared by all tickets that are looked for at once."""
        now = self._session.clock.now()
        start = _since(ticket)
        over = start + FRESH_SECONDS + ENDED_SECONDS
        asked = (ticket.endpoint, start, over if over < now else None)
        at, page = self._pages.get(asked, (0.0, None))
        if page is None or (page.done() and now - at > PAGE_CACHE_SECONDS):
            page = asyncio.create_task(self._platform.requests(asked[0], start=asked[1], end=asked[2]))
            # Nobody may be left to hear of its error.
            page.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._pages[asked] = (now, page)
        return await asyncio.shield(page)


def _since(ticket: Ticket) -> float:
    """The start of the history to read; the same for all tickets of a quarter of an hour."""
    return (ticket.begun_at - CLOCK_SKEW) // FRESH_SECONDS * FRESH_SECONDS


def _is_near(past: PastRequest, ticket: Ticket) -> bool:
    """Whether it was sent when the ticket was, or its time is unknown."""
    return abs(past.sent_at - ticket.begun_at) <= CLOCK_SKEW or past.sent_at == _since(ticket)


def _is_same_request(past: PastRequest, body: JSONObject, fields: Mapping[str, Field]) -> bool:
    """Whether it has the same arguments; the service may have added empty fields or defaults."""
    told = past.json_input
    if told is None or any(name not in told or not _is_contained(value, told[name]) for name, value in body.items()):
        return False
    return all(_is_default(value, fields.get(name)) for name, value in told.items() if name not in body)


def _is_default(value: JSONValue, field: Field | None) -> bool:
    if value in (None, "", [], {}) or (field is not None and value == field.known_default()):
        return True
    if field is not None and value is False and field.known_default() is None:
        # (`sync_mode: false`: a switch whose default nobody wrote down is off.)
        return True
    # A field that nobody here knows: a number or a switch of the service's own, but no other text, picture or adapter.
    return field is None and isinstance(value, bool | int | float)


def _is_contained(part: JSONValue, whole: JSONValue) -> bool:
    """Whether the values are the same, except for what the service added inside objects."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and _is_contained(value, whole[name]) for name, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) == len(whole) and all(map(_is_contained, part, whole))
    return part == whole

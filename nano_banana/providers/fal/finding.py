"""A request whose answer was lost, found again in fal's own history."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.field import Field
from nano_banana.core.answer import Desk
from nano_banana.core.errors import Refused
from nano_banana.core.json import JSONObject
from nano_banana.core.json import JSONValue
from nano_banana.core.json import as_object
from nano_banana.core.ticket import Ticket
from nano_banana.core.ticket import TicketState
from nano_banana.core.ticket import moved
from nano_banana.providers.fal.line import Line
from nano_banana.providers.fal.pause import pause
from nano_banana.providers.fal.platform import PastRequest
from nano_banana.providers.fal.platform import Platform
from nano_banana.providers.fal.platform import PlatformDenied

SKEW = 300.0
"""Seconds that our clock and fal's may differ, and that a request may take to arrive."""

FRESH = 900.0
"""Seconds in which a request may still be queued or running, so that looking again is worth while."""

ENDED = 172_800.0
"""Seconds after which any request has ended: what came later is not read, since a long history is not read at all."""

WAITS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0)
"""Seconds between looks: history lists what has ended, so a request that still runs is not there yet."""


class Finding:
    """Looks for lost requests. Those found are taken, so that no two tickets share one."""

    def __init__(self, line: Line, catalog: Catalog) -> None:
        """`catalog` tells which fields the service may have filled in by itself."""
        self._line = line
        self._catalog = catalog
        self._platform = Platform(line)
        self._taking = asyncio.Lock()

    async def find(self, ticket: Ticket, desk: Desk) -> Ticket | None:
        """The ticket, `sent` under the id that was found, or None where history has no such request.

        An old request is looked for once, a young one for most of a minute, since history only lists what has ended.
        A history that the key may not read is as good as none. Raises CallFailed where it can't be read now, Stopped
        where the run is to end before that is known, and Unusable where what was found can't be kept.
        """
        clock = self._line.clock
        young = clock.now() - ticket.begun_at < FRESH
        for wait in (*(WAITS if young else ()), None):
            try:
                found = await self._look(ticket, desk)
            except (Refused, PlatformDenied):
                return None
            if found is not None:
                return found
            if wait is not None:
                desk.tell(phase="looking")
                await pause(wait, clock=clock, leave=desk.leave)
        return None

    async def _look(self, ticket: Ticket, desk: Desk) -> Ticket | None:
        body = as_object(json.loads(ticket.body))
        over = ticket.begun_at + ENDED
        end = over if over < self._line.clock.now() else None
        past = await self._platform.requests(ticket.endpoint, start=ticket.begun_at - SKEW, end=end)
        fields = endpoint.fields if (endpoint := self._catalog.get(ticket.endpoint)) else {}
        alike = [one for one in past if _is_of(one, body, fields) and one.sent_at <= ticket.begun_at + SKEW]
        alike.sort(key=lambda one: (one.json_input != body, one.sent_at))
        async with self._taking:
            taken = await desk.requests(ticket.service, [one.request_id for one in alike])
            free = next((one for one in alike if one.request_id not in taken), None)
            if free is None:
                return None
            return await desk.keep(moved(ticket, TicketState.SENT, request_id=free.request_id))


def _is_of(past: PastRequest, body: JSONObject, fields: Mapping[str, Field]) -> bool:
    """Whether that is what was sent; the service may have added fields that say nothing, or their defaults."""
    told = past.json_input
    if told is None or any(name not in told or not _within(value, told[name]) for name, value in body.items()):
        return False
    return all(_is_default(value, fields.get(name)) for name, value in told.items() if name not in body)


def _is_default(value: JSONValue, field: Field | None) -> bool:
    if value in (None, "", [], {}) or (field is not None and value == field.default):
        return True
    # A field that nobody here knows: a number or a switch of the service's own, but no other text, picture or adapter.
    return field is None and isinstance(value, bool | int | float)


def _within(part: JSONValue, whole: JSONValue) -> bool:
    """The same, but for what the service filled in further down."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and _within(value, whole[name]) for name, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) == len(whole) and all(map(_within, part, whole))
    return part == whole

"""A request that was accepted, followed to its end: by stream, else by looks."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from collections.abc import Coroutine
from enum import Enum

import httpx
from httpx_sse import EventSource
from httpx_sse import SSEError

from nano_banana.core.answer import Desk
from nano_banana.core.errors import CallFailed
from nano_banana.core.ticket import Ticket
from nano_banana.providers.fal.faults import fault_of
from nano_banana.providers.fal.line import Line
from nano_banana.providers.fal.resend import Patience
from nano_banana.providers.fal.resend import insist
from nano_banana.providers.fal.status import Phase
from nano_banana.providers.fal.status import StatusNow
from nano_banana.providers.fal.status import status_of
from nano_banana.providers.fal.submit import read
from nano_banana.providers.fal.typical import Typical
from nano_banana.providers.fal.typical import next_look
from nano_banana.providers.fal.wire import CONNECT_SECONDS
from nano_banana.providers.fal.wire import Broken
from nano_banana.providers.fal.wire import Declined

SILENCE = 30.0
"""Seconds without a sign on a stream after which it counts as dead."""

DROPS = 3
"""Streams in a row that may end without news before a request is only looked at."""

GRACE = 2.0
"""Seconds in which a second Ctrl-C still reaches requests that wait in the queue."""

PATIENCE = Patience(first=0.5, most=15.0, total=600.0)


class End(Enum):
    """How following ended."""

    COMPLETED = "completed"
    GONE = "gone"
    """The service knows nothing of it."""
    LEFT = "left"
    CANCELLED = "cancelled"


class Following:
    """Follows requests by their ids."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._typical = Typical()
        self._streams = True

    async def follow(self, ticket: Ticket, desk: Desk) -> End:
        """Return when it has ended, or when the run is to end and it can be left there.

        A second wish to end cancels it where it still waits in the queue. Raises CallFailed where the service can't be
        reached for long, Refused where it refuses to say.
        """
        one = _Request(self._line, ticket, desk)
        task = asyncio.create_task(self._to_end(one))
        leaving = asyncio.create_task(desk.leave.asked.wait())
        try:
            await _unless_given_up(asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED), desk)
            return task.result() if task.done() else await self._left(one, task)
        finally:
            await _given_up(task, leaving)

    async def _left(self, one: _Request, task: asyncio.Task[End]) -> End:
        leave = one.desk.leave
        if one.phase is Phase.QUEUED and not leave.insisted.is_set():
            await _unless_given_up(asyncio.wait({task}, timeout=GRACE), one.desk)
        if task.done():
            return task.result()
        if leave.insisted.is_set() and one.phase is Phase.QUEUED and await one.cancel():
            return End.CANCELLED
        return End.LEFT

    async def _to_end(self, one: _Request) -> End:
        clock = self._line.clock
        begun = clock.now()
        drops = 0
        while True:
            now: StatusNow | None = None
            if self._streams and drops < DROPS:
                heard = one.heard
                now = await self._listen(one)
                drops = 0 if one.heard > heard else drops + 1
            else:
                typical = await self._typical.of(one.ticket.endpoint, one.desk)
                await clock.sleep(next_look(clock.now() - begun, typical))
            now = now or await one.look()
            if now is None:
                return End.GONE
            if now.phase is Phase.COMPLETED:
                # A request of an earlier run tells nothing by the clock; the model's own time leaves out the queue.
                took = now.seconds if begun - one.ticket.begun_at > SILENCE else clock.now() - one.ticket.begun_at
                if took is not None:
                    await self._typical.learn(one.ticket.endpoint, took, one.desk)
                return End.COMPLETED

    async def _listen(self, one: _Request) -> StatusNow | None:
        """The last status, once it has ended; None where the stream ended first."""
        try:
            async for now in one.events():
                if now.phase is Phase.COMPLETED:
                    return now
        except _NoStream:
            # Perhaps the request is gone; if it is not, this service has no streams.
            self._streams = await one.look() is None
        except (Broken, Declined, httpx.TransportError, SSEError):
            await self._line.clock.sleep(PATIENCE.wait(0, self._line.clock))
        return None


class _NoStream(Exception):
    """The service has no status stream."""


class _Request:
    """One request at the service, and what was last heard of it."""

    def __init__(self, line: Line, ticket: Ticket, desk: Desk) -> None:
        self._line = line
        self.ticket = ticket
        self.desk = desk
        self.phase = Phase.QUEUED
        self.heard = 0
        self._url = line.url(ticket, "status")

    async def events(self) -> AsyncIterator[StatusNow]:
        """The statuses that the stream brings. Raises _NoStream, Broken, Declined, and httpx's own on the way."""
        url = f"{self._url}/stream"
        timeout = httpx.Timeout(SILENCE, connect=CONNECT_SECONDS)
        async with self._line.wire.stream("GET", url, params={"logs": "1"}, timeout=timeout) as response:
            if response.status_code != 200 or "event-stream" not in response.headers.get("Content-Type", ""):
                raise _NoStream
            async for event in EventSource(response).aiter_sse():
                with contextlib.suppress(ValueError):
                    yield self._told(status_of(json.loads(event.data)))

    async def look(self) -> StatusNow | None:
        """Its status now; None where the service knows nothing of it. Raises CallFailed and Refused."""
        response = await self._line.get(self._url, what=self.ticket.endpoint, params={"logs": "1"}, patience=PATIENCE)
        if response.status_code in (404, 410):
            return None
        if response.status_code >= 400:
            raise fault_of(response.status_code, response.headers, read(response), endpoint=self.ticket.endpoint).error(
                cost_usd=None
            )
        return self._told(status_of(read(response)))

    async def cancel(self) -> bool:
        """Take it out of the queue; whether the service says that it will."""
        url = self._line.url(self.ticket, "cancel")

        async def once() -> httpx.Response:
            return await self._line.wire.put(url)

        try:
            response = await insist(
                once, patience=Patience(total=5.0), clock=self._line.clock, what=self.ticket.endpoint
            )
        except CallFailed:
            return False
        return response.status_code < 300

    def _told(self, now: StatusNow) -> StatusNow:
        self.heard += 1
        if now.phase is not Phase.ODD:
            self.phase = now.phase
            self.desk.tell(phase=str(now.phase), position=now.position, log=now.log)
        return now


async def _unless_given_up(waiting: Coroutine[None, None, object], desk: Desk) -> None:
    """Wait; where the run is given up meanwhile, go on at once, to take back what can be."""
    try:
        await waiting
    except asyncio.CancelledError:
        if not desk.leave.insisted.is_set():
            raise


async def _given_up(*tasks: asyncio.Task[End] | asyncio.Task[bool]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

"""A request that was accepted, followed to its end: streams or looks."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Mapping
from contextlib import aclosing
from enum import Enum

import httpx
from httpx_sse import EventSource, SSEError

from nano_banana.core.answer import Desk
from nano_banana.core.errors import CallFailed, NanoBananaError, trouble
from nano_banana.core.ticket import Ticket
from nano_banana.providers.fal.bodies import bounded, read
from nano_banana.providers.fal.faults import fault_of, is_verdict
from nano_banana.providers.fal.line import Line
from nano_banana.providers.fal.resend import Patience, insist
from nano_banana.providers.fal.status import Phase, StatusNow, status_of
from nano_banana.providers.fal.typical import Typical, next_look
from nano_banana.providers.fal.wire import CONNECT_SECONDS, Broken, Declined

SILENCE = 30.0
"""Seconds without a sign on a stream after which it counts as dead."""

BESIDE = 60.0
"""Seconds after which the status is looked at although the stream lives: some never say that the request has ended."""

ODD_LOOKS = 5
"""Looks in a row that tell nothing, after which something else is done than to look again."""

DROPS = 3
"""Streams in a row that may end without news before a request is only looked at."""

GRACE = 2.0
"""Seconds in which a second Ctrl-C still reaches requests that wait in the queue."""

LAST_WORDS = 0.25
"""Seconds that a stream may take to end once it has said that the request has."""

PATIENCE = Patience(first=0.5, most=15.0, total=600.0)
BRIEFLY = Patience(total=5.0)
"""Somebody pressed Ctrl-C twice."""


class End(Enum):
    """How following ended."""

    COMPLETED = "completed"
    GONE = "gone"
    """The service knows nothing of it."""
    LEFT = "left"
    CANCELLED = "cancelled"


class Following:
    """Follows requests by their ids."""

    def __init__(self, line: Line, *, silence: float = SILENCE, grace: float = GRACE, beside: float = BESIDE) -> None:
        """`silence` is how many seconds a stream may be still, `grace` those in which a second wish to end is heard.

        `beside` is how many seconds a stream is believed without a look at the status.
        """
        self._line = line
        self._silence = silence
        self._grace = grace
        self._beside = beside
        self._typical = Typical()
        self._streams = True

    async def follow(self, ticket: Ticket, desk: Desk) -> End:
        """Return when it has ended, or when the run is to end and it can be left there.

        A second wish to end cancels it where it still waits in the queue. Raises CallFailed where the service can't be
        reached for long, Refused where it refuses to say.
        """
        one = _Request(self._line, ticket, desk, self._silence)
        task = asyncio.create_task(self._to_end(one))
        leaving = asyncio.create_task(desk.leave.asked.wait())
        try:
            await _unless_given_up(asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED), desk)
            return task.result() if task.done() else await self._left(one, task)
        finally:
            await _given_up(task, leaving)

    async def knows(self, ticket: Ticket, desk: Desk) -> bool:
        """Whether the service knows anything of it. Raises as `follow` does."""
        return await _Request(self._line, ticket, desk, self._silence).look() is not None

    async def _left(self, one: _Request, task: asyncio.Task[End]) -> End:
        leave = one.desk.leave
        if one.phase is Phase.QUEUED and not leave.insisted.is_set():
            await _unless_given_up(asyncio.wait({task}, timeout=self._grace), one.desk)
        if task.done():
            return task.result()
        is_waiting = leave.insisted.is_set() and one.phase is Phase.QUEUED
        return await one.taken_back() if is_waiting else End.LEFT

    async def _to_end(self, one: _Request) -> End:
        clock = self._line.clock
        begun = clock.now()
        drops = odd = 0
        while True:
            now: StatusNow | None = None
            if self._streams and drops < DROPS:
                before = one.last
                now = await self._listen(one)
                drops = drops + 1 if one.last == before and not one.lives else 0
            elif one.last is not None or begun - one.ticket.begun_at < SILENCE:
                # (What an earlier run sent may be done: it is looked at once before anything is waited for.)
                typical = await self._typical.of(one.ticket.endpoint, one.desk)
                await clock.sleep(next_look(max(clock.now() - one.ticket.begun_at, 0.0), typical))
            now = now or await one.look()
            if now is None:
                return End.GONE
            odd = odd + 1 if now.phase is Phase.ODD else 0
            if odd == ODD_LOOKS:
                # A word that nobody knows may be one for its end: its result says so.
                return End.COMPLETED
            if now.phase is Phase.COMPLETED:
                # A request of an earlier run tells nothing by the clock; the model's own time leaves out the queue.
                took = now.seconds if begun - one.ticket.begun_at > SILENCE else clock.now() - one.ticket.begun_at
                if took is not None:
                    await self._typical.learn(one.ticket.endpoint, took, one.desk)
                return End.COMPLETED

    async def _listen(self, one: _Request) -> StatusNow | None:
        """The last status, once it has ended; None where the stream ended first, or is to be checked by a look."""
        one.lives = False
        try:
            async with asyncio.timeout(self._beside), aclosing(one.events()) as events:
                async for now in events:
                    if now.phase is Phase.COMPLETED:
                        await _run_out(events)
                        return now
        except _NoStream:
            # Perhaps the request is gone; if it is not, this service has no streams.
            found = await one.look()
            self._streams = found is None
            return found
        except TimeoutError:
            one.lives = True
            return None
        except (Broken, Declined, httpx.RequestError, SSEError):
            pass
        await self._line.clock.sleep(PATIENCE.wait(0, self._line.clock))
        return None


class _NoStream(Exception):
    """The service has no status stream."""


class _Request:
    """One request at the service, and what was last heard of it."""

    def __init__(self, line: Line, ticket: Ticket, desk: Desk, silence: float) -> None:
        self._line = line
        self._timeout = httpx.Timeout(silence, connect=CONNECT_SECONDS)
        self.ticket = ticket
        self.desk = desk
        self.phase = Phase.QUEUED
        self.last: StatusNow | None = None
        self.lives = False
        """Whether its stream was still alive when it was left for a look."""
        self._odd = 0
        self._url = line.url(ticket, "status")

    async def events(self) -> AsyncGenerator[StatusNow]:
        """The statuses that the stream brings. Raises _NoStream, Broken, Declined, and httpx's own on the way."""
        url = f"{self._url}/stream"
        async with self._line.wire.stream("GET", url, params={"logs": "1"}, timeout=self._timeout) as response:
            if response.status_code != 200 or "event-stream" not in response.headers.get("Content-Type", ""):
                raise _NoStream
            async for event in EventSource(bounded(response)).aiter_sse():
                with contextlib.suppress(ValueError, RecursionError):
                    yield self._told(status_of(json.loads(event.data)))

    async def look(self, patience: Patience = PATIENCE) -> StatusNow | None:
        """Its status now; None where the service knows nothing of it. Raises CallFailed and Refused."""

        async def once() -> httpx.Response:
            response = await self._line.ask(self._url, {"logs": "1"})
            # A failure of the request would be told as a status: any other answer is about the asking.
            told, status = read(response), response.status_code
            is_status = status < 300 and isinstance(told, Mapping) and isinstance(told.get("status"), str)
            is_refused = 400 <= status < 500 and is_verdict(status, response.headers, told)
            self._odd = self._odd + 1 if status < 400 and not is_status else 0
            if self._odd == ODD_LOOKS:
                raise CallFailed([trouble("status_unreadable", endpoint=self.ticket.endpoint)], cost_usd=None)
            if not (is_status or is_refused):
                raise Declined(response)
            return response

        response = await insist(once, patience=patience, clock=self._line.clock, what=self.ticket.endpoint)
        if response.status_code in (404, 410):
            return None
        if response.status_code >= 400:
            raise fault_of(response.status_code, response.headers, read(response), endpoint=self.ticket.endpoint).error(
                cost_usd=None
            )
        return self._told(status_of(read(response)))

    async def taken_back(self) -> End:
        """Take it out of the queue. What began to run meanwhile is left there, what is done is to be collected."""
        try:
            if not await self._cancel():
                return End.LEFT
            now = await self.look(BRIEFLY)
        except NanoBananaError:
            return End.LEFT
        if now is None or now.phase is Phase.QUEUED:
            return End.CANCELLED
        return End.COMPLETED if now.phase is Phase.COMPLETED else End.LEFT

    async def _cancel(self) -> bool:
        """Whether the service says that it will. Raises CallFailed where it says nothing."""
        url = self._line.url(self.ticket, "cancel")

        async def once() -> httpx.Response:
            return await self._line.wire.put(url)

        response = await insist(once, patience=BRIEFLY, clock=self._line.clock, what=self.ticket.endpoint)
        return response.status_code < 300

    def _told(self, now: StatusNow) -> StatusNow:
        self.last = now
        if now.phase is not Phase.ODD:
            self.phase = now.phase
            self.desk.tell(phase=str(now.phase), position=now.position, log=now.log)
        return now


async def _run_out(events: AsyncIterator[StatusNow]) -> None:
    """Hear a stream out that has said all: a connection that is left in the middle of an answer can't be used again."""
    with contextlib.suppress(TimeoutError, Broken, httpx.RequestError, SSEError):
        async with asyncio.timeout(LAST_WORDS):
            async for _ in events:
                pass


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

"""Follow an accepted request to its end, by status stream or by polling.

Polls come around the time that the endpoint usually takes, which is learnt from earlier requests.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Mapping
from contextlib import aclosing
from enum import Enum, StrEnum

import httpx
from httpx_sse import EventSource, SSEError
from msgspec import Struct

from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import CallFailed, NanoBananaError, problem
from nano_banana.model.provider_protocol import CallContext
from nano_banana.model.ticket import Ticket
from nano_banana.providers.fal.fal_errors import is_fal_answer
from nano_banana.providers.fal.fal_session import FalSession
from nano_banana.providers.fal.http_client import (
    CONNECT_SECONDS,
    NoResponse,
    RetryLater,
    bounded_stream,
    error_in,
    json_or_text,
    retry,
)
from nano_banana.providers.fal.timing import Backoff, cancel_all


class RequestPhase(StrEnum):
    """fal's three statuses, and any other that it may add."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    ODD = "odd"


_PHASES = {"IN_QUEUE": RequestPhase.QUEUED, "IN_PROGRESS": RequestPhase.RUNNING, "COMPLETED": RequestPhase.COMPLETED}


class RequestStatus(Struct, frozen=True, kw_only=True):
    """A status. `position` is the number of requests ahead; `log` is the last line, or empty.

    `seconds` is the model's own run time (None: unknown).
    """

    phase: RequestPhase
    position: int | None = None
    log: str = ""
    seconds: float | None = None


def parse_status(told: JSONValue) -> RequestStatus:
    """Parse a status object; missing or malformed keys are ignored."""
    data = told if isinstance(told, Mapping) else {}
    position, logs, metrics = (data.get(key) for key in ("queue_position", "logs", "metrics"))
    last = logs[-1] if isinstance(logs, list) and logs else None
    text = last.get("message") if isinstance(last, Mapping) else last
    took = metrics.get("inference_time") if isinstance(metrics, Mapping) else None
    is_time = isinstance(took, int | float) and not isinstance(took, bool) and math.isfinite(took) and took >= 0
    return RequestStatus(
        phase=_PHASES.get(str(data.get("status")), RequestPhase.ODD),
        position=position if isinstance(position, int) and not isinstance(position, bool) else None,
        log=" ".join(str(text or "").split()),
        seconds=float(took) if isinstance(took, int | float) and is_time else None,
    )


AVERAGE_WEIGHT = 0.3
"""Weight of the newest duration in the moving average."""

REWRITE_DRIFT = 0.2
"""Relative change of the average after which it is saved again."""

FIRST, MOST = 0.5, 10.0
"""Seconds between polls of an endpoint of unknown duration: at first, and at most."""


MIN_POLL = 0.05
"""Least seconds between polls."""


class DurationEstimator:
    """Typical and longest seconds from acceptance to completion, by endpoint; kept between runs."""

    def __init__(self) -> None:
        self._known: dict[str, float | None] = {}
        self._longest: dict[str, float | None] = {}
        self._written: dict[str, float] = {}

    async def of(self, endpoint: str, context: CallContext) -> float | None:
        """The typical duration; None if unknown."""
        if endpoint not in self._known:
            text = await context.read_note(_note_name(endpoint))
            self._known[endpoint] = self._written[endpoint] = float(text) if text else 0.0
        return self._known[endpoint] or None

    async def longest(self, endpoint: str, context: CallContext) -> float | None:
        """The longest duration so far, including the queue; None if unknown."""
        if endpoint not in self._longest:
            text = await context.read_note(f"longest/{endpoint}")
            self._longest[endpoint] = float(text) if text else None
        return self._longest[endpoint]

    async def learn(self, endpoint: str, seconds: float, context: CallContext) -> None:
        """Add a duration."""
        if seconds > (await self.longest(endpoint, context) or 0.0) * (1 + REWRITE_DRIFT / 2):
            self._longest[endpoint] = seconds
            await context.write_note(f"longest/{endpoint}", f"{seconds:.3f}")
        old = await self.of(endpoint, context)
        new = seconds if old is None else old + AVERAGE_WEIGHT * (seconds - old)
        self._known[endpoint] = new
        if abs(new - self._written[endpoint]) > REWRITE_DRIFT * self._written[endpoint]:
            self._written[endpoint] = new
            await context.write_note(_note_name(endpoint), f"{new:.3f}")


def next_poll_delay(elapsed: float, typical: float | None) -> float:
    """Seconds until the next poll of a request that is `elapsed` seconds old.

    No polls while it can't be done; around the typical time one per 3 % of it (at most 2 s); then ever fewer.
    """
    if typical is None:
        return min(max(FIRST, elapsed * 0.25), MOST)
    if elapsed < 0.9 * typical:
        return min(max(MIN_POLL, 0.9 * typical - elapsed), 60.0)
    if elapsed < 2 * typical:
        return min(max(2 * MIN_POLL, 0.03 * typical), 2.0)
    return min(max(FIRST, (elapsed - typical) * 0.25), MOST)


def _note_name(endpoint: str) -> str:
    return f"typical/{endpoint}"


STREAM_SILENCE = 30.0
"""Seconds of silence after which a stream counts as dead."""

STREAM_RECHECK = 60.0
"""Seconds after which the status is polled beside a live stream: some never report the end."""

MAX_ODD_POLLS = 5
"""Polls in a row without a usable answer, after which polling ends."""

MAX_STREAM_DROPS = 3
"""Streams in a row that may end without news before a request is only polled."""

CANCEL_GRACE = 2.0
"""Seconds in which a second Ctrl-C still cancels queued requests."""

STREAM_DRAIN = 0.25
"""Seconds that a stream may take to end after it reported the request's end."""

POLL_BACKOFF = Backoff(first=0.5, longest=15.0, total=600.0)
CANCEL_BACKOFF = Backoff(total=5.0)
"""Short: the user pressed Ctrl-C twice."""


class FollowOutcome(Enum):
    """How following ended."""

    COMPLETED = "completed"
    GONE = "gone"
    """The service doesn't know the request."""
    LEFT = "left"
    CANCELLED = "cancelled"


class RequestFollower:
    """Follows requests by their ids."""

    def __init__(
        self,
        session: FalSession,
        *,
        silence: float = STREAM_SILENCE,
        grace: float = CANCEL_GRACE,
        beside: float = STREAM_RECHECK,
    ) -> None:
        """`silence` is how many seconds a stream may be silent, `grace` how long a second Ctrl-C is waited for.

        `beside` is the seconds between polls beside a stream.
        """
        self._session = session
        self._silence = silence
        self._grace = grace
        self._beside = beside
        self._typical = DurationEstimator()
        self._streams = True

    async def follow(self, ticket: Ticket, context: CallContext) -> FollowOutcome:
        """Return when the request has ended, or when the run stops and it can be left there.

        A second Ctrl-C cancels it if it is still queued. Raises CallFailed if the service can't be reached for long,
        Refused if it refuses to answer.
        """
        one = _FollowedRequest(self._session, ticket, context, self._silence)
        task = asyncio.create_task(self._to_end(one))
        leaving = asyncio.create_task(context.shutdown.requested.wait())
        try:
            await _wait_unless_aborted(asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED), context)
            return task.result() if task.done() else await self._left(one, task)
        finally:
            await cancel_all(task, leaving)

    async def knows(self, ticket: Ticket, context: CallContext) -> bool:
        """Whether the service knows the request. Raises as `follow` does."""
        return await _FollowedRequest(self._session, ticket, context, self._silence).look() is not None

    async def _left(self, one: _FollowedRequest, task: asyncio.Task[FollowOutcome]) -> FollowOutcome:
        shutdown = one.context.shutdown
        if one.phase is RequestPhase.QUEUED and not shutdown.forced.is_set():
            await _wait_unless_aborted(asyncio.wait({task}, timeout=self._grace), one.context)
        if task.done():
            return task.result()
        is_waiting = shutdown.forced.is_set() and one.phase is RequestPhase.QUEUED
        return await one.taken_back() if is_waiting else FollowOutcome.LEFT

    async def _to_end(self, one: _FollowedRequest) -> FollowOutcome:
        clock = self._session.clock
        begun = clock.now()
        drops = odd = 0
        while True:
            now: RequestStatus | None = None
            if self._streams and drops < MAX_STREAM_DROPS:
                before = one.last
                now = await self._listen(one)
                drops = drops + 1 if one.last == before and not one.lives else 0
            elif one.last is not None or begun - one.ticket.begun_at < STREAM_SILENCE:
                # (What an earlier run sent may be done: it is looked at once before anything is waited for.)
                typical = await self._typical.of(one.ticket.endpoint, one.context)
                await clock.sleep(next_poll_delay(max(clock.now() - one.ticket.begun_at, 0.0), typical))
            now = now or await one.look()
            if now is None:
                return FollowOutcome.GONE
            odd = odd + 1 if now.phase is RequestPhase.ODD else 0
            if odd == MAX_ODD_POLLS:
                # A word that nobody knows may be one for its end: its result says so.
                return FollowOutcome.COMPLETED
            if now.phase is RequestPhase.COMPLETED:
                # A request of an earlier run tells nothing by the clock; the model's own time leaves out the queue.
                took = (
                    now.seconds if begun - one.ticket.begun_at > STREAM_SILENCE else clock.now() - one.ticket.begun_at
                )
                if took is not None:
                    await self._typical.learn(one.ticket.endpoint, took, one.context)
                return FollowOutcome.COMPLETED

    async def _listen(self, one: _FollowedRequest) -> RequestStatus | None:
        """The last status once it has ended; None if the stream ended first, or a poll is due."""
        one.lives = False
        try:
            async with asyncio.timeout(self._beside), aclosing(one.events()) as events:
                async for now in events:
                    if now.phase is RequestPhase.COMPLETED:
                        await _drain(events)
                        return now
        except _NoStream:
            # Perhaps the request is gone; if it is not, this service has no streams.
            found = await one.look()
            self._streams = found is None
            return found
        except TimeoutError:
            one.lives = True
            return None
        except (NoResponse, RetryLater, httpx.RequestError, SSEError):
            pass
        await self._session.clock.sleep(POLL_BACKOFF.delay(0, self._session.clock))
        return None


class _NoStream(Exception):
    """The service has no status stream."""


class _FollowedRequest:
    """A request at the service, and its last known status."""

    def __init__(self, session: FalSession, ticket: Ticket, context: CallContext, silence: float) -> None:
        self._session = session
        self._timeout = httpx.Timeout(silence, connect=CONNECT_SECONDS)
        self.ticket = ticket
        self.context = context
        self.phase = RequestPhase.QUEUED
        self.last: RequestStatus | None = None
        self.lives = False
        """Whether its stream was still alive when it was left for a poll."""
        self._odd = 0
        self._url = session.url(ticket, "status")

    async def events(self) -> AsyncGenerator[RequestStatus]:
        """The statuses of the stream. Raises _NoStream, NoResponse, RetryLater and httpx's errors."""
        url = f"{self._url}/stream"
        async with self._session.http.stream("GET", url, params={"logs": "1"}, timeout=self._timeout) as response:
            if response.status_code != 200 or "event-stream" not in response.headers.get("Content-Type", ""):
                raise _NoStream
            async for event in EventSource(bounded_stream(response)).aiter_sse():
                with contextlib.suppress(ValueError, RecursionError):
                    yield self._told(parse_status(json.loads(event.data)))

    async def look(self, backoff: Backoff = POLL_BACKOFF) -> RequestStatus | None:
        """Its status now; None if the service doesn't know it. Raises CallFailed and Refused."""

        async def once() -> httpx.Response:
            response = await self._session.get_once(self._url, {"logs": "1"})
            # A failure of the request would be told as a status: any other answer is about the asking.
            told, status = json_or_text(response), response.status_code
            is_status = status < 300 and isinstance(told, Mapping) and isinstance(told.get("status"), str)
            is_refused = 400 <= status < 500 and is_fal_answer(status, response.headers, told)
            self._odd = self._odd + 1 if status < 400 and not is_status else 0
            if self._odd == MAX_ODD_POLLS:
                raise CallFailed([problem("status_unreadable", endpoint=self.ticket.endpoint)], cost_usd=None)
            if not (is_status or is_refused):
                raise RetryLater(response)
            return response

        response = await retry(once, backoff=backoff, clock=self._session.clock, what=self.ticket.endpoint)
        if response.status_code in (404, 410):
            return None
        if response.status_code >= 400:
            raise error_in(response, self.ticket.endpoint).error(cost_usd=None)
        return self._told(parse_status(json_or_text(response)))

    async def taken_back(self) -> FollowOutcome:
        """Cancel it. If it runs by now, it is left there; if it is done, it is collected."""
        try:
            if not await self._cancel():
                return FollowOutcome.LEFT
            now = await self.look(CANCEL_BACKOFF)
        except NanoBananaError:
            return FollowOutcome.LEFT
        if now is None or now.phase is RequestPhase.QUEUED:
            return FollowOutcome.CANCELLED
        return FollowOutcome.COMPLETED if now.phase is RequestPhase.COMPLETED else FollowOutcome.LEFT

    async def _cancel(self) -> bool:
        """Whether the service accepts the cancellation. Raises CallFailed without an answer."""
        url, http = self._session.url(self.ticket, "cancel"), self._session.http
        put = retry(lambda: http.put(url), backoff=CANCEL_BACKOFF, clock=self._session.clock, what=self.ticket.endpoint)
        return (await put).status_code < 300

    def _told(self, now: RequestStatus) -> RequestStatus:
        self.last = now
        if now.phase is not RequestPhase.ODD:
            self.phase = now.phase
            self.context.report_progress(phase=str(now.phase), position=now.position, log=now.log)
        return now


async def _drain(events: AsyncIterator[RequestStatus]) -> None:
    """Read a finished stream to its end, since a connection with an unread answer can't be reused."""
    with contextlib.suppress(TimeoutError, NoResponse, httpx.RequestError, SSEError):
        async with asyncio.timeout(STREAM_DRAIN):
            async for _ in events:
                pass


async def _wait_unless_aborted(waiting: Coroutine[None, None, object], context: CallContext) -> None:
    """Wait; if the run is aborted meanwhile, return at once, so that requests can be cancelled."""
    try:
        await waiting
    except asyncio.CancelledError:
        if not context.shutdown.forced.is_set():
            raise

"""The clock, the rate limit, waits that end with the run, and dates.

Time and chance are parameters: a test's clock replaces the real one. Dates are as fal and HTTP write them.
"""

from __future__ import annotations

import asyncio
import email.utils
import random
import time
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Protocol

from msgspec import Struct

from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import Stopped, problem
from nano_banana.model.provider_protocol import ShutdownSignal


class Cancellable(Awaitable[object], Protocol):
    """A task or future."""

    def cancel(self) -> bool:
        """Cancel it."""


class Clock:
    """The real clock, random numbers and sleep; tests replace all three."""

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def random(self) -> float:
        """A random number from 0 to 1."""
        return random.random()  # noqa: S311 - spreads waits, hides nothing

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class Backoff(Struct, frozen=True, kw_only=True):
    """When to retry: waits double from `first` to `longest` seconds.

    Retries end after `total` seconds or `tries` retries.
    """

    first: float = 0.25
    longest: float = 10.0
    total: float = 60.0
    tries: int | None = None

    def delay(self, turn: int, clock: Clock) -> float:
        """The wait before the next try, `turn` counting from 0: full jitter, anything from 0 to the bound.

        See "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
        """
        return clock.random() * float(min(self.longest, self.first * 2**turn))


class Attempts:
    """Counts the tries of one operation, and gives the waits between them."""

    def __init__(self, backoff: Backoff, clock: Clock) -> None:
        self._backoff = backoff
        self._clock = clock
        self._over = clock.now() + backoff.total
        self._turn = 0

    def next_wait(self, at_least: float = 0.0, *, counts_as: int = 1) -> float | None:
        """Seconds until the next try; None if the time or the tries are used up.

        `at_least` is what the service asks for. A failed try that took long may count as several.
        """
        self._turn += counts_as - 1
        if self._backoff.tries is not None and self._turn >= self._backoff.tries:
            return None
        wait = max(self._backoff.delay(self._turn, self._clock), at_least)
        self._turn += 1
        return None if self._clock.now() + wait > self._over else wait


class RateLimiter:
    """Evenly spaced turns; unused ones are lost."""

    def __init__(self, per_second: float | None, clock: Clock) -> None:
        """None: no limit."""
        self._gap = None if per_second is None else 1 / per_second
        self._clock = clock
        self._next = 0.0

    async def wait(self) -> None:
        """Return when it is the caller's turn, in the order of the calls."""
        if self._gap is None:
            return
        now = self._clock.now()
        mine = max(self._next, now)
        self._next = mine + self._gap
        if mine > now:
            await self._clock.sleep(mine - now)


async def pause(seconds: float, *, clock: Clock, shutdown: ShutdownSignal) -> None:
    """Wait. Raises Stopped as soon as the run stops."""
    waiting = asyncio.ensure_future(clock.sleep(seconds))
    asked = asyncio.ensure_future(shutdown.requested.wait())
    try:
        await asyncio.wait({waiting, asked}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cancel_all(waiting, asked)
    raise_if_stopping(shutdown)


async def cancel_all(*tasks: Cancellable) -> None:
    """Cancel the tasks and wait for their end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def raise_if_stopping(shutdown: ShutdownSignal) -> None:
    """Raise Stopped if the run stops."""
    if shutdown.requested.is_set():
        raise stopped_error()


def stopped_error() -> Stopped:
    """The error when the run stops; requests were left at the service, or cancelled."""
    return Stopped([problem("interrupted")])


@asynccontextmanager
async def stopping_within(shutdown: ShutdownSignal, *, seconds: float) -> AsyncGenerator[None]:
    """Give the block this many seconds to end once the run stops; then raise Stopped."""
    bound = asyncio.timeout(None)
    try:
        async with bound:
            watching = asyncio.create_task(_reschedule_on_stop(bound, shutdown, seconds))
            try:
                yield
            finally:
                await cancel_all(watching)
    except TimeoutError as error:
        if not bound.expired():
            raise
        raise stopped_error() from error


async def _reschedule_on_stop(bound: asyncio.Timeout, shutdown: ShutdownSignal, seconds: float) -> None:
    await shutdown.requested.wait()
    bound.reschedule(asyncio.get_running_loop().time() + seconds)


def format_timestamp(seconds: float) -> str:
    """`2026-08-01T12:00:00.250Z`, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_timestamp(text: JSONValue) -> float | None:
    """Seconds since 1970; None if it isn't a timestamp. Without a time zone it is UTC."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def parse_http_date(text: str) -> float | None:
    """Seconds since 1970 of a date in a header; None if it isn't a date."""
    try:
        at = email.utils.parsedate_to_datetime(text)
        # A date may leave its zone open (`-0000`); those of HTTP are in UTC.
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None

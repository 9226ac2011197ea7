"""The clock, the rate limit, waits that end with the run, and dates.

Time and chance are parameters: a test's clock replaces the real one. Dates are as fal and HTTP write them.
"""

from __future__ import annotations

import asyncio
import email.utils
import random
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import Stopped, problem
from nano_banana.model.provider_protocol import ShutdownSignal


class Clock:
    """The real ones; a test's clock replaces all three."""

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def chance(self) -> float:
        """A number from 0 to 1, evenly spread."""
        return random.random()  # noqa: S311 - spreads waits, hides nothing

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class RateLimiter:
    """Turns, evenly spaced; what was not used is not made up for."""

    def __init__(self, per_second: float | None, clock: Clock) -> None:
        """None: no bound."""
        self._gap = None if per_second is None else 1 / per_second
        self._clock = clock
        self._next = 0.0

    async def turn(self) -> None:
        """Return when it is the caller's turn; who asks first goes first."""
        if self._gap is None:
            return
        now = self._clock.now()
        mine = max(self._next, now)
        self._next = mine + self._gap
        if mine > now:
            await self._clock.sleep(mine - now)


async def pause(seconds: float, *, clock: Clock, shutdown: ShutdownSignal) -> None:
    """Wait. Raises Stopped as soon as the run is to end."""
    waiting = asyncio.ensure_future(clock.sleep(seconds))
    asked = asyncio.ensure_future(shutdown.requested.wait())
    try:
        await asyncio.wait({waiting, asked}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        asked.cancel()
        await asyncio.gather(waiting, asked, return_exceptions=True)
    raise_if_stopping(shutdown)


def raise_if_stopping(shutdown: ShutdownSignal) -> None:
    """Raise Stopped where the run is to end."""
    if shutdown.requested.is_set():
        raise stopped_error()


def stopped_error() -> Stopped:
    """What is at the service was left there, or taken back."""
    return Stopped([problem("interrupted")])


@asynccontextmanager
async def stopping_within(shutdown: ShutdownSignal, *, seconds: float) -> AsyncGenerator[None]:
    """What is under way in the block may end within so many seconds once the run is to end. Raises Stopped after."""
    bound = asyncio.timeout(None)
    try:
        async with bound:
            watching = asyncio.create_task(_reschedule_on_stop(bound, shutdown, seconds))
            try:
                yield
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
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
    """Seconds since 1970; None for what is no moment. One without a zone is in UTC."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def parse_http_date(text: str) -> float | None:
    """Seconds since 1970 of a date in a header; None for what is no date."""
    try:
        at = email.utils.parsedate_to_datetime(text)
        # A date may leave its zone open (`-0000`); those of HTTP are in UTC.
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None

"""Waits that end, at once or soon, where the run is to end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from nano_banana.core.errors import Stopped, trouble
from nano_banana.core.leave import Leave
from nano_banana.providers.fal.clock import Clock


async def pause(seconds: float, *, clock: Clock, leave: Leave) -> None:
    """Wait. Raises Stopped as soon as the run is to end."""
    waiting = asyncio.ensure_future(clock.sleep(seconds))
    asked = asyncio.ensure_future(leave.asked.wait())
    try:
        await asyncio.wait({waiting, asked}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        asked.cancel()
        await asyncio.gather(waiting, asked, return_exceptions=True)
    stay(leave)


def stay(leave: Leave) -> None:
    """Raise Stopped where the run is to end."""
    if leave.asked.is_set():
        raise stopped()


def stopped() -> Stopped:
    """What is at the service was left there, or taken back."""
    return Stopped([trouble("interrupted")])


@asynccontextmanager
async def ending(leave: Leave, *, seconds: float) -> AsyncGenerator[None]:
    """What is under way in the block may end within so many seconds once the run is to end. Raises Stopped after."""
    bound = asyncio.timeout(None)
    try:
        async with bound:
            watching = asyncio.create_task(_bounded(bound, leave, seconds))
            try:
                yield
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
    except TimeoutError as error:
        if not bound.expired():
            raise
        raise stopped() from error


async def _bounded(bound: asyncio.Timeout, leave: Leave, seconds: float) -> None:
    await leave.asked.wait()
    bound.reschedule(asyncio.get_running_loop().time() + seconds)

"""Requests go out evenly, on the test clock; waits end with the run."""

from __future__ import annotations

import asyncio
import time

import pytest

from nano_banana.model.problem import Stopped
from nano_banana.model.provider_protocol import ShutdownSignal
from nano_banana.providers.fal.fal_config import FalConfig
from nano_banana.providers.fal.timing import Clock, RateLimiter, pause, raise_if_stopping
from tests.providers.fal.clock import QuickClock


class Standing(QuickClock):
    """Its time only moves where the test says so."""

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


def turns(pace: RateLimiter, count: int) -> None:
    async def story() -> None:
        await asyncio.gather(*(pace.wait() for _ in range(count)))

    asyncio.run(story())


def test_who_asks_together_goes_one_after_another() -> None:
    clock = Standing()
    turns(RateLimiter(0.5, clock), 4)
    assert clock.slept == [2.0, 4.0, 6.0]


def test_what_was_not_used_is_not_made_up_for() -> None:
    clock = Standing()
    pace = RateLimiter(10, clock)
    for _ in range(2):
        clock.slept.clear()
        turns(pace, 4)
        assert clock.slept == pytest.approx([0.1, 0.2, 0.3], abs=1e-5)
        clock.at += 3600


def test_in_the_long_run_the_rate_is_kept() -> None:
    clock = QuickClock()
    begun, pace = clock.at, RateLimiter(4, clock)

    async def story() -> None:
        for _ in range(100):
            await pace.wait()

    asyncio.run(story())
    assert clock.at - begun == pytest.approx(99 / 4)


def test_without_a_bound_nobody_waits() -> None:
    clock = QuickClock()
    turns(RateLimiter(None, clock), 50)
    assert clock.slept == []


def test_the_real_clock_tells_the_time_and_throws_dice() -> None:
    clock, before = Clock(), time.time()
    asyncio.run(clock.sleep(0))
    assert before <= clock.now() <= time.time()
    throws = {clock.random() for _ in range(20)}
    assert len(throws) > 1
    assert all(0 <= throw < 1 for throw in throws)


def test_a_wait_ends_at_once_where_the_run_is_to_end() -> None:
    async def story() -> None:
        shutdown = ShutdownSignal()
        raise_if_stopping(shutdown)
        await pause(0.0, clock=Clock(), shutdown=shutdown)
        asyncio.get_running_loop().call_later(0.01, shutdown.requested.set)
        with pytest.raises(Stopped):
            await pause(60.0, clock=Clock(), shutdown=shutdown)
        with pytest.raises(Stopped):
            raise_if_stopping(shutdown)
        assert len(asyncio.all_tasks()) == 2  # and the one that waits for us

    asyncio.run(asyncio.wait_for(story(), 5))


def test_the_key_is_in_no_description() -> None:
    assert "secret" not in repr(FalConfig(key=lambda: "id:secret", base="https://x"))

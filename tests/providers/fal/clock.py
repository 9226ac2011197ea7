"""A clock whose waits take no time."""

from __future__ import annotations

import asyncio

from nano_banana.providers.fal.timing import Clock


class QuickClock(Clock):
    """`sleep` returns at once (other tasks have their turn) and moves the time on."""

    def __init__(self, at: float = 1_700_000_000.0, chance: float = 0.5) -> None:
        """`at` is now, `chance` what every throw of the dice gives."""
        self.at = at
        self.fixed_chance = chance
        self.slept: list[float] = []
        """Every wait, in seconds, in order."""

    def now(self) -> float:
        """Seconds since 1970."""
        return self.at

    def random(self) -> float:
        """The same each time."""
        return self.fixed_chance

    async def sleep(self, seconds: float) -> None:
        """Note it, move on."""
        self.slept.append(seconds)
        self.at += seconds
        await asyncio.sleep(0)

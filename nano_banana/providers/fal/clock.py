"""Time and chance as parameters, so that waits can be tested."""

from __future__ import annotations

import asyncio
import random
import time


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

"""How many requests a second may go out: each waits for its turn."""

from __future__ import annotations

from nano_banana.providers.fal.clock import Clock


class Pace:
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

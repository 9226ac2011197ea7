"""How many requests a second may go out: each waits for its turn."""

from __future__ import annotations

from nano_banana.providers.fal.clock import Clock


class Pace:
    """Turns, evenly spaced; what was not used for up to a second may be used at once."""

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
        mine = self._next = max(self._next + self._gap, now - max(1.0 - self._gap, 0.0))
        if mine > now:
            await self._clock.sleep(mine - now)

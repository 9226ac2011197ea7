"""How long an endpoint usually takes, and when to look again."""

from __future__ import annotations

from nano_banana.core.answer import Desk

WEIGHT = 0.3
"""Of the newest duration in the moving average."""

DRIFT = 0.2
"""The part by which the average must have moved to be written down again."""

FIRST, MOST = 0.5, 10.0
"""Seconds between looks at an endpoint that nobody knows: at first, and at most."""


LEAST = 0.05
"""Seconds between looks, however near the end may be."""


class Typical:
    """Typical and longest seconds from acceptance to completion, by endpoint; kept between runs."""

    def __init__(self) -> None:
        self._known: dict[str, float | None] = {}
        self._longest: dict[str, float | None] = {}
        self._written: dict[str, float] = {}

    async def of(self, endpoint: str, desk: Desk) -> float | None:
        """What it usually takes, None where nobody knows."""
        if endpoint not in self._known:
            text = await desk.recall(_note(endpoint))
            self._known[endpoint] = self._written[endpoint] = float(text) if text else 0.0
        return self._known[endpoint] or None

    async def longest(self, endpoint: str, desk: Desk) -> float | None:
        """The longest that it was ever seen to take, queue and all; None where nobody knows."""
        if endpoint not in self._longest:
            text = await desk.recall(f"longest/{endpoint}")
            self._longest[endpoint] = float(text) if text else None
        return self._longest[endpoint]

    async def learn(self, endpoint: str, seconds: float, desk: Desk) -> None:
        """It took so long this time."""
        if seconds > (await self.longest(endpoint, desk) or 0.0) * (1 + DRIFT / 2):
            self._longest[endpoint] = seconds
            await desk.remember(f"longest/{endpoint}", f"{seconds:.3f}")
        old = await self.of(endpoint, desk)
        new = seconds if old is None else old + WEIGHT * (seconds - old)
        self._known[endpoint] = new
        if abs(new - self._written[endpoint]) > DRIFT * self._written[endpoint]:
            self._written[endpoint] = new
            await desk.remember(_note(endpoint), f"{new:.3f}")


def next_look(elapsed: float, typical: float | None) -> float:
    """Seconds to wait before the next look at a request that is `elapsed` seconds old.

    Nothing is asked while it can't be done; around the usual time every 3 % of it (at most 2 s); later, ever more
    seldom.
    """
    if typical is None:
        return min(max(FIRST, elapsed * 0.25), MOST)
    if elapsed < 0.9 * typical:
        return min(max(LEAST, 0.9 * typical - elapsed), 60.0)
    if elapsed < 2 * typical:
        return min(max(2 * LEAST, 0.03 * typical), 2.0)
    return min(max(FIRST, (elapsed - typical) * 0.25), MOST)


def _note(endpoint: str) -> str:
    return f"typical/{endpoint}"

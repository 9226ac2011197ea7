"""A call's place among those of its kind, to take and to give up."""

from __future__ import annotations

import asyncio


class Turn:
    """Places to wait for, one after the other; none at all for a call that waits for nothing."""

    def __init__(self, *places: asyncio.Semaphore) -> None:
        """The first lets a call be claimed, the last lets it be sent."""
        self._places = places
        self._held = 0

    async def take(self, most: int | None = None) -> None:
        """Wait for the first `most` places (None: all); those that are held already are not waited for."""
        for place in self._places[self._held : most]:
            await place.acquire()
            self._held += 1

    def give(self) -> None:
        """Let others have all places that are held."""
        while self._held:
            self._held -= 1
            self._places[self._held].release()

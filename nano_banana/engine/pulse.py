"""A run's heartbeat, for those who can't look at its process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from nano_banana.core.errors import NanoBananaError
from nano_banana.store.owner import STALE_AFTER, owner_id
from nano_banana.store.store import Store


@asynccontextmanager
async def pulse(store: Store, *, seconds: float = STALE_AFTER / 3) -> AsyncIterator[None]:
    """Beat every so many seconds while the block lasts, so that nobody takes this run's claims for a dead one's."""
    beating = asyncio.create_task(_beat(store, seconds))
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.wait([beating])


async def _beat(store: Store, seconds: float) -> None:
    owner = owner_id()
    while True:
        await asyncio.sleep(seconds)
        # A store that can't be written just now is heard of by whoever needs it next.
        with suppress(NanoBananaError):
            await asyncio.to_thread(store.claims.beat, owner=owner)

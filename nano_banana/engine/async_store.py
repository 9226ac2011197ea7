"""The store as the engine needs it: batched, in threads, with a heartbeat.

Many small requests become few transactions. A heartbeat keeps this run's claims alive for processes on other hosts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from nano_banana.model.call import Call, Reply
from nano_banana.model.problem import NanoBananaError
from nano_banana.model.provider_protocol import Answer
from nano_banana.model.ticket import Ticket
from nano_banana.store.claims import STALE_AFTER, owner_id
from nano_banana.store.local_store import Store
from nano_banana.store.reply_cache import RecordedCall

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Collects what is asked while a batch is under way, and asks for it together in the next.

    A batch that fails fails everybody in it.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Result]], *, gather: float = 0.0) -> None:
        """`work` answers a batch, in order; it runs in a thread, one batch at a time.

        A batch waits `gather` seconds for company: a trip to a thread and a transaction cost more than an item.
        """
        self._work = work
        self._gather = gather
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._task: asyncio.Task[None] | None = None

    def ask(self, item: Item) -> asyncio.Future[Result]:
        """Put an item into the next batch. It is answered even where nobody waits for it any more."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return future

    async def flush(self) -> None:
        """Wait until everything that was asked is answered. Raises nothing of what went wrong with it."""
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def _drain(self) -> None:
        while self._waiting:
            # At the least, everybody who is ready to ask now comes along: let them ask first.
            await asyncio.sleep(self._gather)
            batch, self._waiting = self._waiting, []
            try:
                results = await asyncio.to_thread(self._work, [item for item, _ in batch])
            except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
            else:
                for (_, future), result in zip(batch, results, strict=True):
                    if not future.done():
                        future.set_result(result)


GATHER_SECONDS = 0.004
"""Seconds; nothing beside a call's own time, and no slot waits for it (see `Answering`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimGranted:
    """A call that has no reply yet is ours to make; `ticket` is its last, where it was ever sent."""

    ticket: Ticket | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredCall:
    """A call, what its provider said, how many seconds that took, and the folders of files that come with it."""

    call: Call
    answer: Answer
    seconds: float
    folders: Sequence[Path] = ()


class AsyncStore:
    """Looks up, claims and records calls for one run; many at a time, each batch in one transaction."""

    def __init__(self, store: Store, run: str) -> None:
        """`run` is the id that replies are recorded under."""
        self._store = store
        self._run = run
        self._owner = owner_id()
        self._look = Batcher(self._looked)
        self._begin = Batcher(self._begun, gather=GATHER_SECONDS)
        self._keep = Batcher(self._kept, gather=GATHER_SECONDS)
        self._drop = Batcher(self._dropped)
        self._tickets = Batcher(self._ticketed)

    async def get(self, key: str) -> Reply | None:
        """The stored reply, if there is one."""
        return await self._look.ask(key)

    async def claim(self, key: str) -> Reply | ClaimGranted | None:
        """Claim a call; or its reply, where somebody has answered it by now; None where another process is at it."""
        return await self._begin.ask(key)

    async def record(self, answered: AnsweredCall) -> Reply:
        """Store an answer for good, which ends the claim. A run that is cancelled still keeps it."""
        kept = await asyncio.shield(self._keep.ask(answered))
        if isinstance(kept, NanoBananaError):
            raise kept
        return kept

    async def save_ticket(self, ticket: Ticket) -> Ticket:
        """Keep a ticket for good. A run that is cancelled still keeps it."""
        kept = await asyncio.shield(self._tickets.ask(ticket))
        if isinstance(kept, NanoBananaError):
            raise kept
        return kept

    async def release(self, key: str) -> None:
        """Give up a claim without an answer."""
        await asyncio.shield(self._drop.ask(key))

    async def flush(self) -> None:
        """Wait until everything that was given to keep or to let go is kept and let go of."""
        await self._keep.flush()
        await self._tickets.flush()
        await self._drop.flush()

    def _looked(self, keys: Sequence[str]) -> Sequence[Reply | None]:
        known = self._store.replies.get(keys)
        return [known.get(key) for key in keys]

    def _begun(self, keys: Sequence[str]) -> Sequence[Reply | ClaimGranted | None]:
        granted = self._store.claims.claim(keys, owner=self._owner)
        # Between our last look and the claim, another process may have answered and let go.
        known: Mapping[str, Reply] = self._store.replies.get(keys)
        if late := [key for key in granted if key in known]:
            self._store.claims.release(late, owner=self._owner)
        tickets = self._store.tickets.latest(granted)
        ours = {key: ClaimGranted(ticket=tickets.get(key)) for key in granted}
        return [known.get(key) or ours.get(key) for key in keys]

    def _kept(self, items: Sequence[AnsweredCall]) -> Sequence[Reply | NanoBananaError]:
        """An answer whose files can't be put (a full disk) is alone in that: the others were paid for, too."""
        kept = [self._put(item) for item in items]
        pairs = zip(items, kept, strict=True)
        entries = [
            RecordedCall(call=item.call, reply=put, run=self._run, ticket=item.answer.ticket)
            for item, put in pairs
            if isinstance(put, Reply)
        ]
        self._store.replies.record(entries)
        return kept

    def _ticketed(self, tickets: Sequence[Ticket]) -> Sequence[Ticket | NanoBananaError]:
        """All in one transaction; where one can't be kept, it is alone in that: the others are paid for, too."""
        try:
            return self._store.tickets.keep(tickets)
        except NanoBananaError as error:
            return [error] if len(tickets) == 1 else [kept for ticket in tickets for kept in self._ticketed([ticket])]

    def _dropped(self, keys: Sequence[str]) -> Sequence[None]:
        self._store.claims.release(keys, owner=self._owner)
        return [None] * len(keys)

    def _put(self, item: AnsweredCall) -> Reply | NanoBananaError:
        answer = item.answer
        put = self._store.blobs.put
        try:
            files = {place: put(payload.data, media=payload.media) for place, payload in answer.files.items()}
        except NanoBananaError as error:
            return error
        return Reply(data=answer.data, files=files, seconds=round(item.seconds, 3), cost_usd=answer.cost_usd)


@asynccontextmanager
async def heartbeat(store: Store, *, seconds: float = STALE_AFTER / 3) -> AsyncIterator[None]:
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

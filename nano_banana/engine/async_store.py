"""The store as the engine needs it: batched, in threads, with a heartbeat.

Many small requests become few transactions. A heartbeat keeps this run's claims alive for processes on other hosts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Generic, TypeVar

from msgspec import Struct

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
    """Collects items while one batch is being worked on, and works on them together in the next.

    If a batch fails, all its items fail; an item whose result is an exception fails alone.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Result | Exception]], *, gather: float = 0.0) -> None:
        """`work` maps a batch to results in the same order. It runs in a thread, one batch at a time.

        A batch waits `gather` seconds for more items, since a thread and a transaction cost more than an item.
        """
        self._work = work
        self._gather = gather
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._task: asyncio.Task[None] | None = None

    def ask(self, item: Item) -> asyncio.Future[Result]:
        """Put an item into the next batch. It is worked on even if the caller is cancelled."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return future

    async def flush(self) -> None:
        """Wait until all batches are done. Never raises their errors."""
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def _drain(self) -> None:
        while self._waiting:
            # Even with 0 seconds, tasks that are ready now get to add their items first.
            await asyncio.sleep(self._gather)
            batch, self._waiting = self._waiting, []
            try:
                results = await asyncio.to_thread(self._work, [item for item, _ in batch])
            except Exception as error:  # noqa: BLE001 - every waiter gets it
                results = [error] * len(batch)
            for (_, future), result in zip(batch, results, strict=True):
                if future.done():
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)


GATHER_SECONDS = 0.004
"""Seconds. Little beside a call's own time, and no slot is held meanwhile (see `CallResolver`)."""


class ClaimGranted(Struct, frozen=True, kw_only=True):
    """A call without a reply is ours to make; `ticket` is its last ticket, if it was ever sent."""

    ticket: Ticket | None = None


class AnsweredCall(Struct, frozen=True, kw_only=True):
    """A call, its answer, how many seconds that took, and the scratch folders with the answer's files."""

    call: Call
    answer: Answer
    seconds: float
    folders: Sequence[Path] = ()


class AsyncStore:
    """Looks up, claims and records the calls of one run, many in one transaction."""

    def __init__(self, store: Store, run: str) -> None:
        """`run` is the id under which replies are recorded."""
        self._store = store
        self._run = run
        self._owner = owner_id()
        self._gets: Batcher[str, Reply | None] = Batcher(self._get_all)
        self._claims: Batcher[str, Reply | ClaimGranted | None] = Batcher(self._claim_all, gather=GATHER_SECONDS)
        self._records: Batcher[AnsweredCall, Reply] = Batcher(self._record_all, gather=GATHER_SECONDS)
        self._releases: Batcher[str, None] = Batcher(self._release_all)
        self._tickets: Batcher[Ticket, Ticket] = Batcher(self._save_tickets)

    async def get(self, key: str) -> Reply | None:
        """The stored reply, if there is one."""
        return await self._gets.ask(key)

    async def claim(self, key: str) -> Reply | ClaimGranted | None:
        """Claim a call, or return its reply if it has one by now; None if another process has claimed it."""
        return await self._claims.ask(key)

    async def record(self, answered: AnsweredCall) -> Reply:
        """Store an answer for good, which ends the claim; also if the run is cancelled meanwhile."""
        return await asyncio.shield(self._records.ask(answered))

    async def save_ticket(self, ticket: Ticket) -> Ticket:
        """Save a ticket for good; also if the run is cancelled meanwhile."""
        return await asyncio.shield(self._tickets.ask(ticket))

    async def release(self, key: str) -> None:
        """Release a claim without an answer."""
        await asyncio.shield(self._releases.ask(key))

    async def flush(self) -> None:
        """Wait until all answers, tickets and releases are written."""
        for batcher in (self._records, self._tickets, self._releases):
            await batcher.flush()

    def _get_all(self, keys: Sequence[str]) -> Sequence[Reply | None]:
        known = self._store.replies.get(keys)
        return [known.get(key) for key in keys]

    def _claim_all(self, keys: Sequence[str]) -> Sequence[Reply | ClaimGranted | None]:
        granted = self._store.claims.claim(keys, owner=self._owner)
        # Between our look-up and the claim, another process may have answered and released it.
        known: Mapping[str, Reply] = self._store.replies.get(keys)
        if late := [key for key in granted if key in known]:
            self._store.claims.release(late, owner=self._owner)
        tickets = self._store.tickets.latest(granted)
        ours = {key: ClaimGranted(ticket=tickets.get(key)) for key in granted}
        return [known.get(key) or ours.get(key) for key in keys]

    def _record_all(self, items: Sequence[AnsweredCall]) -> Sequence[Reply | NanoBananaError]:
        """If one answer's files can't be stored (a full disk), only that one fails: the others were paid for, too."""
        kept = [self._put(item) for item in items]
        pairs = zip(items, kept, strict=True)
        entries = [
            RecordedCall(call=item.call, reply=put, run=self._run, ticket=item.answer.ticket)
            for item, put in pairs
            if isinstance(put, Reply)
        ]
        self._store.replies.record(entries)
        return kept

    def _save_tickets(self, tickets: Sequence[Ticket]) -> Sequence[Ticket | NanoBananaError]:
        """Save all in one transaction. If one can't be saved, only that one fails: the others are paid for, too."""
        try:
            return self._store.tickets.keep(tickets)
        except NanoBananaError as error:
            if len(tickets) == 1:
                return [error]
            return [kept for ticket in tickets for kept in self._save_tickets([ticket])]

    def _release_all(self, keys: Sequence[str]) -> Sequence[None]:
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
    """Send a heartbeat every few seconds during the block, so that other hosts know that this process lives."""
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
        # If the store can't be written now, the next call that needs it reports that.
        with suppress(NanoBananaError):
            await asyncio.to_thread(store.claims.beat, owner=owner)

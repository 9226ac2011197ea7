"""The store as the engine needs it: asked in batches, beside the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.answer import Answer
from nano_banana.core.call import Call
from nano_banana.core.errors import NanoBananaError
from nano_banana.core.reply import Reply
from nano_banana.core.ticket import Ticket
from nano_banana.engine.batching import Batcher
from nano_banana.store.owner import owner_id
from nano_banana.store.replies import Entry
from nano_banana.store.store import Store

GATHER = 0.004
"""Seconds; nothing beside a call's own time, and no slot waits for it (see `Answering`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A call that has no reply yet is ours to make; `ticket` is its last, where it was ever sent."""

    ticket: Ticket | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A call, what its provider said, how many seconds that took, and the folders of files that come with it."""

    call: Call
    answer: Answer
    seconds: float
    folders: Sequence[Path] = ()


class Keeper:
    """Looks up, claims and records calls for one run; many at a time, each batch in one transaction."""

    def __init__(self, store: Store, run: str) -> None:
        """`run` is the id that replies are recorded under."""
        self._store = store
        self._run = run
        self._owner = owner_id()
        self._look = Batcher(self._looked)
        self._begin = Batcher(self._begun, gather=GATHER)
        self._keep = Batcher(self._kept, gather=GATHER)
        self._drop = Batcher(self._dropped)
        self._tickets = Batcher(self._ticketed)

    async def look(self, key: str) -> Reply | None:
        """The stored reply, if there is one."""
        return await self._look.ask(key)

    async def begin(self, key: str) -> Reply | Granted | None:
        """Claim a call; or its reply, where somebody has answered it by now; None where another process is at it."""
        return await self._begin.ask(key)

    async def keep(self, answered: Answered) -> Reply:
        """Store an answer for good, which ends the claim. A run that is cancelled still keeps it."""
        kept = await asyncio.shield(self._keep.ask(answered))
        if isinstance(kept, NanoBananaError):
            raise kept
        return kept

    async def keep_ticket(self, ticket: Ticket) -> Ticket:
        """Keep a ticket for good. A run that is cancelled still keeps it."""
        kept = await asyncio.shield(self._tickets.ask(ticket))
        if isinstance(kept, NanoBananaError):
            raise kept
        return kept

    async def let_go(self, key: str) -> None:
        """Give up a claim without an answer."""
        await asyncio.shield(self._drop.ask(key))

    async def settle(self) -> None:
        """Wait until everything that was given to keep or to let go is kept and let go of."""
        await self._keep.settle()
        await self._tickets.settle()
        await self._drop.settle()

    def _looked(self, keys: Sequence[str]) -> Sequence[Reply | None]:
        known = self._store.replies(keys)
        return [known.get(key) for key in keys]

    def _begun(self, keys: Sequence[str]) -> Sequence[Reply | Granted | None]:
        granted = self._store.claims.claim(keys, owner=self._owner)
        # Between our last look and the claim, another process may have answered and let go.
        known: Mapping[str, Reply] = self._store.replies(keys)
        if late := [key for key in granted if key in known]:
            self._store.claims.release(late, owner=self._owner)
        tickets = self._store.tickets.latest(granted)
        ours = {key: Granted(ticket=tickets.get(key)) for key in granted}
        return [known.get(key) or ours.get(key) for key in keys]

    def _kept(self, items: Sequence[Answered]) -> Sequence[Reply | NanoBananaError]:
        """An answer whose files can't be put (a full disk) is alone in that: the others were paid for, too."""
        kept = [self._put(item) for item in items]
        pairs = zip(items, kept, strict=True)
        entries = [
            Entry(call=item.call, reply=put, run=self._run, ticket=item.answer.ticket)
            for item, put in pairs
            if isinstance(put, Reply)
        ]
        self._store.record(entries)
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

    def _put(self, item: Answered) -> Reply | NanoBananaError:
        answer = item.answer
        put = self._store.put
        try:
            files = {place: put(payload.data, media=payload.media) for place, payload in answer.files.items()}
        except NanoBananaError as error:
            return error
        return Reply(data=answer.data, files=files, seconds=round(item.seconds, 3), cost_usd=answer.cost_usd)

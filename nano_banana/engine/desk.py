"""What providers may ask of the house: bytes, tickets, uploads, notes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from nano_banana.core.blob import Blob
from nano_banana.core.call import Call
from nano_banana.core.errors import Unusable, trouble
from nano_banana.core.json import JSONValue
from nano_banana.core.leave import Leave
from nano_banana.core.lost import Lost, Resend
from nano_banana.core.news import News, Watcher
from nano_banana.core.problem import Problem
from nano_banana.core.ticket import Errand, Ticket
from nano_banana.core.upload import Upload
from nano_banana.engine.keeper import Keeper
from nano_banana.engine.scratch import Scratch
from nano_banana.engine.turn import Turn
from nano_banana.store.store import Store


class StoreDesk:
    """Finds a file with just the bytes that a call names."""

    def __init__(self, store: Store, files: Mapping[str, Path]) -> None:
        """`files` tells where the user's own bytes lie (digest → path)."""
        self.store = store
        self._files = files

    def path(self, blob: Blob) -> Path:
        """A readable file with these bytes.

        Raises Unusable where the user's file has changed since the plan was made, or a blob is gone.
        """
        own = self._files.get(blob.digest)
        if own is None:
            return self.store.path(blob)
        if self.store.digest(own, media=blob.media).digest != blob.digest:
            raise Unusable([trouble("file_changed", path=str(own))])
        return own

    def named(self, call: Call, problems: Iterable[Problem]) -> Iterator[Problem]:
        """The problems; one with an `input` of the call (`photos/3`) says the user's file that stands there."""
        for problem in problems:
            blob = call.inputs.get(str(problem.data.get("input")))
            own = None if blob is None else self._files.get(blob.digest)
            yield problem if own is None else replace(problem, data={**problem.data, "input": str(own)})


@dataclass(slots=True, kw_only=True)
class CallDesk:
    """The desk of one call while it is answered; see `core.answer.Desk`."""

    house: StoreDesk
    keeper: Keeper
    watch: Watcher
    scratches: Scratch
    errand: Errand
    estimate_usd: float | None
    buys: bool
    lost: Lost
    resend: Resend
    leave: Leave
    turn: Turn
    last: Ticket | None
    """The call's last ticket, as far as it is known; whoever keeps another changes it."""
    folders: list[Path] = field(default_factory=list)
    """Those that were made for this call."""

    def path(self, blob: Blob) -> Path:
        """See `StoreDesk.path`."""
        return self.house.path(blob)

    def scratch(self) -> Path:
        """A new, empty folder on the store's disk."""
        self.folders.append(self.scratches.make())
        return self.folders[-1]

    def tell(self, **data: JSONValue) -> None:
        """Pass on how far the call is."""
        self.watch(News(kind="progress", stage=self.errand.stage, node=self.errand.node, data=data))

    async def take_turn(self) -> None:
        """Wait for a place among the calls of its kind."""
        await self.turn.take()

    def give_turn(self) -> None:
        """Let another call have the place."""
        self.turn.give()

    async def ticket(self) -> Ticket | None:
        """The call's last ticket."""
        return self.last

    async def keep(self, ticket: Ticket) -> Ticket:
        """Keep a ticket for good."""
        self.last = await self.keeper.keep_ticket(ticket)
        return self.last

    async def requests(self, service: str, ids: list[str]) -> set[str]:
        """Request ids that tickets are known for."""
        return await asyncio.to_thread(self.house.store.tickets.requests, service, ids)

    async def upload(self, service: str, blob: Blob) -> Upload | None:
        """Where these bytes lie at the service."""
        found = await asyncio.to_thread(self.house.store.uploads.get, service, [blob.digest])
        return found.get(blob.digest)

    async def uploaded(self, upload: Upload) -> None:
        """Remember an upload."""
        await asyncio.to_thread(self.house.store.uploads.keep, [upload])

    async def recall(self, name: str) -> str | None:
        """Read a note."""
        return await asyncio.to_thread(self.house.store.notes, name)

    async def remember(self, name: str, text: str) -> None:
        """Write a note."""
        await asyncio.to_thread(self.house.store.note, name, text)

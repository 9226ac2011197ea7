"""Sends a call to its provider, within the budget and with a context.

The context gives the provider what it needs: input files, tickets, uploads, notes, scratch folders and a slot among the
calls of its kind.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from nano_banana.engine.async_store import AnsweredCall, AsyncStore
from nano_banana.engine.run_control import Budget, EnginePolicy
from nano_banana.formats.file_writing import copy_mode
from nano_banana.model.call import Blob, Call
from nano_banana.model.event import Event, EventHandler
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import CallFailed, Problem, Unusable, problem
from nano_banana.model.provider_protocol import Provider, ShutdownSignal
from nano_banana.model.ticket import Requester, ResendPolicy, Ticket, TicketState, UnknownRequestPolicy, Upload
from nano_banana.store.database import translate_errors
from nano_banana.store.local_store import Store


class CallSlot:
    """Semaphores to acquire in order; none for a call that needs no slot."""

    def __init__(self, *places: asyncio.Semaphore) -> None:
        """The first semaphore is for claiming a call, the last for sending it."""
        self._places = places
        self._held = 0

    async def acquire(self, count: int | None = None) -> None:
        """Acquire the first `count` semaphores (None: all) that are not held yet."""
        for place in self._places[self._held : count]:
            await place.acquire()
            self._held += 1

    def release(self) -> None:
        """Release all semaphores that are held."""
        while self._held:
            self._held -= 1
            self._places[self._held].release()


STALE_SCRATCH_AFTER = 86_400.0
"""Seconds after which a scratch folder is considered left over."""


class ScratchFolders:
    """Temporary folders on the store's disk."""

    def __init__(self, folder: Path) -> None:
        self._root = folder / "scratch"

    def make(self) -> Path:
        """A new, empty folder. Raises Unusable if the store's disk refuses."""
        with translate_errors(self._root.parent):
            if not self._root.is_dir():
                self._root.mkdir(exist_ok=True)
                copy_mode(self._root, self._root.parent)
            return Path(tempfile.mkdtemp(dir=self._root))

    def remove(self, folder: Path) -> None:
        """Remove a folder with its content."""
        shutil.rmtree(folder, ignore_errors=True)

    def clean(self) -> None:
        """Remove folders that killed processes left behind."""
        with suppress(OSError):
            for folder in self._root.iterdir():
                if time.time() - folder.stat().st_mtime > STALE_SCRATCH_AFTER:
                    self.remove(folder)


class InputFiles:
    """Finds the files with a call's input bytes."""

    def __init__(self, store: Store, files: Mapping[str, Path]) -> None:
        """`files` are the user's own files (digest → path)."""
        self.store = store
        self._files = files

    def path(self, blob: Blob) -> Path:
        """A readable file with these bytes.

        Raises Unusable if the user's file has changed since the plan was made, or a blob is gone.
        """
        own = self._files.get(blob.digest)
        if own is None:
            return self.store.blobs.path(blob)
        if self.store.files.digest(own, media=blob.media).digest != blob.digest:
            raise Unusable([problem("file_changed", path=str(own))])
        return own

    def located(self, call: Call, stage: str, problems: Iterable[Problem]) -> Iterator[Problem]:
        """The problems, with the user's file for an `input` of the call (`photos/3`), and the stage for a `field`."""
        for each in problems:
            blob = call.inputs.get(str(each.data.get("input")))
            own = None if blob is None else self._files.get(blob.digest)
            file: JSONObject = {} if own is None else {"input": str(own)}
            where: JSONObject = {"stage": stage} if "field" in each.data else {}
            yield replace(each, data={**each.data, **file, **where})


class StoreCallContext(Struct, kw_only=True):
    """The context of one call while it is answered; see `CallContext`."""

    inputs: InputFiles
    store: AsyncStore
    on_event: EventHandler
    scratches: ScratchFolders
    requester: Requester
    estimate_usd: float | None
    may_submit: bool
    unknown_requests: UnknownRequestPolicy
    resend: ResendPolicy
    shutdown: ShutdownSignal
    slot: CallSlot
    last: Ticket | None
    """The call's last ticket; `save_ticket` replaces it."""
    folders: list[Path] = field(default_factory=list)
    """The scratch folders of this call."""

    def path(self, blob: Blob) -> Path:
        """See `InputFiles.path`."""
        return self.inputs.path(blob)

    def scratch(self) -> Path:
        """A new, empty folder on the store's disk."""
        self.folders.append(self.scratches.make())
        return self.folders[-1]

    def report_progress(self, **data: JSONValue) -> None:
        """Report the progress of the call."""
        self.on_event(Event(kind="progress", stage=self.requester.stage, node=self.requester.node, data=data))

    async def acquire_slot(self) -> None:
        """Wait for a slot among the calls of its kind."""
        await self.slot.acquire()

    def release_slot(self) -> None:
        """Release the slot."""
        self.slot.release()

    async def last_ticket(self) -> Ticket | None:
        """The call's last ticket."""
        return self.last

    async def save_ticket(self, ticket: Ticket) -> Ticket:
        """Save a ticket for good."""
        self.last = await self.store.save_ticket(ticket)
        return self.last

    async def known_requests(self, service: str, ids: list[str]) -> set[str]:
        """Those of these request ids that have a ticket."""
        return await asyncio.to_thread(self.inputs.store.tickets.requests, service, ids)

    async def find_upload(self, service: str, blob: Blob) -> Upload | None:
        """The upload of these bytes at the service, if any."""
        found = await asyncio.to_thread(self.inputs.store.uploads.get, service, [blob.digest])
        return found.get(blob.digest)

    async def save_upload(self, upload: Upload) -> None:
        """Save an upload."""
        await asyncio.to_thread(self.inputs.store.uploads.keep, [upload])

    async def read_note(self, name: str) -> str | None:
        """Read a note."""
        return await asyncio.to_thread(self.inputs.store.notes.read, name)

    async def write_note(self, name: str, text: str) -> None:
        """Write a note."""
        await asyncio.to_thread(self.inputs.store.notes.write, name, text)


class ProviderDispatch:
    """Sends calls to providers, which are created for their first call."""

    def __init__(
        self,
        policy: EnginePolicy,
        inputs: InputFiles,
        store: AsyncStore,
        budget: Budget,
        shutdown: ShutdownSignal,
        on_event: EventHandler,
    ) -> None:
        self._policy = policy
        self._inputs = inputs
        self._store = store
        self._budget = budget
        self._shutdown = shutdown
        self._on_event = on_event
        self._scratch = ScratchFolders(inputs.store.folder)
        self._providers: dict[str, Provider] = {}
        self._noted: set[tuple[str, JSONValue]] = set()

    async def ask(
        self, call: Call, requester: Requester, ticket: Ticket | None, slot: CallSlot, *, may_submit: bool = True
    ) -> AnsweredCall:
        """The provider's answer. `ticket` is the call's last one: a request that is sent is paid for, budget or not.

        Unless it `may_submit`, the provider only collects that request. `slot` is the call's among those of its kind.

        Raises what the provider raises, and LimitReached if the budget is too small.
        """
        price = self._policy.price(call)
        is_paid_for = self._is_paid_for(ticket)
        reserved = self._budget.reserve(price, committed=is_paid_for) if may_submit else 0.0
        context = StoreCallContext(
            inputs=self._inputs,
            store=self._store,
            on_event=self._on_event,
            scratches=self._scratch,
            requester=requester,
            estimate_usd=price,
            # If that request failed and cost nothing, a new one is only sent if the budget covers it.
            may_submit=may_submit and (not is_paid_for or self._budget.holds(price)),
            unknown_requests=self._policy.unknown_requests,
            resend=self._policy.resend,
            slot=slot,
            shutdown=self._shutdown,
            last=ticket,
        )
        cost: float | None = 0.0
        try:
            self._on_event(Event(kind="running", stage=requester.stage, node=requester.node))
            begun = time.perf_counter()
            answer = await self._provider(call.provider).answer(call, context)
            cost = answer.cost_usd if answer.newly_billed else 0.0
            self._note(answer.notes, requester)
            return AnsweredCall(call=call, answer=answer, seconds=time.perf_counter() - begun, folders=context.folders)
        except BaseException as error:
            # A request at the service will be billed, whoever collects it.
            is_open = context.last is not None and context.last.open
            cost = None if is_open else 0.0
            await self.remove_folders(context.folders)
            if isinstance(error, CallFailed):
                cost = error.cost_usd if error.cost_usd or not is_open else None
                # A request that an earlier run sent is in that run's bill.
                ours = ticket is None or context.last is None or context.last.number != ticket.number
                bill = cost if ours else 0.0
                self._on_event(Event(kind="failed", stage=requester.stage, node=requester.node, cost_usd=bill))
                located = self._inputs.located(call, requester.stage, error.problems)
                raise CallFailed(list(located), cost_usd=cost) from error
            raise
        finally:
            self._budget.settle(reserved, cost, ours=may_submit)

    async def remove_folders(self, folders: Sequence[Path]) -> None:
        """Remove scratch folders whose files are stored by now, or not needed."""
        for folder in folders:
            await asyncio.to_thread(self._scratch.remove, folder)

    async def close(self) -> None:
        """Close the providers that were created."""
        for provider in self._providers.values():
            await provider.close()

    def _note(self, notes: Sequence[Problem], requester: Requester) -> None:
        """Report these, each kind once per endpoint, since all of its answers may have it."""
        for note in notes:
            seen = (note.kind, note.data.get("endpoint"))
            if seen not in self._noted:
                self._noted.add(seen)
                data = {**note.data, "kind": note.kind}
                self._on_event(Event(kind="note", stage=requester.stage, node=requester.node, data=data))

    def _is_paid_for(self, ticket: Ticket | None) -> bool:
        """Whether the call needs no new request. One with an unknown outcome may, if the user said so."""
        if ticket is None or not ticket.open:
            return False
        return ticket.state is TicketState.SENT or self._policy.unknown_requests in {
            UnknownRequestPolicy.ASK,
            UnknownRequestPolicy.ABANDON,
        }

    def _provider(self, name: str) -> Provider:
        if name not in self._providers:
            self._providers[name] = self._policy.providers[name]()
        return self._providers[name]

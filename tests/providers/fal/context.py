"""A context over a real store, for one call."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nano_banana.model.call import Blob
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.provider_protocol import ShutdownSignal
from nano_banana.model.ticket import Requester, ResendPolicy, Ticket, UnknownRequestPolicy, Upload
from nano_banana.store.local_store import Store

ERRAND = Requester(run="run-1", recipe="try", stage="shots", node="shots/ann/1", subject="ann")


class BookDesk:
    """Keeps tickets, uploads and notes in a store, and what was told in `told`; several may share a store."""

    def __init__(
        self,
        store: Store,
        key: str,
        *,
        may_submit: bool = True,
        unknown_requests: UnknownRequestPolicy = UnknownRequestPolicy.ASK,
        resend: ResendPolicy = ResendPolicy.CHEAP,
        estimate_usd: float | None = 0.05,
        shutdown: ShutdownSignal | None = None,
        requester: Requester = ERRAND,
    ) -> None:
        """`key` is the call's, whose tickets these are."""
        self.store = store
        self.key = key
        self.may_submit = may_submit
        self.unknown_requests = unknown_requests
        self.resend = resend
        self.slots: list[bool] = []
        self.estimate_usd = estimate_usd
        self.shutdown = shutdown or ShutdownSignal()
        self.requester = requester
        self.told: list[JSONObject] = []

    def put(self, data: bytes, *, media: str = "image/png") -> Blob:
        """Keep bytes that a call may then name."""
        return self.store.blobs.put(data, media=media)

    def path(self, blob: Blob) -> Path:
        """Where they lie."""
        return self.store.blobs.path(blob)

    def scratch(self) -> Path:
        """A new folder on the store's disk."""
        return Path(tempfile.mkdtemp(prefix="scratch-", dir=self.store.folder))

    @property
    def left(self) -> list[Path]:
        """Scratch folders that nobody removed."""
        return sorted(self.store.folder.glob("scratch-*"))

    def report_progress(self, **data: JSONValue) -> None:
        """Note it."""
        self.told.append(data)

    async def acquire_slot(self) -> None:
        """Note it."""
        self.slots.append(True)

    def release_slot(self) -> None:
        """Note it."""
        self.slots.append(False)

    async def last_ticket(self) -> Ticket | None:
        """The call's last."""
        return self.store.tickets.latest([self.key]).get(self.key)

    async def save_ticket(self, ticket: Ticket) -> Ticket:
        """Write it down."""
        return self.store.tickets.keep([ticket])[0]

    async def known_requests(self, service: str, ids: list[str]) -> set[str]:
        """Those that tickets are known for."""
        return self.store.tickets.requests(service, ids)

    async def find_upload(self, service: str, blob: Blob) -> Upload | None:
        """Where the bytes lie at the service."""
        return self.store.uploads.get(service, [blob.digest]).get(blob.digest)

    async def save_upload(self, upload: Upload) -> None:
        """Remember it."""
        self.store.uploads.keep([upload])

    async def read_note(self, name: str) -> str | None:
        """A note."""
        return self.store.notes.read(name)

    async def write_note(self, name: str, text: str) -> None:
        """Leave a note."""
        self.store.notes.write(name, text)

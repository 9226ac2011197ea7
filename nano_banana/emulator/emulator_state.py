"""The state of a running emulator: options, queue, files, faults, counts."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Literal
from uuid import uuid4

from msgspec import Struct

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.emulator.failures import runner_error
from nano_banana.emulator.fault_injection import FaultRules
from nano_banana.emulator.generation import PlaceholderGenerator, RequestWorker, ResultGenerator, unlisted_endpoint
from nano_banana.emulator.request_queue import (
    DocumentFile,
    EmulatedRequest,
    RequestOutcome,
    RequestQueue,
    RequestState,
    Webhooks,
)
from nano_banana.emulator.served_files import ServedFile, ServedFiles
from nano_banana.model.json_values import JSONObject, JSONValue


class EmulatorOptions(Struct, frozen=True, kw_only=True):
    """Options of the emulator.

    `port` 0 takes a free one. Without `tls` it serves plain HTTP. `pictures` are `drawn` by the local provider or
    `plain` placeholders after `seconds`. At most `concurrency` requests run at once. Only `key` is accepted (None: any
    `id:secret`). `drawers` is the number of drawing processes (None: one for each processor), `endpoints` a folder with
    more endpoint descriptions. Web pages of this machine and of `origins` may send requests. `any_endpoint` accepts
    unknown endpoints and gives plain pictures. `public_webhooks` delivers to other machines, too. `proxy_port` (0: any)
    accepts CONNECT for fal's host names.
    """

    host: str = "127.0.0.1"
    port: int = 0
    tls: bool = True
    pictures: Literal["drawn", "plain"] = "drawn"
    seconds: float = 0.0
    concurrency: int = 40
    key: str | None = None
    drawers: int | None = None
    endpoints: Path | None = None
    origins: tuple[str, ...] = ()
    any_endpoint: bool = False
    public_webhooks: bool = False
    proxy_port: int | None = None


class EmulatorState:
    """The emulator's state. Lives in one event loop and in a folder of its own."""

    def __init__(self, folder: Path, options: EmulatorOptions, *, clock: Callable[[], float] = time.time) -> None:
        """Create an empty state. `clock` returns seconds since 1970."""
        (folder / "files").mkdir()
        self.options = options
        self.clock = clock
        self.catalog = Catalog.load(options.endpoints)
        self.payloads = DocumentFile(folder / "payloads.jsonl")
        self.files = ServedFiles(folder / "files", clock=clock)
        self.faults = FaultRules()
        self.token = uuid4().hex
        self.closing = asyncio.Event()
        self._artist = _generator(options, self.catalog)
        self._work = RequestWorker(
            self.endpoint, self._artist, PlaceholderGenerator(options.seconds), self.files, self.payloads
        )
        self.webhooks = Webhooks(self._result, anywhere=options.public_webhooks)
        self.queue = RequestQueue(self._answer, self.payloads, concurrency=options.concurrency, clock=clock)
        self._begin()

    def _begin(self) -> None:
        self.requests: Counter[str] = Counter()
        self.fault_counts: Counter[str] = Counter()
        self.errors: list[str] = []
        self.pending: dict[str, ServedFile] = {}
        self.accepted = 0
        self._ends: Counter[str] = Counter()
        self._billed = 0
        self._units = 0.0
        self._bodies: set[bytes] = set()
        self._first: float | None = None
        self._last: float | None = None

    def endpoint(self, id_: str) -> Endpoint | None:
        """The endpoint with this id; one outside the catalog only with the option `any_endpoint`."""
        return self.catalog.get(id_) or (unlisted_endpoint(id_) if self.options.any_endpoint else None)

    def accept(self, order: EmulatedRequest) -> None:
        """Count a request and queue it."""
        self.accepted += 1
        self._first = order.accepted_at if self._first is None else self._first
        self._bodies.add(bytes.fromhex(order.digest)[:16])
        self.queue.accept(order)

    def failed(self, error: Exception) -> str:
        """Record an error of the emulator itself for tests; return its message."""
        self.errors.append(f"{type(error).__name__}: {error}"[:1000])
        return f"The emulator failed: {self.errors[-1]}"

    async def count_download(self) -> None:
        """Record the time of a complete download."""
        self._last = self.clock()

    def cancel(self, order: EmulatedRequest) -> bool:
        """Cancel a request that has not started; False if it has."""
        cancelled = self.queue.cancel(order)
        self._ends["cancelled"] += cancelled
        return cancelled

    def accepts_key(self, authorization: str) -> bool:
        """Whether this Authorization header has an accepted key."""
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() not in {"key", "bearer"}:
            return False
        if self.options.key is not None:
            return hmac.compare_digest(key.encode(), self.options.key.encode())
        left, colon, right = key.partition(":")
        return scheme.lower() == "bearer" or bool(left and colon and right)

    def counts(self) -> JSONObject:
        """The counts since the start or the last reset."""
        queued, running = self.queue.count()
        return {
            "accepted": self.accepted,
            **{end: self._ends[end] for end in ("completed", "failed", "cancelled")},
            "billed": self._billed,
            "units": round(self._units, 6),
            "distinct": len(self._bodies),
            "most_running": self.queue.most_running,
            "queued": queued,
            "running": running,
            "first_accepted_at": self._first,
            "last_served_at": self._last,
            "requests": dict(self.requests),
            "faults": dict(self.fault_counts),
            "errors": list(self.errors[-10:]),
        }

    async def reset(self) -> None:
        """Forget everything and reset all counts."""
        await self.queue.clear()
        await self.webhooks.close()
        self.faults.clear()
        self.files.clear()
        self.payloads.clear()
        self._begin()

    async def close(self) -> None:
        """Stop tasks and processes, close files."""
        self.closing.set()
        await self.queue.clear()
        await self.webhooks.close()
        self._artist.close()
        self.payloads.close()

    def _result(self, order: EmulatedRequest) -> JSONValue:
        return None if order.result is None else self.payloads.read(order.result)

    async def _answer(self, order: EmulatedRequest) -> RequestOutcome:
        try:
            ending = await self._work.answer(order)
        except Exception as error:  # noqa: BLE001 - a request that can't be answered must not hold its slot
            ending = runner_error("internal_error", self.failed(error))
        self._ends["completed" if ending.status < 400 else "failed"] += 1
        self._billed += ending.units > 0
        self._units += ending.units
        return ending


def _generator(options: EmulatorOptions, catalog: Catalog) -> ResultGenerator:
    if options.pictures == "plain":
        return PlaceholderGenerator(options.seconds)
    from nano_banana.emulator.local_generation import LocalGenerator

    return LocalGenerator(catalog, options.drawers)


def fal_status(order: EmulatedRequest) -> str:
    """The service's own word for how far a request is: it has three."""
    return {RequestState.QUEUED: "IN_QUEUE", RequestState.RUNNING: "IN_PROGRESS"}.get(order.state, "COMPLETED")

"""The state of a running emulator: options, queue, files, faults, counts."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import uuid4

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


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorOptions:
    """How to serve.

    `port` 0 takes a free one. `tls` False serves plain HTTP. `pictures` are `drawn` by the local provider or
    `plain` ones, made at once after `seconds`. At most `concurrency` requests run at once. `key` is the only one
    that is accepted (None: any `id:secret`). `drawers` are the processes that draw (None: one for each processor),
    `endpoints` a folder with descriptions of endpoints beside the package's own. Web pages of this machine may ask,
    and those of `origins`. `any_endpoint` answers endpoints that nothing describes, with plain pictures.
    `public_webhooks` delivers to other machines too. `proxy_port` (0: any) takes CONNECT for fal's host names.
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
    """The state behind the doors; lives in one event loop, in a folder of its own."""

    def __init__(self, folder: Path, options: EmulatorOptions, *, clock: Callable[[], float] = time.time) -> None:
        """Begin with nothing. `clock` tells seconds since 1970."""
        (folder / "files").mkdir()
        self.options = options
        self.clock = clock
        self.catalog = Catalog.load(options.endpoints)
        self.payloads = DocumentFile(folder / "payloads.jsonl")
        self.cabinet = ServedFiles(folder / "files", clock=clock)
        self.faults = FaultRules()
        self.token = uuid4().hex
        self.closing = asyncio.Event()
        self._artist = _generator(options, self.catalog)
        self._work = RequestWorker(
            self.endpoint, self._artist, PlaceholderGenerator(options.seconds), self.cabinet, self.payloads
        )
        self.webhooks = Webhooks(self._result, anywhere=options.public_webhooks)
        self.queue = RequestQueue(self._answer, self.payloads, concurrency=options.concurrency, clock=clock)
        self._begin()

    def _begin(self) -> None:
        self.requests: Counter[str] = Counter()
        self.struck: Counter[str] = Counter()
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
        """The endpoint of this id; one outside the catalog only where any is wanted."""
        return self.catalog.get(id_) or (unlisted_endpoint(id_) if self.options.any_endpoint else None)

    def accept(self, order: EmulatedRequest) -> None:
        """Count a request, and let it queue."""
        self.accepted += 1
        self._first = order.accepted_at if self._first is None else self._first
        self._bodies.add(bytes.fromhex(order.digest)[:16])
        self.queue.accept(order)

    def failed(self, error: Exception) -> str:
        """Note an error of the emulator itself, so that tests see it; returns it in words."""
        self.errors.append(f"{type(error).__name__}: {error}"[:1000])
        return f"The emulator failed: {self.errors[-1]}"

    def served(self) -> None:
        """Note that a file has gone out, to its last byte."""
        self._last = self.clock()

    def cancel(self, order: EmulatedRequest) -> bool:
        """Take out what has not begun."""
        cancelled = self.queue.cancel(order)
        self._ends["cancelled"] += cancelled
        return cancelled

    def opens(self, authorization: str) -> bool:
        """Whether this header is a key that is accepted here."""
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() not in {"key", "bearer"}:
            return False
        if self.options.key is not None:
            return hmac.compare_digest(key.encode(), self.options.key.encode())
        left, colon, right = key.partition(":")
        return scheme.lower() == "bearer" or bool(left and colon and right)

    def counts(self) -> JSONObject:
        """What happened since the beginning, or since the last reset."""
        queued, running = self.queue.count()
        return {
            "accepted": self.accepted,
            "completed": self._ends["completed"],
            "failed": self._ends["failed"],
            "cancelled": self._ends["cancelled"],
            "billed": self._billed,
            "units": round(self._units, 6),
            "distinct": len(self._bodies),
            "most_running": self.queue.most_running,
            "queued": queued,
            "running": running,
            "first_accepted_at": self._first,
            "last_served_at": self._last,
            "requests": dict(self.requests),
            "faults": dict(self.struck),
            "errors": list(self.errors[-10:]),
        }

    async def reset(self) -> None:
        """Forget everything, and count from nought."""
        await self.queue.clear()
        await self.webhooks.close()
        self.faults.clear()
        self.cabinet.clear()
        self.payloads.clear()
        self._begin()

    async def close(self) -> None:
        """Give back tasks, processes and files."""
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

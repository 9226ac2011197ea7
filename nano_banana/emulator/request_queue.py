"""The queue of requests, and the webhooks that report their end."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ipaddress
import json
import time
from asyncio import Event
from bisect import bisect_left, insort
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias, cast
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct, field
from msgspec.structs import replace

from nano_banana.emulator.fault_injection import FaultEffect, FaultPoint, InjectedFault
from nano_banana.model.json_values import JSONObject, JSONValue

DocumentSlot: TypeAlias = tuple[int, int]
"""A document's offset and size in bytes."""


class DocumentFile:
    """JSON documents in one append-only file."""

    def __init__(self, path: Path) -> None:
        """Create an empty file."""
        self._file = path.open("w+b", buffering=0)
        self._end = 0

    def put(self, document: bytes) -> DocumentSlot:
        """Append a document and return its slot."""
        slot = (self._end, len(document))
        self._file.seek(self._end)
        self._file.write(document)
        self._end += len(document)
        return slot

    def get(self, slot: DocumentSlot) -> bytes:
        """The bytes in a slot."""
        self._file.seek(slot[0])
        return self._file.read(slot[1])

    def read(self, slot: DocumentSlot) -> JSONObject:
        """The document in a slot."""
        return cast(JSONObject, json.loads(self.get(slot)))

    def clear(self) -> None:
        """Forget everything."""
        self._file.truncate(0)
        self._end = 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class RequestState(StrEnum):
    """A request's state; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL_STATES = frozenset({RequestState.DONE, RequestState.FAILED, RequestState.CANCELLED})


class RequestOutcome(Struct, frozen=True, kw_only=True):
    """How a request ended: HTTP status and body of the result, billed units, ids of its files."""

    status: int
    body: JSONValue
    units: float = 0.0
    error: str | None = None
    error_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()


NO_OUTCOME = RequestOutcome(status=0, body=None)


class WebhookDelivery(Struct, frozen=True, kw_only=True):
    """The delivery of a request's result to `url`. `error` is the last attempt's failure."""

    url: str
    attempts: int = 0
    delivered: bool = False
    error: str | None = None


class EmulatedRequest(Struct, kw_only=True, eq=False):
    """An accepted request. Only the queue changes it.

    `number` counts from 1. `base` is the server's URL as the client knows it. Arguments and result are slots in the
    payloads file. `faults` are those still to be injected. Times are seconds since 1970.
    """

    id: str
    number: int
    endpoint: str
    base: str
    digest: str
    arguments_slot: DocumentSlot | None
    headers: Mapping[str, str]
    accepted_at: float
    faults: list[InjectedFault]
    state: RequestState = RequestState.QUEUED
    started_at: float | None = None
    ended_at: float | None = None
    outcome: RequestOutcome = NO_OUTCOME
    """How it ended, without the body, which is in `result`."""
    result: DocumentSlot | None = None
    expired: bool = False
    watchers: list[Event] | None = None
    webhook: WebhookDelivery | None = None

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self.state in FINAL_STATES

    def outcome_fault(self, kind: str) -> InjectedFault | None:
        """The fault of this kind that decides the outcome, if any."""
        faults = (fault for fault in self.faults if fault.effect is FaultEffect.OUTCOME)
        return next((fault for fault in faults if fault.kind == kind), None)

    def take_fault(self, point: FaultPoint) -> InjectedFault | None:
        """Remove and return the next fault for this kind of HTTP request."""
        for fault in self.faults:
            if fault.point is point and fault.effect is not FaultEffect.OUTCOME:
                self.faults.remove(fault)
                return fault
        return None

    def notify(self) -> None:
        """Wake all watchers."""
        for event in self.watchers or ():
            event.set()


def app_id(endpoint: str) -> str:
    """`fal-ai/flux` of `fal-ai/flux/dev`; a namespace (`workflows`, `comfy`) stays in front."""
    parts = endpoint.split("/")
    return "/".join(parts[: 3 if parts[0] in {"workflows", "comfy"} else 2])


MAX_ENDED_REQUESTS = 100_000
"""Ended requests that are remembered; the oldest are forgotten first."""

CANCELLED_OUTCOME = RequestOutcome(
    status=499,
    body={"detail": "Request was cancelled by the client", "error_type": "client_cancelled"},
    error="Request was cancelled by the client",
    error_type="client_cancelled",
)


class RequestQueue:
    """The requests of this server; lives in one event loop."""

    def __init__(
        self,
        work: Callable[[EmulatedRequest], Awaitable[RequestOutcome]],
        payloads: DocumentFile,
        *,
        concurrency: int,
        clock: Callable[[], float],
    ) -> None:
        """Let `work` answer at most `concurrency` requests at once; `clock` returns seconds since 1970."""
        self._work = work
        self._payloads = payloads
        self._concurrency = concurrency
        self._clock = clock
        self._begin()

    def _begin(self) -> None:
        self.orders: dict[str, EmulatedRequest] = {}
        self.ended: dict[int, EmulatedRequest] = {}
        self.most_running = 0
        self.paused = False
        self._waiting: list[int] = []
        self._by_number: dict[int, EmulatedRequest] = {}
        self._running: dict[EmulatedRequest, asyncio.Task[None]] = {}
        self._timers: set[asyncio.TimerHandle] = set()
        self._endings = 0

    def accept(self, order: EmulatedRequest) -> None:
        """Add a request to the queue; a slow one is delayed first."""
        self.orders[order.id] = order
        slow = order.outcome_fault("slow")
        if slow:
            loop = asyncio.get_running_loop()
            self._timers = {timer for timer in self._timers if timer.when() > loop.time()}
            self._timers.add(loop.call_later(slow.number(1), lambda: self._line_up(order)))
        else:
            self._line_up(order)

    def position(self, order: EmulatedRequest) -> int:
        """The number of requests ahead of a waiting one."""
        return bisect_left(self._waiting, order.number)

    def full(self) -> bool:
        """Whether the maximum number of requests is running."""
        return len(self._running) >= self._concurrency

    def cancel(self, order: EmulatedRequest) -> bool:
        """Cancel a request that has not started; False if it has."""
        if order.state is not RequestState.QUEUED:
            return False
        if order.number in self._by_number:
            del self._by_number[order.number]
            del self._waiting[self.position(order)]
        self._end(order, CANCELLED_OUTCOME, RequestState.CANCELLED)
        return True

    def pause(self, *, paused: bool) -> None:
        """Pause or resume the queue."""
        self.paused = paused
        self._fill()

    def count(self) -> tuple[int, int]:
        """The number of waiting and of running requests."""
        waiting = sum(order.state is RequestState.QUEUED for order in self.orders.values())
        return waiting, len(self._running)

    def newest(self, before: int | None = None) -> Iterator[tuple[int, EmulatedRequest]]:
        """Yield ended requests, newest first, with their end numbers; `before` continues from such a number."""
        for number in reversed(self.ended):
            if before is None or number < before:
                yield number, self.ended[number]

    async def clear(self) -> None:
        """Cancel what runs, and forget all requests."""
        tasks = list(self._running.values())
        for timer in self._timers:
            timer.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for order in self.orders.values():
            order.expired = True
            order.notify()
        self._begin()

    def _line_up(self, order: EmulatedRequest) -> None:
        if order.state is RequestState.QUEUED:
            self._by_number[order.number] = order
            insort(self._waiting, order.number)
            self._fill()

    def _fill(self) -> None:
        while self._waiting and len(self._running) < self._concurrency and not self.paused:
            order = self._by_number.pop(self._waiting.pop(0))
            order.state = RequestState.RUNNING
            order.started_at = self._clock()
            order.notify()
            self._running[order] = asyncio.get_running_loop().create_task(self._answer(order))
            self.most_running = max(self.most_running, len(self._running))

    async def _answer(self, order: EmulatedRequest) -> None:
        ending = await self._work(order)
        late = order.outcome_fault("reorder")
        if late:
            await self._overtaken(order, late.number(1))
        del self._running[order]
        self._end(order, ending, RequestState.DONE if ending.status < 400 else RequestState.FAILED)
        self._fill()

    async def _overtaken(self, order: EmulatedRequest, seconds: float) -> None:
        """Wait until a later request has ended, at most `seconds`."""
        deadline = asyncio.get_running_loop().time() + seconds
        seen = self._endings
        while asyncio.get_running_loop().time() < deadline:
            if any(self.ended[number].number > order.number for number in range(seen, self._endings)):
                return
            await asyncio.sleep(0.01)

    def _end(self, order: EmulatedRequest, ending: RequestOutcome, state: RequestState) -> None:
        order.state = state
        order.ended_at = self._clock()
        order.outcome = replace(ending, body=None)
        order.result = self._payloads.put(json.dumps(ending.body, separators=(",", ":")).encode())
        order.expired = order.outcome_fault("expired") is not None
        self.ended[self._endings] = order
        self._endings += 1
        if len(self.ended) > MAX_ENDED_REQUESTS:
            oldest = self.ended.pop(next(iter(self.ended)))
            self.orders.pop(oldest.id, None)
        order.notify()


LOG_STEPS = 10
"""Log lines between the first and the last."""


def iso_time(seconds: float) -> str:
    """Format seconds since 1970 as fal does."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def log_lines(order: EmulatedRequest, *, steps: int, seconds: float, now: float) -> list[JSONObject]:
    """The log lines so far of a request that takes about `seconds` for its `steps`."""
    if order.started_at is None:
        return []
    spent = (order.ended_at or now) - order.started_at
    share = 1.0 if order.ended_at is not None else min(0.99, spent / seconds) if seconds else 0.0
    told = [(0.0, "started")]
    if steps > 1:
        parts = range(1, LOG_STEPS + 1)
        told += [(spent * part / LOG_STEPS, f"step {steps * part // LOG_STEPS}/{steps}") for part in parts]
    if order.ended_at is not None:
        told.append((spent, order.outcome.error or "done"))
    shown = [row for at, row in enumerate(told) if at / LOG_STEPS <= share or order.ended_at is not None]
    return [
        {"message": message, "level": "INFO", "source": "USER", "timestamp": iso_time(order.started_at + after)}
        for after, message in shown
    ]


WAITS = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each delivery attempt."""

TIMEOUT = 15.0
"""Seconds until a delivery times out, as at fal."""

USER = "emulator"


class Webhooks:
    """Delivers webhooks in tasks of their own when requests end."""

    def __init__(self, result: Callable[[EmulatedRequest], JSONValue], *, anywhere: bool) -> None:
        """Deliver what `result` returns for a request; only to this machine unless `anywhere`."""
        self._result = result
        self._anywhere = anywhere
        self._key = Ed25519PrivateKey.generate()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def keys(self) -> JSONObject:
        """The key set (JWKS) that verifies the signatures."""
        x = base64.urlsafe_b64encode(self._key.public_key().public_bytes_raw()).rstrip(b"=").decode()
        return {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x, "use": "sig", "kid": USER}]}

    def refusal(self, url: str) -> str | None:
        """Why this URL is refused, as a message; None if it is accepted."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            host, parts = "", urlsplit("")
        if parts.scheme not in {"http", "https"} or not host:
            return f"fal_webhook is not an HTTP address: {url}"
        if self._anywhere or _is_loopback(host):
            return None
        return f"This emulator delivers webhooks to this machine only, not to {host} (see --public-webhooks)"

    def watch(self, order: EmulatedRequest, url: str) -> None:
        """Post the result to `url` when the request ends; `order.webhook` holds the delivery's state."""
        order.webhook = WebhookDelivery(url=url)
        task = asyncio.get_running_loop().create_task(self._deliver(order, url))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Cancel all deliveries."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(self, order: EmulatedRequest, url: str) -> None:
        ended = asyncio.Event()
        order.watchers = [*(order.watchers or []), ended]
        while not order.ended:
            ended.clear()
            await ended.wait()
        order.watchers.remove(ended)
        body = json.dumps(self._told(order)).encode()
        # A receiver under test has a certificate of its own.
        async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT, verify=False) as client:  # noqa: S501 - as said
            for attempt, wait in enumerate(WAITS, start=1):
                await asyncio.sleep(wait)
                error = await self._posted(client, order.id, url, body)
                order.webhook = WebhookDelivery(url=url, attempts=attempt, delivered=error is None, error=error)
                if error is None:
                    return

    async def _posted(self, client: httpx.AsyncClient, request_id: str, url: str, body: bytes) -> str | None:
        """Post once; return the error message, None on success."""
        stamp = str(int(time.time()))
        signed = "\n".join((request_id, USER, stamp, hashlib.sha256(body).hexdigest())).encode()
        headers = {
            "content-type": "application/json",
            "x-fal-webhook-request-id": request_id,
            "x-fal-webhook-user-id": USER,
            "x-fal-webhook-timestamp": stamp,
            "x-fal-webhook-signature": self._key.sign(signed).hex(),
        }
        try:
            answer = await client.post(url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return f"{type(error).__name__}: {error}"
        return None if answer.is_success else f"HTTP {answer.status_code}"

    def _told(self, order: EmulatedRequest) -> JSONObject:
        told: JSONObject = {"request_id": order.id, "gateway_request_id": order.id, "payload": self._result(order)}
        outcome = order.outcome
        if outcome.status < 400:
            return {**told, "status": "OK"}
        return {**told, "status": "ERROR", "error": outcome.error or f"Invalid status code: {outcome.status}"}


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")

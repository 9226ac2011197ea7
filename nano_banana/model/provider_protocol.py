"""The provider interface, and what providers and the engine await.

A provider gets a call and a `CallContext`, and returns an `Answer`, which is not stored yet. `SingleFlight` does work
once that several ask for at the same time; `ShutdownSignal` tells code that waits for a remote request to stop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from msgspec import Struct, field

from nano_banana.model.call import Blob, Call
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import Problem
from nano_banana.model.ticket import Requester, ResendPolicy, Ticket, UnknownRequestPolicy, Upload


class ShutdownSignal:
    """Set when the run should end (`requested`, then `forced`); requests at a service may stay there."""

    def __init__(self) -> None:
        """Start with neither set. Waiting needs a running event loop."""
        self.requested = asyncio.Event()
        self.forced = asyncio.Event()


T = TypeVar("T")


def _never(_: Exception) -> bool:
    """No error is kept from other waiters."""
    return False


class SingleFlight(Generic[T]):
    """Work under way by name, shared by all that ask for it. Forgotten once it ends."""

    def __init__(self) -> None:
        self._flying: dict[str, asyncio.Future[T]] = {}

    def __contains__(self, name: str) -> bool:
        """Whether work of this name is under way."""
        return name in self._flying

    async def join(
        self, name: str, work: Callable[[], Awaitable[T]], *, not_shared: Callable[[Exception], bool] = _never
    ) -> tuple[T, bool]:
        """Wait for the work of this name if it is under way, else do `work`: its result, and whether we did it.

        An error is raised in every waiter, unless it is `not_shared`; then, or if the one that works is cancelled, the
        next waiter does the work again.
        """
        while (flying := self._flying.get(name)) is not None:
            try:
                return await asyncio.shield(flying), False
            except asyncio.CancelledError:
                if not flying.cancelled() or _are_cancelled():
                    raise
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._flying[name] = future
        try:
            result = await work()
        except asyncio.CancelledError:
            future.cancel()
            raise
        except Exception as error:
            if not_shared(error):
                future.cancel()
                raise
            future.set_exception(error)
            # Marks it as retrieved: there may be no waiters.
            future.exception()
            raise
        finally:
            del self._flying[name]
        future.set_result(result)
        return result, True


def _are_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class AnswerFile(Struct, frozen=True, kw_only=True):
    """A file of an answer: its bytes (or a file that holds them) and its media type."""

    data: bytes | Path
    media: str


class Answer(Struct, frozen=True, kw_only=True):
    """A provider's answer: JSON without its files, and the files by their place in it.

    `ticket` is the request's, to be closed in the same transaction that records this answer; until then the request
    stays open. `newly_billed` is false if a lost result was only fetched again. `notes` say how the answer differs from
    what was asked for.
    """

    data: JSONObject
    files: Mapping[str, AnswerFile] = field(default_factory=dict)
    cost_usd: float | None = 0.0
    ticket: Ticket | None = None
    newly_billed: bool = True
    notes: tuple[Problem, ...] = ()


class BlobFiles(Protocol):
    """Bytes on disk, by digest."""

    def path(self, blob: Blob) -> Path:
        """A readable file with exactly these bytes (verified). Raises Unusable if they are gone."""


class CallContext(BlobFiles, Protocol):
    """What the engine offers a provider while it answers one call."""

    @property
    def requester(self) -> Requester:
        """The node that the call is made for."""

    @property
    def estimate_usd(self) -> float | None:
        """The most that the call is expected to cost in USD; None if unknown."""

    @property
    def may_submit(self) -> bool:
        """Whether a request may be sent; else only a request that was sent already is collected."""

    @property
    def unknown_requests(self) -> UnknownRequestPolicy:
        """What to do about a request with an unknown outcome."""

    @property
    def resend(self) -> ResendPolicy:
        """Which requests that never arrived may be resent without asking."""

    @property
    def shutdown(self) -> ShutdownSignal:
        """Set when the run should end; the request may stay at the service."""

    def scratch(self) -> Path:
        """A new, empty folder on the store's disk; it is deleted once the answer is stored."""

    def report_progress(self, **data: JSONValue) -> None:
        """Report the progress of the call: `phase`, `position`, `log`.

        The phases are uploading, unreachable, busy, looking, queued, running and collecting.
        """

    async def acquire_slot(self) -> None:
        """Wait for a slot among the calls of this kind; returns at once if the call has one.

        A call has one from the start, unless the outcome of its request is unknown: looking it up needs no slot.
        """

    def release_slot(self) -> None:
        """Release the call's slot, if it has one."""

    async def last_ticket(self) -> Ticket | None:
        """The call's last ticket, open or closed; None if it was never sent."""

    async def save_ticket(self, ticket: Ticket) -> Ticket:
        """Save a ticket; a new one gets its number. It survives a loss of power."""

    async def known_requests(self, service: str, ids: list[str]) -> set[str]:
        """Those of these request ids that have a ticket: they belong to another call, or to an older request."""

    async def find_upload(self, service: str, blob: Blob) -> Upload | None:
        """The upload of these bytes at the service; None if there is none."""

    async def save_upload(self, upload: Upload) -> None:
        """Save an upload."""

    async def read_note(self, name: str) -> str | None:
        """The text that an earlier call saved under this name; None if there is none."""

    async def write_note(self, name: str, text: str) -> None:
        """Save a small text for later calls."""


class Provider(Protocol):
    """Answers calls. One object per run, created for its first call and closed at the end."""

    name: str

    async def answer(self, call: Call, context: CallContext) -> Answer:
        """Answer the call. Raises CallFailed (this call), Refused (all calls) or Unusable."""

    async def close(self) -> None:
        """Release pools, connections and temporary files."""

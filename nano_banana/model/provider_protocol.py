"""The provider interface, and what providers and the engine await.

A provider gets a call and a `CallContext`, and returns an `Answer`, which is not stored yet. `SingleFlight` does work
once that several ask for at the same time; `ShutdownSignal` tells code that waits for a remote request to stop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from nano_banana.model.call import Blob, Call
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import Problem
from nano_banana.model.ticket import Requester, ResendPolicy, Ticket, UnknownRequestPolicy, Upload


class ShutdownSignal:
    """Whether a run is to end now: asked once, asked twice. What is at a service may be left there."""

    def __init__(self) -> None:
        """Nobody asked. Needs a running event loop by the time that somebody waits."""
        self.requested = asyncio.Event()
        self.forced = asyncio.Event()


T = TypeVar("T")


def _never(_: Exception) -> bool:
    """Every error is everybody's."""
    return False


class SingleFlight(Generic[T]):
    """What is going on, by name. Nothing is remembered once it has ended."""

    def __init__(self) -> None:
        self._flying: dict[str, asyncio.Future[T]] = {}

    def __contains__(self, name: str) -> bool:
        """Whether work of this name is going on."""
        return name in self._flying

    async def join(
        self, name: str, work: Callable[[], Awaitable[T]], *, not_shared: Callable[[Exception], bool] = _never
    ) -> tuple[T, bool]:
        """The result of the work of this name that is going on, or of `work`, which then is it; and whether it was.

        Its error is everybody's, unless it is one for whoever does the work `alone`; then, and where that one is
        cancelled, the next one does it again.
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
            # Nobody may be waiting for it, and that is fine.
            future.exception()
            raise
        finally:
            del self._flying[name]
        future.set_result(result)
        return result, True


def _are_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFile:
    """A file of an answer: its bytes (or a file that holds them) and its media type."""

    data: bytes | Path
    media: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A provider's answer: JSON without its files, and the files by their place in it.

    `ticket` is the request's, as it is to be closed together with the record of this answer: until that is
    kept, the request stays open. `bought` is false where a result that was lost here was only fetched once more.
    `notes` say in what the answer is not what was asked for.
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
        """A readable file with just these bytes (verified). Raises Unusable where they are gone."""
        ...


class CallContext(BlobFiles, Protocol):
    """What a provider may ask of the house while it answers one call."""

    @property
    def requester(self) -> Requester:
        """For whom the call is made."""
        ...

    @property
    def estimate_usd(self) -> float | None:
        """The most that the call is expected to cost; None where nobody knows."""
        ...

    @property
    def may_submit(self) -> bool:
        """Whether a request may be sent; else only what was sent already is to be collected."""
        ...

    @property
    def unknown_requests(self) -> UnknownRequestPolicy:
        """What to do where nobody knows what became of a request."""
        ...

    @property
    def resend(self) -> ResendPolicy:
        """Which requests that never arrived may be sent again without asking."""
        ...

    @property
    def shutdown(self) -> ShutdownSignal:
        """Whether to leave what is at the service there."""
        ...

    def scratch(self) -> Path:
        """A new, empty folder for temporary files, on the store's disk; it is gone once the answer is kept."""
        ...

    def report_progress(self, **data: JSONValue) -> None:
        """Say how far the call is: `phase`, `position`, `log`.

        The phases are uploading, unreachable, busy, looking, queued, running and collecting.
        """
        ...

    async def acquire_slot(self) -> None:
        """Wait for one of the places for calls of this kind; returns at once if the call has one already.

        A call has one from the start, unless nobody knows what became of its request: looking for it takes no place.
        """
        ...

    def release_slot(self) -> None:
        """Let another call have the place, if this one has one."""
        ...

    async def last_ticket(self) -> Ticket | None:
        """The call's last ticket, open or closed; None where it was never sent."""
        ...

    async def save_ticket(self, ticket: Ticket) -> Ticket:
        """Keep a ticket (a new one gets its number); on return it outlives a loss of power."""
        ...

    async def known_requests(self, service: str, ids: list[str]) -> set[str]:
        """Those of these request ids that tickets are known for: they are some other call's, or an older one's."""
        ...

    async def find_upload(self, service: str, blob: Blob) -> Upload | None:
        """Where these bytes lie at the service already."""
        ...

    async def save_upload(self, upload: Upload) -> None:
        """Remember an upload."""
        ...

    async def read_note(self, name: str) -> str | None:
        """A small text that an earlier call left under this name."""
        ...

    async def write_note(self, name: str, text: str) -> None:
        """Leave a small text for later calls."""
        ...


class Provider(Protocol):
    """Answers calls. One object a run; made lazily, closed at the end."""

    name: str

    async def answer(self, call: Call, context: CallContext) -> Answer:
        """Do the work. Raises CallFailed (this call), Refused (all calls) or Unusable."""
        ...

    async def close(self) -> None:
        """Give back pools, connections and temporary files."""
        ...

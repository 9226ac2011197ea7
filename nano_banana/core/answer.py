"""What a provider hands back before it is stored, and who may ask it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from nano_banana.core.blob import Blob
from nano_banana.core.call import Call
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.core.leave import Leave
from nano_banana.core.lost import Lost, Resend
from nano_banana.core.problem import Problem
from nano_banana.core.ticket import Errand, Ticket
from nano_banana.core.upload import Upload


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
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
    files: Mapping[str, Payload] = field(default_factory=dict)
    cost_usd: float | None = 0.0
    ticket: Ticket | None = None
    bought: bool = True
    notes: tuple[Problem, ...] = ()


class Files(Protocol):
    """Bytes on disk, by digest."""

    def path(self, blob: Blob) -> Path:
        """A readable file with just these bytes (verified). Raises Unusable where they are gone."""
        ...


class Desk(Files, Protocol):
    """What a provider may ask of the house while it answers one call."""

    @property
    def errand(self) -> Errand:
        """For whom the call is made."""
        ...

    @property
    def estimate_usd(self) -> float | None:
        """The most that the call is expected to cost; None where nobody knows."""
        ...

    @property
    def buys(self) -> bool:
        """Whether a request may be sent; else only what was sent already is to be collected."""
        ...

    @property
    def lost(self) -> Lost:
        """What to do where nobody knows what became of a request."""
        ...

    @property
    def resend(self) -> Resend:
        """Which requests that never arrived may be sent again without asking."""
        ...

    @property
    def leave(self) -> Leave:
        """Whether to leave what is at the service there."""
        ...

    def scratch(self) -> Path:
        """A new, empty folder for temporary files, on the store's disk; it is gone once the answer is kept."""
        ...

    def tell(self, **data: JSONValue) -> None:
        """Say how far the call is: `phase`, `position`, `log`.

        The phases are uploading, unreachable, busy, looking, queued, running and collecting.
        """
        ...

    async def take_turn(self) -> None:
        """Wait for one of the places for calls of this kind; returns at once if the call has one already.

        A call has one from the start, unless nobody knows what became of its request: looking for it takes no place.
        """
        ...

    def give_turn(self) -> None:
        """Let another call have the place, if this one has one."""
        ...

    async def ticket(self) -> Ticket | None:
        """The call's last ticket, open or closed; None where it was never sent."""
        ...

    async def keep(self, ticket: Ticket) -> Ticket:
        """Keep a ticket (a new one gets its number); on return it outlives a loss of power."""
        ...

    async def requests(self, service: str, ids: list[str]) -> set[str]:
        """Those of these request ids that tickets are known for: they are some other call's, or an older one's."""
        ...

    async def upload(self, service: str, blob: Blob) -> Upload | None:
        """Where these bytes lie at the service already."""
        ...

    async def uploaded(self, upload: Upload) -> None:
        """Remember an upload."""
        ...

    async def recall(self, name: str) -> str | None:
        """A small text that an earlier call left under this name."""
        ...

    async def remember(self, name: str, text: str) -> None:
        """Leave a small text for later calls."""
        ...


class Provider(Protocol):
    """Answers calls. One object a run; made lazily, closed at the end."""

    name: str

    async def answer(self, call: Call, desk: Desk) -> Answer:
        """Do the work. Raises CallFailed (this call), Refused (all calls) or Unusable."""
        ...

    async def close(self) -> None:
        """Give back pools, connections and temporary files."""
        ...

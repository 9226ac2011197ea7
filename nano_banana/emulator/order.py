"""One request that was accepted: how far it is, and what came of it."""

from __future__ import annotations

from asyncio import Event
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from nano_banana.core.json import JSONValue
from nano_banana.emulator.faults import Fault, Point, When
from nano_banana.emulator.payloads import Slot


class State(StrEnum):
    """How far a request is; the last three are ends."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({State.DONE, State.FAILED, State.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a request ended: the HTTP status and body of its result, the units billed, the names of its files."""

    status: int
    body: JSONValue
    units: float = 0.0
    error: str | None = None
    error_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDelivery:
    """Where a request's result is to be posted, and how far that is; `error` says why the last attempt failed."""

    url: str
    attempts: int = 0
    delivered: bool = False
    error: str | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Order:
    """An accepted request; the queue alone changes it.

    `number` counts them from 1. `base` is the address that the client knows this server by. Arguments and
    result lie in the payloads. `faults` are those that are still to strike it; times are seconds since 1970.
    """

    id: str
    number: int
    endpoint: str
    base: str
    digest: str
    given: Slot | None
    headers: Mapping[str, str]
    accepted_at: float
    faults: list[Fault]
    state: State = State.QUEUED
    started_at: float | None = None
    ended_at: float | None = None
    place: int = 0
    status: int = 0
    result: Slot | None = None
    units: float = 0.0
    error: str | None = None
    error_type: str | None = None
    answered_with: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    gone: bool = False
    watchers: list[Event] | None = None
    webhook: WebhookDelivery | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in ENDED

    @property
    def app(self) -> str:
        """Owner and application, without the path below: what addresses of a request are made of."""
        return app_of(self.endpoint)

    def fate(self, kind: str) -> Fault | None:
        """The fault of this kind that decides how it ends, if any."""
        return next((fault for fault in self.faults if fault.kind == kind and fault.when is When.FATE), None)

    def take(self, point: Point) -> Fault | None:
        """The next fault that is kept for a request of this kind, which it strikes now."""
        for fault in self.faults:
            if fault.on is point and fault.when is not When.FATE:
                self.faults.remove(fault)
                return fault
        return None

    def told(self) -> None:
        """Wake whoever watches."""
        for event in self.watchers or ():
            event.set()


def app_of(endpoint: str) -> str:
    """`fal-ai/flux` of `fal-ai/flux/dev`; a namespace (`workflows`, `comfy`) stays in front."""
    parts = endpoint.split("/")
    return "/".join(parts[: 3 if parts[0] in {"workflows", "comfy"} else 2])

"""Flows: work as a generator of calls, ignorant of who answers."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias, TypeVar

from nano_banana.core.blob import Blob
from nano_banana.core.call import Call
from nano_banana.core.errors import CallFailed
from nano_banana.core.json import JSONObject
from nano_banana.core.reply import Reply
from nano_banana.core.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Which try at a take something belongs to.

    `number` counts the chances that went before (0: the first try); `label` tells their files apart (`retry1`,
    `repair2`; empty for the first); `detail` is what was done differently (`seed`, `strength`).
    """

    number: int = 0
    label: str = ""
    detail: JSONObject = field(default_factory=dict)


FIRST = Attempt()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Calls that a stage wants answered; they may run side by side."""

    stage: str
    calls: tuple[Call, ...]
    attempt: Attempt = FIRST


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A stage's result, said as soon as it is there, with the call that made it.

    It lets the driver keep a picture although a later stage of the same chain fails. `call` is the one that the
    picture is *of* (the paid one, where there is a choice); `blob` the result.
    """

    stage: str
    blob: Blob
    call: Call
    attempt: Attempt = FIRST


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A gate's verdict on a picture."""

    stage: str
    blob: Blob
    verdict: Verdict
    attempt: Attempt = FIRST


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """The take's way ended at this stage: `why` is the gate's ruling, or `not_chosen`."""

    stage: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The whole chain ended: what each gate said of the picture that stands, in order, and where its way ended early.

    Tries that were passed over have no part in it.
    """

    words: tuple[Judged, ...] = ()
    left: Left | None = None


T = TypeVar("T")

Event: TypeAlias = Ask | Made | Judged | Ended
"""Only an Ask is answered (or a CallFailed is thrown in for it); for the others an empty tuple is sent back."""
Replies: TypeAlias = tuple[Reply, ...]
Flow: TypeAlias = Generator[Event, Replies, T]
"""A decision procedure: yields what it wants done, receives what happened, returns a result."""


def ask(stage: str, call: Call) -> Flow[Reply]:
    """Ask for one call and return its reply."""
    (reply,) = yield Ask(stage=stage, calls=(call,))
    return reply


def within(attempt: Attempt, flow: Flow[T]) -> Flow[T]:
    """The flow, with all that it asks and tells marked as part of an attempt."""
    go_on: Callable[[], Event] = partial(next, flow)
    while True:
        try:
            event = go_on()
        except StopIteration as end:
            result: T = end.value
            return result
        try:
            marked = event if isinstance(event, Ended) else replace(event, attempt=inside(attempt, event.attempt))
            go_on = partial(flow.send, (yield marked))
        except CallFailed as error:
            go_on = partial(flow.throw, error)


def inside(outer: Attempt, inner: Attempt) -> Attempt:
    """The attempt that an attempt within another is."""
    if not inner.number:
        return outer
    label = f"{outer.label}+{inner.label}" if outer.label else inner.label
    return Attempt(number=outer.number + inner.number, label=label, detail={**outer.detail, **inner.detail})

"""Flows: work as a generator of calls, and the verdicts of gates in it.

A flow knows no network, clock or cache: whoever drives it sends it the replies.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import TypeAlias, TypeVar

from nano_banana.model.call import Blob, Call, Reply
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import CallFailed


class Ruling(StrEnum):
    """What a gate says of a picture."""

    ACCEPTED = "accepted"
    UNSURE = "unsure"
    """A person looks; it is never tried again by itself."""
    REJECTED = "rejected"
    NOT_JUDGED = "not_judged"
    """Skipped on purpose: recognisers are made for photographs."""
    IMAGINED = "imagined"
    """Only in a forecast: the picture is not there yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a picture was not accepted: a kind (`too_far`, `no_face`) and its numbers."""

    kind: str
    data: JSONObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A gate's answer to one picture.

    `score` is the likeness that decided (cosine similarity, −1 to 1; of several people the lowest), `threshold`
    what it had to reach; None where there was nothing to compare. `numbers` is everything that was measured, so
    that another threshold judges again without looking.
    """

    ruling: Ruling
    score: float | None = None
    threshold: float | None = None
    reasons: Sequence[Reason] = ()
    numbers: JSONObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Which try at a take something belongs to.

    `number` counts the chances that went before (0: the first try); `label` tells their files apart (`retry1`,
    `repair2`; empty for the first); `detail` is what was done differently (`seed`, `strength`).
    """

    number: int = 0
    label: str = ""
    detail: JSONObject = field(default_factory=dict)


FIRST_ATTEMPT = Attempt()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Calls that a stage wants answered; they may run side by side."""

    stage: str
    calls: tuple[Call, ...]
    attempt: Attempt = FIRST_ATTEMPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A stage's result, said as soon as it is there, with the call that made it.

    It lets the driver keep a picture although a later stage of the same chain fails. `call` is the one that the
    picture is *of* (the paid one, where there is a choice); `blob` the result.
    """

    stage: str
    blob: Blob
    call: Call
    attempt: Attempt = FIRST_ATTEMPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A gate's verdict on a picture."""

    stage: str
    blob: Blob
    verdict: Verdict
    attempt: Attempt = FIRST_ATTEMPT


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitedEarly:
    """The take's way ended at this stage: `why` is the gate's ruling, or `not_chosen`."""

    stage: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The whole chain ended: what each gate said of the picture that stands, in order, and where its way ended early.

    Tries that were passed over have no part in it.
    """

    final_verdicts: tuple[Judged, ...] = ()
    exited_early: ExitedEarly | None = None


T = TypeVar("T")

FlowEvent: TypeAlias = Ask | Made | Judged | Ended
"""Only an Ask is answered (or a CallFailed is thrown in for it); for the others an empty tuple is sent back."""
FlowReplies: TypeAlias = tuple[Reply, ...]
Flow: TypeAlias = Generator[FlowEvent, FlowReplies, T]
"""A decision procedure: yields what it wants done, receives what happened, returns a result."""


def ask(stage: str, call: Call) -> Flow[Reply]:
    """Ask for one call and return its reply."""
    (reply,) = yield Ask(stage=stage, calls=(call,))
    return reply


def with_attempt(attempt: Attempt, flow: Flow[T]) -> Flow[T]:
    """The flow, with all that it asks and tells marked as part of an attempt."""
    go_on: Callable[[], FlowEvent] = partial(next, flow)
    while True:
        try:
            event = go_on()
        except StopIteration as end:
            result: T = end.value
            return result
        try:
            marked = (
                event if isinstance(event, Ended) else replace(event, attempt=nested_attempt(attempt, event.attempt))
            )
            go_on = partial(flow.send, (yield marked))
        except CallFailed as error:
            go_on = partial(flow.throw, error)


def nested_attempt(outer: Attempt, inner: Attempt) -> Attempt:
    """The attempt that an attempt within another is."""
    if not inner.number:
        return outer
    label = f"{outer.label}+{inner.label}" if outer.label else inner.label
    return Attempt(number=outer.number + inner.number, label=label, detail={**outer.detail, **inner.detail})

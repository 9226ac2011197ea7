"""Flows: work as a generator of calls, and the verdicts of gates in it.

A flow knows no network, clock or cache: its driver sends it the replies.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from enum import StrEnum
from functools import partial
from typing import Literal, TypeAlias, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from nano_banana.model.call import Blob, Call, Reply
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import CallFailed


class Ruling(StrEnum):
    """A gate's decision about a picture."""

    ACCEPTED = "accepted"
    UNSURE = "unsure"
    """A person decides; it is never retried automatically."""
    REJECTED = "rejected"
    NOT_JUDGED = "not_judged"
    """Skipped on purpose: face recognition is made for photographs."""
    IMAGINED = "imagined"
    """Only in a forecast: the picture doesn't exist yet."""


Decision: TypeAlias = Literal["keep", "drop"]
"""A person's decision about a take."""


class Reason(Struct, frozen=True, kw_only=True):
    """Why a picture was not accepted: a kind (`too_far`, `no_face`) and its numbers."""

    kind: str
    data: JSONObject = field(default_factory=dict)


class Verdict(Struct, frozen=True, kw_only=True):
    """A gate's verdict on one picture.

    `score` is the likeness that decided (cosine similarity, −1 to 1; the lowest of several people), `threshold` the
    value that it had to reach; None if there was nothing to compare. `numbers` has all measurements, so that other
    thresholds can be applied without measuring again.
    """

    ruling: Ruling
    score: float | None = None
    threshold: float | None = None
    reasons: Sequence[Reason] = ()
    numbers: JSONObject = field(default_factory=dict)


class Attempt(Struct, frozen=True, kw_only=True):
    """Which attempt at a take something belongs to.

    `number` is the number of attempts before (0: the first); `label` is part of file names (`retry1`, `repair2`; empty
    for the first); `detail` is what was changed (`seed`, `strength`).
    """

    number: int = 0
    label: str = ""
    detail: JSONObject = field(default_factory=dict)


FIRST_ATTEMPT = Attempt()


class Ask(Struct, frozen=True, kw_only=True):
    """Calls that a stage wants answered; they may run in parallel.

    If `stored_only`, a provider's call fails (`not_stored`) unless its reply is there already.
    """

    stage: str
    calls: tuple[Call, ...]
    attempt: Attempt = FIRST_ATTEMPT
    stored_only: bool = False


class Made(Struct, frozen=True, kw_only=True):
    """A stage's result, with the call that made it.

    With it, the driver has the picture even if a later stage of the chain fails. `call` is the call that the picture
    belongs to (the paid one, if there are several).
    """

    stage: str
    blob: Blob
    call: Call
    attempt: Attempt = FIRST_ATTEMPT


class Judged(Struct, frozen=True, kw_only=True):
    """A gate's verdict on a picture. A person's `decision` about the take overrules it."""

    stage: str
    blob: Blob
    verdict: Verdict
    attempt: Attempt = FIRST_ATTEMPT
    decision: Decision | None = None

    @property
    def counts_as(self) -> Ruling:
        """The ruling that the take goes on with."""
        return overruled(self.verdict.ruling, self.decision)


def overruled(ruling: Ruling, decision: Decision | None) -> Ruling:
    """A ruling after a person's decision: what is kept counts as accepted, what is dropped as rejected."""
    return ruling if decision is None else Ruling.ACCEPTED if decision == "keep" else Ruling.REJECTED


class ExitedEarly(Struct, frozen=True, kw_only=True):
    """The take ended at this stage; `why` is the gate's ruling, or `not_chosen`."""

    stage: str
    why: str


class Ended(Struct, frozen=True, kw_only=True):
    """The end of the chain: each gate's verdict on the final picture, in order, and where the take ended early.

    Earlier attempts are not part of it.
    """

    final_verdicts: tuple[Judged, ...] = ()
    exited_early: ExitedEarly | None = None


T = TypeVar("T")

FlowEvent: TypeAlias = Ask | Made | Judged | Ended
"""An Ask is answered with replies or by throwing CallFailed; the others with an empty tuple."""
FlowReplies: TypeAlias = tuple[Reply, ...]
Flow: TypeAlias = Generator[FlowEvent, FlowReplies, T]
"""A generator that yields events, receives replies and returns a result."""


def ask(stage: str, call: Call) -> Flow[Reply]:
    """Ask for one call and return its reply."""
    (reply,) = yield Ask(stage=stage, calls=(call,))
    return reply


def with_attempt(attempt: Attempt, flow: Flow[T], *, stored_only: bool = False) -> Flow[T]:
    """The flow, with all its events marked as part of an attempt; if `stored_only`, it buys nothing."""
    go_on: Callable[[], FlowEvent] = partial(next, flow)
    while True:
        try:
            event = go_on()
        except StopIteration as end:
            result: T = end.value
            return result
        try:
            if not isinstance(event, Ended):
                event = replace(event, attempt=nested_attempt(attempt, event.attempt))
            if stored_only and isinstance(event, Ask):
                event = replace(event, stored_only=True)
            go_on = partial(flow.send, (yield event))
        except CallFailed as error:
            go_on = partial(flow.throw, error)


def nested_attempt(outer: Attempt, inner: Attempt) -> Attempt:
    """The attempt `inner` as part of the attempt `outer`."""
    if not inner.number:
        return outer
    label = f"{outer.label}+{inner.label}" if outer.label else inner.label
    return Attempt(number=outer.number + inner.number, label=label, detail={**outer.detail, **inner.detail})

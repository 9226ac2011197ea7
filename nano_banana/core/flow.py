"""Flows: work as a generator of calls, ignorant of who answers."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeAlias
from typing import TypeVar

from nano_banana.core.blob import Blob
from nano_banana.core.call import Call
from nano_banana.core.reply import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Calls that a stage wants answered; they may run side by side."""

    stage: str
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A stage's result, said as soon as it is there, with the call that made it.

    Nothing is sent back for it (an empty tuple): it lets the driver keep a picture although a later
    stage of the same chain fails. `call` is the one that the picture is *of* (the paid one, where there
    is a choice); `blob` the result.
    """

    stage: str
    blob: Blob
    call: Call


T = TypeVar("T")

Event: TypeAlias = Ask | Made
Replies: TypeAlias = tuple[Reply, ...]
Flow: TypeAlias = Generator[Event, Replies, T]
"""A decision procedure: yields what it wants done, receives what happened, returns a result."""


def ask(stage: str, call: Call) -> Flow[Reply]:
    """Ask for one call and return its reply."""
    (reply,) = yield Ask(stage=stage, calls=(call,))
    return reply

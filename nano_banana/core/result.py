"""What became of a node: its steps, its pictures and its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from nano_banana.core.blob import Blob
from nano_banana.core.call import Call
from nano_banana.core.flow import Made
from nano_banana.core.node import Node
from nano_banana.core.problem import Problem
from nano_banana.core.reply import Reply


class Status(StrEnum):
    """How a node ended."""

    DONE = "done"
    FAILED = "failed"
    BLOCKED = "blocked"
    """Something that it waits for failed."""
    STOPPED = "stopped"
    """The run ended first: Ctrl-C, a limit, or a provider that refuses everything."""
    PLANNED = "planned"
    """Only in a forecast: not everything is in the store yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One call of a node and its reply; `cached` where the store had it."""

    stage: str
    call: Call
    reply: Reply
    cached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeResult:
    """A node's end. `pictures` holds what its stages made, also where a later one failed."""

    node: Node
    status: Status
    steps: Sequence[Step] = ()
    pictures: Sequence[Made] = ()
    result: Blob | None = None
    problems: Sequence[Problem] = ()

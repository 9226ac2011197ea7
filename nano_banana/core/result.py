"""What became of a node: its steps, its pictures and its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from nano_banana.core.blob import Blob
from nano_banana.core.call import Call
from nano_banana.core.flow import FIRST, Attempt, Judged, Left, Made
from nano_banana.core.node import End, Node
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
    attempt: Attempt = FIRST


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeResult:
    """A node's end. `pictures` holds what its stages made, also where a later one failed.

    `judged` are the verdicts in order; `words` those on the picture that stands, by gate, once its way has ended;
    `left` says where it ended early.
    """

    node: Node
    status: Status
    steps: Sequence[Step] = ()
    pictures: Sequence[Made] = ()
    judged: Sequence[Judged] = ()
    words: Sequence[Judged] = ()
    left: Left | None = None
    result: Blob | None = None
    problems: Sequence[Problem] = ()

    @property
    def end(self) -> End:
        """What others may know of it."""
        return End(
            id=self.node.id,
            card=self.node.card,
            done=self.status in {Status.DONE, Status.PLANNED},
            left=self.left.stage if self.left else "",
            rulings={word.stage: (word.verdict.ruling, word.verdict.score) for word in self.words},
        )

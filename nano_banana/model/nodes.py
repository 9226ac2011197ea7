"""The plan: nodes with flows, their dependencies, and how each ended.

`FlowTrace` collects the events of a flow while it is driven, and becomes a `NodeResult`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct, field

from nano_banana.model.call import Blob, Call, Reply
from nano_banana.model.flow import FIRST_ATTEMPT, Attempt, Ended, ExitedEarly, Flow, Judged, Made, Ruling
from nano_banana.model.problem import Problem


class NodeInfo(Struct, frozen=True, kw_only=True, array_like=True):
    """What reports say about a node. Nothing that is worked on depends on it.

    `slot` names the position in the plan with the *position* of the seed instead of its value
    (`portraits/ana/office/#0`), so that two runs can be compared after a change of seed. `template` is the name of the
    shot's template (empty: a text of its own); `cast` are the people in the picture, from left to right.
    Stores keep the fields as an array in this order, so new ones go to the end.
    """

    kind: str
    slot: str
    stage: str
    shot: str = ""
    template: str = ""
    subject: str = ""
    cast: tuple[str, ...] = ()
    axes: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None


class Node(Struct, frozen=True, kw_only=True):
    """A named flow. `after` names the nodes whose results the flow is made with."""

    id: str
    info: NodeInfo
    flow: Callable[[Mapping[str, Blob]], Flow[Blob]]
    after: tuple[str, ...] = ()


class NodeEnd(Struct, frozen=True, kw_only=True):
    """What other nodes may know about a node that ended, to choose takes by.

    `exited_early` is the stage at which it ended (empty: it went all the way); `rulings` are the gates' last verdicts
    and the likeness that decided, by stage. `done` is false if it failed or never finished.
    """

    id: str
    info: NodeInfo
    done: bool
    exited_early: str = ""
    rulings: Mapping[str, tuple[Ruling, float | None]] = field(default_factory=dict)


NodeEnds: TypeAlias = Mapping[str, NodeEnd]
"""Ends by their nodes' ids."""


class Group(Struct, frozen=True, kw_only=True):
    """Take nodes that wait for the same nodes, created one by one on demand.

    If it has `after_groups`, the ends of their nodes decide which nodes this group has; these have the ids of the nodes
    that they continue. `count` is then the maximum.
    """

    name: str
    after: tuple[str, ...]
    count: int
    nodes: Callable[[NodeEnds], Iterator[Node]]
    after_groups: tuple[str, ...] = ()


class Plan(Struct, frozen=True, kw_only=True):
    """Everything that a run would do: first the nodes that others wait for, then groups of takes.

    `files` are the paths of bytes that came from the user and not from a call (digest → path). `limits` is how many
    calls of a kind run at once.
    """

    recipe: str
    roots: Sequence[Node]
    groups: Sequence[Group]
    files: Mapping[str, Path]
    limits: Mapping[str, int] = field(default_factory=dict)
    budget_usd: float | None = None

    @property
    def takes(self) -> int:
        """How many takes the plan has."""
        return sum(group.count for group in self.groups if not group.after_groups)


class NodeStatus(StrEnum):
    """How a node ended."""

    DONE = "done"
    FAILED = "failed"
    BLOCKED = "blocked"
    """A node that it waits for failed."""
    STOPPED = "stopped"
    """The run ended first: Ctrl-C, a limit, or a provider that refuses everything."""
    PLANNED = "planned"
    """Only in a forecast: some calls are not in the store yet."""


class Step(Struct, frozen=True, kw_only=True):
    """One call of a node and its reply; `cached` if the store had it."""

    stage: str
    call: Call
    reply: Reply
    cached: bool
    attempt: Attempt = FIRST_ATTEMPT


class NodeResult(Struct, frozen=True, kw_only=True):
    """How a node ended. `pictures` are the results of its stages, even if a later stage failed.

    `judged` are all verdicts in order, `final_verdicts` those on the final picture, one per gate.
    `exited_early` is set if the take ended before its last stage.
    """

    node: Node
    status: NodeStatus
    steps: Sequence[Step] = ()
    pictures: Sequence[Made] = ()
    judged: Sequence[Judged] = ()
    final_verdicts: Sequence[Judged] = ()
    exited_early: ExitedEarly | None = None
    result: Blob | None = None
    problems: Sequence[Problem] = ()

    @property
    def end(self) -> NodeEnd:
        """What other nodes may know about it."""
        return NodeEnd(
            id=self.node.id,
            info=self.node.info,
            done=self.status in {NodeStatus.DONE, NodeStatus.PLANNED},
            exited_early=self.exited_early.stage if self.exited_early else "",
            rulings={word.stage: (word.counts_as, word.verdict.score) for word in self.final_verdicts},
        )


class FlowTrace(Struct):
    """Collects the events of one flow."""

    steps: list[Step] = field(default_factory=list)
    pictures: list[Made] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)
    end: Ended = field(default_factory=Ended)

    def note(self, event: Made | Judged | Ended) -> None:
        """Collect an event that needs no answer."""
        match event:
            case Made():
                self.pictures.append(event)
            case Judged():
                self.judged.append(event)
            case Ended():
                self.end = event

    def ended(
        self, node: Node, status: NodeStatus, result: Blob | None, problems: Sequence[Problem] = ()
    ) -> NodeResult:
        """The node's result."""
        return NodeResult(
            node=node,
            status=status,
            steps=self.steps,
            pictures=self.pictures,
            judged=self.judged,
            final_verdicts=self.end.final_verdicts,
            exited_early=self.end.exited_early,
            result=result,
            problems=problems,
        )

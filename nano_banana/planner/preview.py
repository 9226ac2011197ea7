"""Drives a plan against the cache alone.

Flows are driven in waves, with one look-up of all the keys that a wave asks for. Where the cache has
no answer, an invented one lets the flow go on, so that everything behind it is counted as well.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from itertools import islice

from nano_banana.core.blob import Blob
from nano_banana.core.call import Call
from nano_banana.core.errors import CallFailed
from nano_banana.core.errors import trouble
from nano_banana.core.flow import Ask
from nano_banana.core.flow import Event
from nano_banana.core.flow import Flow
from nano_banana.core.flow import Made
from nano_banana.core.node import Node
from nano_banana.core.node import Plan
from nano_banana.core.reply import Reply
from nano_banana.core.result import NodeResult
from nano_banana.core.result import Status
from nano_banana.core.result import Step

WAVE = 512
"""Nodes that are driven side by side: enough to make look-ups few, few enough to keep memory flat."""

Lookup = Callable[[Sequence[str]], Mapping[str, Reply]]
Invent = Callable[[Call], Reply]


@dataclass(slots=True)
class _Walk:
    """A flow under way; the one place where a preview keeps state."""

    node: Node
    flow: Flow[Blob]
    event: Event | None = None
    steps: list[Step] = field(default_factory=list)
    pictures: list[Made] = field(default_factory=list)
    result: Blob | None = None
    failed: CallFailed | None = None

    def go_on(self, replies: tuple[Reply, ...] | None) -> None:
        """Send replies (None: begin) and stop at the next calls, noting what was made on the way."""
        try:
            self.event = next(self.flow) if replies is None else self.flow.send(replies)
            while isinstance(self.event, Made):
                self.pictures.append(self.event)
                self.event = self.flow.send(())
        except StopIteration as end:
            self.event, self.result = None, end.value
        except CallFailed as error:
            self.event, self.failed = None, error

    def end(self) -> NodeResult:
        """How the node would end."""
        cached = all(step.cached for step in self.steps)
        status = Status.FAILED if self.failed else Status.DONE if cached else Status.PLANNED
        return NodeResult(
            node=self.node,
            status=status,
            steps=self.steps,
            pictures=self.pictures,
            result=self.result,
            problems=self.failed.problems if self.failed else (),
        )


def preview(plan: Plan, lookup: Lookup, invent: Invent) -> Iterator[NodeResult]:
    """How each node of the plan would end today: roots first, then the takes in order."""
    results: dict[str, Blob] = {}
    for done in _drive(plan.roots, results, lookup, invent):
        if done.result is not None:
            results[done.node.id] = done.result
        yield done
    for group in plan.groups:
        nodes = group.nodes()
        while wave := list(islice(nodes, WAVE)):
            yield from _drive(wave, results, lookup, invent)


def _drive(nodes: Iterable[Node], results: Mapping[str, Blob], lookup: Lookup, invent: Invent) -> Iterator[NodeResult]:
    """Drive nodes side by side. Those that wait for what failed are blocked, as they would be in a run."""
    walks = []
    for node in nodes:
        lost = [name for name in node.after if name not in results]
        if lost:
            problem = trouble("waits_for_failed", names=", ".join(lost))
            yield NodeResult(node=node, status=Status.BLOCKED, problems=(problem,))
        else:
            walks.append(_Walk(node, node.flow(results)))
    for walk in walks:
        walk.go_on(None)
    while asking := [(walk, walk.event) for walk in walks if isinstance(walk.event, Ask)]:
        known = lookup([call.key for _, ask in asking for call in ask.calls if not call.imagined])
        for walk, ask in asking:
            steps = [_step(ask.stage, call, known, invent) for call in ask.calls]
            walk.steps += steps
            walk.go_on(tuple(step.reply for step in steps))
    for walk in walks:
        yield walk.end()


def _step(stage: str, call: Call, known: Mapping[str, Reply], invent: Invent) -> Step:
    reply = known.get(call.key)
    if reply is None:
        return Step(stage=stage, call=call, reply=invent(call), cached=False)
    return Step(stage=stage, call=call, reply=reply, cached=True)

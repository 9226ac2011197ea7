"""Drives a plan against the cache alone.

Flows are driven in waves, with one look-up of all the keys that a wave asks for. Where the cache has
no answer, that of an earlier version of the code or an invented one lets the flow go on, so that
everything behind it is counted as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from nano_banana.core.blob import Blob
from nano_banana.core.call import Call
from nano_banana.core.errors import CallFailed, trouble
from nano_banana.core.flow import Ask, Event, Flow
from nano_banana.core.node import End, Node, Plan
from nano_banana.core.reply import Reply
from nano_banana.core.result import NodeResult, Status, Step
from nano_banana.core.told import Told

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
    told: Told = field(default_factory=Told)
    result: Blob | None = None
    failed: CallFailed | None = None

    def go_on(self, replies: tuple[Reply, ...] | None) -> None:
        """Send replies (None: begin) and stop at the next calls, noting what was told on the way."""
        try:
            self.event = next(self.flow) if replies is None else self.flow.send(replies)
            while not isinstance(self.event, Ask):
                self.told.note(self.event)
                self.event = self.flow.send(())
        except StopIteration as end:
            self.event, self.result = None, end.value
        except CallFailed as error:
            self.event, self.failed = None, error

    def end(self) -> NodeResult:
        """How the node would end."""
        cached = all(step.cached for step in self.told.steps)
        status = Status.FAILED if self.failed else Status.DONE if cached else Status.PLANNED
        return self.told.ended(self.node, status, self.result, self.failed.problems if self.failed else ())


def preview(plan: Plan, lookup: Lookup, invent: Invent) -> Iterator[NodeResult]:
    """How each node of the plan would end today: roots first, then the takes in order.

    A node that is taken up again by a group that waits is yielded again, further on its way.
    """
    results: dict[str, Blob] = {}
    for done in _drive(plan.roots, results, lookup, invent):
        if done.result is not None:
            results[done.node.id] = done.result
        yield done
    ends: dict[str, dict[str, End]] = {name: {} for group in plan.groups for name in group.waits}
    for group in plan.groups:
        nodes = group.nodes({name: end for before in group.waits for name, end in ends[before].items()})
        while wave := list(islice(nodes, WAVE)):
            for done in _drive(wave, results, lookup, invent):
                if group.name in ends:
                    ends[group.name][done.node.id] = done.end
                yield done


def _drive(nodes: Iterable[Node], results: Mapping[str, Blob], lookup: Lookup, invent: Invent) -> Iterator[NodeResult]:
    """Drive nodes side by side. Those that wait for what failed are blocked, as they would be in a run."""
    walks = []
    for node in nodes:
        lost = [name for name in node.after if name not in results]
        if lost:
            blocked = trouble("waits_for_failed", names=", ".join(lost))
            yield NodeResult(node=node, status=Status.BLOCKED, problems=(blocked,))
        else:
            walks.append(_Walk(node, node.flow(results)))
    for walk in walks:
        walk.go_on(None)
    while asking := [(walk, walk.event) for walk in walks if isinstance(walk.event, Ask)]:
        calls = [call for _, ask in asking for call in ask.calls if not call.imagined]
        known = lookup([key for call in calls for key in (call.key, *_earlier(call))])
        for walk, ask in asking:
            steps = [_step(ask, call, known, invent) for call in ask.calls]
            walk.told.steps += steps
            walk.go_on(tuple(step.reply for step in steps))
    for walk in walks:
        yield walk.end()


def _step(ask: Ask, call: Call, known: Mapping[str, Reply], invent: Invent) -> Step:
    reply = known.get(call.key)
    cached = reply is not None
    if reply is None and not call.imagined:
        # What is done again since its code has changed mostly gives the same, so that what is behind it stays there.
        reply = next((known[key] for key in _earlier(call) if key in known), None)
    return Step(stage=ask.stage, call=call, reply=reply or invent(call), cached=cached, attempt=ask.attempt)


def _earlier(call: Call) -> tuple[str, ...]:
    """The keys that this machine's own call had before its code was changed, the last one first."""
    before = range(call.revision - 1, 0, -1) if call.provider == "compute" else ()
    return tuple(replace(call, revision=revision).key for revision in before)

"""Drive a plan against the cache alone.

Flows are driven in waves, with one look-up of all the keys that a wave asks for. Where the cache has no reply, that of
an earlier revision of the code or an imagined one lets the flow go on, so that everything behind it is counted too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice

from msgspec import Struct, field
from msgspec.structs import replace

from nano_banana.catalog.catalog import Catalog
from nano_banana.model.call import COMPUTE, Blob, Call, Reply, imagined_blob
from nano_banana.model.flow import Ask, Flow, FlowEvent
from nano_banana.model.nodes import FlowTrace, Node, NodeEnd, NodeResult, NodeStatus, Plan, Step
from nano_banana.model.problem import CallFailed, problem
from nano_banana.stages.stage_registry import imagined_reply

IMAGINED_PATHS = ("arguments/box", "arguments/image_size")
"""Arguments that hold imagined data in a forecast, so a difference there means nothing."""


def reply_imaginer(catalog: Catalog) -> Callable[[Call], Reply]:
    """A function that invents a call's reply: the right places, imagined bytes, no cost."""

    def invent(call: Call) -> Reply:
        if call.provider == COMPUTE:
            reply = imagined_reply(call.endpoint)
            files = {name: imagined_blob(f"{call.key}/{name}", media=reply.media) for name in reply.files}
            return Reply(data=reply.data, files=files)
        endpoint = catalog.get(call.endpoint)
        places = ("image",) if endpoint is None else endpoint.makes
        names = [place.replace("*", "0") for place in places]
        return Reply(
            data={}, files={name: imagined_blob(f"{call.key}/{name}", media=_media_type(name)) for name in names}
        )

    return invent


def _media_type(place: str) -> str:
    return "image/png" if place.startswith("image") else "application/octet-stream"


WAVE_SIZE = 512
"""Nodes that are driven together: enough for few look-ups, and few enough for little memory."""

ReplyLookup = Callable[[Sequence[str]], Mapping[str, Reply]]
ReplyImaginer = Callable[[Call], Reply]


class _FlowRun(Struct):
    """A flow that has begun; the only place where a preview keeps state."""

    node: Node
    flow: Flow[Blob]
    event: FlowEvent | None = None
    trace: FlowTrace = field(default_factory=FlowTrace)
    result: Blob | None = None
    failed: CallFailed | None = None

    def go_on(self, replies: tuple[Reply, ...] | None) -> None:
        """Send replies (None: begin), note the events that follow, and stop at the next calls."""
        self._go_on(partial(next, self.flow) if replies is None else partial(self.flow.send, replies))

    def throw(self, error: CallFailed) -> None:
        """Tell the flow that its calls failed, and go on in the same way."""
        self._go_on(partial(self.flow.throw, error))

    def _go_on(self, step: Callable[[], FlowEvent]) -> None:
        try:
            self.event = step()
            while not isinstance(self.event, Ask):
                self.trace.note(self.event)
                self.event = self.flow.send(())
        except StopIteration as end:
            self.event, self.result = None, end.value
        except CallFailed as error:
            self.event, self.failed = None, error

    def end(self) -> NodeResult:
        """How the node would end."""
        cached = all(step.cached for step in self.trace.steps)
        status = NodeStatus.FAILED if self.failed else NodeStatus.DONE if cached else NodeStatus.PLANNED
        return self.trace.ended(self.node, status, self.result, self.failed.problems if self.failed else ())


def preview(plan: Plan, lookup: ReplyLookup, invent: ReplyImaginer) -> Iterator[NodeResult]:
    """How each node of the plan would end today: roots first, then the takes in order.

    A take that goes on after a choice is yielded again, as it ends then.
    """
    results: dict[str, Blob] = {}
    for done in _drive(plan.roots, results, lookup, invent):
        if done.result is not None:
            results[done.node.id] = done.result
        yield done
    ends: dict[str, dict[str, NodeEnd]] = {name: {} for group in plan.groups for name in group.after_groups}
    for group in plan.groups:
        nodes = group.nodes({name: end for before in group.after_groups for name, end in ends[before].items()})
        while wave := list(islice(nodes, WAVE_SIZE)):
            for done in _drive(wave, results, lookup, invent):
                if group.name in ends:
                    ends[group.name][done.node.id] = done.end
                yield done


def _drive(
    nodes: Iterable[Node], results: Mapping[str, Blob], lookup: ReplyLookup, invent: ReplyImaginer
) -> Iterator[NodeResult]:
    """Drive nodes side by side. Those that wait for what failed are blocked, as they would be in a run."""
    runs = []
    for node in nodes:
        lost = [name for name in node.after if name not in results]
        if lost:
            blocked = problem("waits_for_failed", names=", ".join(lost))
            yield NodeResult(node=node, status=NodeStatus.BLOCKED, problems=(blocked,))
        else:
            runs.append(_FlowRun(node, node.flow(results)))
    for run in runs:
        run.go_on(None)
    while asking := [(run, run.event) for run in runs if isinstance(run.event, Ask)]:
        calls = [call for _, ask in asking for call in ask.calls if not call.imagined]
        known = lookup([key for call in calls for key in (call.key, *_earlier_keys(call))])
        for run, ask in asking:
            steps = [_step_for(ask, call, known, invent) for call in ask.calls]
            if ask.stored_only and any(not step.cached and step.call.provider != COMPUTE for step in steps):
                run.throw(CallFailed([problem("not_stored", endpoint=ask.calls[0].endpoint)]))
                continue
            run.trace.steps += steps
            run.go_on(tuple(step.reply for step in steps))
    for run in runs:
        yield run.end()


def _step_for(ask: Ask, call: Call, known: Mapping[str, Reply], invent: ReplyImaginer) -> Step:
    reply = known.get(call.key)
    cached = reply is not None
    if reply is None and not call.imagined:
        # What is done again since its code has changed mostly gives the same, so that what is behind it stays there.
        reply = next((known[key] for key in _earlier_keys(call) if key in known), None)
    return Step(stage=ask.stage, call=call, reply=reply or invent(call), cached=cached, attempt=ask.attempt)


def _earlier_keys(call: Call) -> tuple[str, ...]:
    """The keys that this machine's own call had before its code was changed, the last one first."""
    before = range(call.revision - 1, 0, -1) if call.provider == COMPUTE else ()
    return tuple(replace(call, revision=revision).key for revision in before)

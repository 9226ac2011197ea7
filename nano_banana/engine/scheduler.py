"""Runs a plan: root nodes first, takes as soon as they can start.

Each node is one task, in a window of bounded size, with no barrier between takes. A group of takes waits for its roots
(and for the groups that its takes are chosen from) and then feeds the window. Nodes ask for calls, and `CallResolver`
answers them. A failed node is reported and the others go on. An error that ends the run stops new calls, and calls
under way are completed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from nano_banana.engine.call_resolver import CallResolver
from nano_banana.engine.run_control import EnginePolicy, Halt
from nano_banana.model.call import Blob, Reply
from nano_banana.model.event import Event, EventHandler, EventKind
from nano_banana.model.flow import Ask
from nano_banana.model.nodes import FlowTrace, Group, Node, NodeEnd, NodeEnds, NodeResult, NodeStatus, Plan, Step
from nano_banana.model.problem import CallFailed, NanoBananaError, Problem, problem
from nano_banana.model.ticket import Requester

ResultHandler = Callable[[NodeResult], None]


class Scheduler:
    """One run of one plan."""

    def __init__(
        self, resolver: CallResolver, policy: EnginePolicy, halt: Halt, on_event: EventHandler, on_result: ResultHandler
    ) -> None:
        """`halt` is set by what ends the run; `on_result` gets each node's result as it ends."""
        self._resolver = resolver
        self._halt = halt
        self._on_event = on_event
        self._on_result = on_result
        self._window = asyncio.Semaphore(max(32, 4 * sum(policy.limits.values())))
        self._roots: dict[str, asyncio.Future[Blob | None]] = {}
        self._over: dict[str, asyncio.Event] = {}
        self._ends: dict[str, dict[str, NodeEnd]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._recipe = ""

    async def run(self, plan: Plan, *, known: NodeEnds | None = None) -> NanoBananaError | None:
        """Drive every node, except those whose end is `known`. Returns the reason for halting, or None.

        Raises asyncio.CancelledError if the run is cancelled; calls under way are then abandoned.
        """
        loop = asyncio.get_running_loop()
        self._recipe = plan.recipe
        self._roots = {node.id: loop.create_future() for node in plan.roots}
        self._over = {group.name: asyncio.Event() for group in plan.groups}
        # Only of groups that others wait for, since there may be a hundred thousand takes.
        self._ends = {name: {} for group in plan.groups for name in group.after_groups}
        feeders = [asyncio.create_task(self._root(node)) for node in plan.roots]
        feeders += [asyncio.create_task(self._feed(group, known or {})) for group in plan.groups]
        try:
            await asyncio.gather(*feeders)
        except BaseException:
            for task in (*feeders, *self._tasks):
                task.cancel()
            await asyncio.gather(*feeders, *self._tasks, return_exceptions=True)
            raise
        return self._halt.reason

    async def _root(self, node: Node) -> None:
        self._roots[node.id].set_result(await self._end(node, {}))

    async def _feed(self, group: Group, known: NodeEnds) -> None:
        """Once a group's dependencies are done, feed its nodes to the window and wait for their end."""
        waited = {name: await self._roots[name] for name in group.after}
        for name in group.after_groups:
            await self._over[name].wait()
        tasks: set[asyncio.Task[None]] = set()
        try:
            await self._begin(group, known, {name: blob for name, blob in waited.items() if blob is not None}, tasks)
        except Exception as error:  # noqa: BLE001 - a bug must not lose calls under way
            self._halt.stop_for(error)
        while tasks:
            await asyncio.wait(tasks)
        self._over[group.name].set()

    async def _begin(
        self, group: Group, known: NodeEnds, results: dict[str, Blob], tasks: set[asyncio.Task[None]]
    ) -> None:
        if group.after_groups and self._halt.reason:
            # Takes can only be chosen once all are judged.
            return
        ends = {name: end for before in group.after_groups for name, end in self._ends[before].items()}
        failed = [name for name in group.after if name not in results]
        for node in group.nodes(ends):
            if node.id in known and not group.after_groups:
                self._note(group.name, known[node.id])
                continue
            if failed or self._halt.reason:
                self._on_result(_not_started(node, failed, self._halt.reason))
                continue
            await self._window.acquire()
            task = asyncio.create_task(self._take(node, results, group.name))
            for running in (tasks, self._tasks):
                running.add(task)
                task.add_done_callback(running.discard)

    def _note(self, group: str, end: NodeEnd) -> None:
        if group in self._ends:
            self._ends[group][end.id] = end

    async def _take(self, node: Node, results: dict[str, Blob], group: str) -> None:
        try:
            await self._end(node, results, group)
        finally:
            self._window.release()

    async def _end(self, node: Node, results: dict[str, Blob], group: str = "") -> Blob | None:
        """Drive a node and report its end. An error other than a failed call ends the run."""
        try:
            result = await self._drive(node, results)
            self._note(group, result.end)
            self._on_result(result)
        except Exception as error:  # noqa: BLE001 - the other nodes must end in good order
            self._halt.stop_for(error)
            return None
        return result.result

    async def _drive(self, node: Node, results: dict[str, Blob]) -> NodeResult:
        """Drive a node's flow to its end."""
        trace = FlowTrace()
        result: Blob | None = None
        problems: Sequence[Problem] = ()
        status = NodeStatus.DONE
        try:
            result = await self._follow(node, results, trace)
        except NanoBananaError as error:
            halted = self._halt.reason is error or not isinstance(error, CallFailed)
            status = NodeStatus.STOPPED if halted else NodeStatus.FAILED
            problems = error.problems
        if status is not NodeStatus.STOPPED:
            kind: EventKind = "node_done" if status is NodeStatus.DONE else "node_failed"
            why = {**problems[0].data, "kind": problems[0].kind} if problems else {}
            self._on_event(Event(kind=kind, stage=node.info.stage, node=node.id, data=why))
        return trace.ended(node, status, result, problems)

    async def _follow(self, node: Node, results: Mapping[str, Blob], trace: FlowTrace) -> Blob:
        """Drive the flow to its result, and trace its events."""
        flow = node.flow(results)
        try:
            event = next(flow)
            while True:
                if isinstance(event, Ask):
                    try:
                        replies = await self._answers(event, node, trace.steps)
                    except CallFailed as error:
                        event = flow.throw(error)
                    else:
                        event = flow.send(replies)
                else:
                    trace.note(event)
                    event = flow.send(())
        except StopIteration as end:
            made: Blob = end.value
            return made

    async def _answers(self, ask: Ask, node: Node, steps: list[Step]) -> tuple[Reply, ...]:
        requester = Requester(recipe=self._recipe, stage=ask.stage, node=node.id, subject=node.info.subject)
        resolve = self._resolver.answer_if_stored if ask.stored_only else self._resolver.answer
        asked = [resolve(call, requester) for call in ask.calls]
        # If one fails, the others end first, so that none goes on unobserved.
        answers = [await asked[0]] if len(asked) == 1 else await asyncio.gather(*asked, return_exceptions=True)
        replies, errors = [], []
        for call, answer in zip(ask.calls, answers, strict=True):
            if isinstance(answer, BaseException):
                errors.append(answer)
                continue
            reply, cached = answer
            replies.append(reply)
            steps.append(Step(stage=ask.stage, call=call, reply=reply, cached=cached, attempt=ask.attempt))
        for error in errors:
            raise error
        return tuple(replies)


def _not_started(node: Node, failed: list[str], reason: NanoBananaError | None) -> NodeResult:
    if reason is not None:
        return NodeResult(node=node, status=NodeStatus.STOPPED, problems=reason.problems)
    blocked = problem("waits_for_failed", names=", ".join(failed))
    return NodeResult(node=node, status=NodeStatus.BLOCKED, problems=(blocked,))

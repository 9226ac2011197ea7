"""The engine on plans of its own: no recipe, a real store, providers that misbehave on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from nano_banana.engine.async_store import Batcher, heartbeat
from nano_banana.engine.call_resolver import CallResolver
from nano_banana.engine.provider_dispatch import InputFiles
from nano_banana.engine.run_control import EnginePolicy, Halt
from nano_banana.engine.scheduler import Scheduler
from nano_banana.model.call import Blob, Call
from nano_banana.model.event import Event
from nano_banana.model.flow import Ask, Flow, ask
from nano_banana.model.nodes import Group, Node, NodeEnds, NodeInfo, NodeResult, NodeStatus, Plan
from nano_banana.model.problem import CallFailed, NanoBananaError, Stopped, Unusable, problem
from nano_banana.model.provider_protocol import Answer, AnswerFile, CallContext
from nano_banana.model.ticket import Requester
from nano_banana.store.claims import owner_id
from nano_banana.store.local_store import Store

Act = Callable[[Call], Awaitable[None]]


@dataclass
class Actor:
    """A provider that does what the test says before it answers with the call's own name."""

    act: Act
    name: str = "local"
    asked: list[str] = field(default_factory=list)
    closed: bool = False

    async def answer(self, call: Call, context: CallContext) -> Answer:
        """Note, act, answer."""
        self.asked.append(call.endpoint)
        for blob in call.inputs.values():
            context.path(blob)
        await self.act(call)
        return Answer(data={}, files={"image": AnswerFile(data=call.key.encode(), media="image/png")})

    async def close(self) -> None:
        """Note it."""
        self.closed = True


async def at_once(_call: Call) -> None:
    """Nothing."""


@dataclass
class Stage:
    """A store, an actor and what came of it."""

    store: Store
    actor: Actor = field(default_factory=lambda: Actor(at_once))
    results: dict[str, NodeResult] = field(default_factory=dict)
    news: list[Event] = field(default_factory=list)
    halt: Halt = field(default_factory=Halt)

    async def play(self, plan: Plan, *, parallel: int = 4) -> NanoBananaError | None:
        """Drive the plan to its end."""
        answering = self.answering(parallel=parallel, files=plan.files)
        engine = Scheduler(answering, self.policy(parallel), self.halt, self.news.append, self._ended)
        try:
            return await engine.run(plan)
        finally:
            await answering.close()

    def answering(self, *, parallel: int = 4, files: Mapping[str, Path] | None = None) -> CallResolver:
        """An answering of this stage's."""
        context = InputFiles(self.store, files or {})
        return CallResolver(self.policy(parallel), context, self.news.append, "run", self.halt)

    def policy(self, parallel: int) -> EnginePolicy:
        """One kind of call, `parallel` at once."""
        return EnginePolicy(
            providers={"local": lambda: self.actor}, kind_of=lambda _call: "image", limits={"image": parallel}
        )

    def _ended(self, result: NodeResult) -> None:
        self.results[result.node.id] = result

    def statuses(self) -> dict[str, str]:
        """Node → status."""
        return {name: str(result.status) for name, result in self.results.items()}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A stage with an empty store."""
    with Store.open(tmp_path / "store") as store:
        yield Stage(store)


def call(endpoint: str, **inputs: Blob) -> Call:
    """A call without arguments."""
    return Call(provider="local", endpoint=endpoint, arguments={}, inputs=inputs)


def node(name: str, *endpoints: str, after: tuple[str, ...] = ()) -> Node:
    """A node that makes its calls one after another, each with the last one's file."""

    def flow(results: Mapping[str, Blob]) -> Flow[Blob]:
        blob = results[after[0]] if after else None
        for endpoint in endpoints or (name,):
            reply = yield from ask("takes", call(endpoint) if blob is None else call(endpoint, before=blob))
            blob = reply.files["image"]
        assert blob is not None
        return blob

    return Node(id=name, info=NodeInfo(kind="take", slot=name, stage="takes"), flow=flow, after=after)


def only(one: Node) -> Callable[[NodeEnds], Iterator[Node]]:
    """The nodes of a group that has one."""
    return lambda _ends: iter([one])


def plan_of(*nodes: Node, roots: tuple[Node, ...] = ()) -> Plan:
    """A plan of one group for each node."""
    groups = [Group(name=each.id, after=each.after, count=1, nodes=only(each)) for each in nodes]
    return Plan(recipe="r", roots=roots, groups=groups, files={})


def test_roots_go_first_and_takes_get_their_results(stage: Stage) -> None:
    halted = asyncio.run(stage.play(plan_of(node("a", after=("root",)), node("b"), roots=(node("root"),))))
    assert halted is None
    assert stage.statuses() == {"root": "done", "a": "done", "b": "done"}
    assert stage.actor.closed
    assert stage.actor.asked.index("root") < stage.actor.asked.index("a")


def test_a_root_that_fails_blocks_those_behind_it_alone(stage: Stage) -> None:
    async def fail(asked: Call) -> None:
        if asked.endpoint == "root":
            raise CallFailed([problem("no_result", endpoint="root", expected="x")])

    stage.actor = Actor(fail)
    assert asyncio.run(stage.play(plan_of(node("a", after=("root",)), node("b"), roots=(node("root"),)))) is None
    assert stage.statuses() == {"root": "failed", "a": "blocked", "b": "done"}
    failed = [news for news in stage.news if news.kind == "node_failed"]
    assert [(news.node, news.data["kind"]) for news in failed] == [("root", "no_result")]


def test_the_same_call_asked_twice_at_once_is_made_once_and_fails_once(stage: Stage) -> None:
    async def slow(asked: Call) -> None:
        await asyncio.sleep(0.02)
        if asked.endpoint == "bad":
            raise CallFailed([problem("no_result", endpoint="bad", expected="x")])

    stage.actor = Actor(slow)
    nodes = [node("a", "good", "bad"), node("b", "good"), node("c", "bad"), node("d", "slow", "bad")]
    asyncio.run(stage.play(plan_of(*nodes)))
    assert stage.statuses() == {"a": "failed", "b": "done", "c": "failed", "d": "failed"}
    assert sorted(stage.actor.asked) == ["bad", "bad", "bad", "good", "slow"]  # with three different files
    assert sum(news.kind == "failed" for news in stage.news) == 3


def test_a_call_that_failed_fails_again_without_being_made(stage: Stage) -> None:
    async def fail(_call: Call) -> None:
        raise CallFailed([problem("no_result", endpoint="x", expected="x")])

    async def story() -> None:
        stage.actor = Actor(fail)
        answering = stage.answering()
        for _ in range(2):
            with pytest.raises(CallFailed):
                await answering.answer(call("x"), Requester(stage="takes", node="a"))
        await answering.close()

    asyncio.run(story())
    assert stage.actor.asked == ["x"]


def test_one_who_asked_too_makes_the_call_where_the_first_is_cancelled(stage: Stage) -> None:
    async def story() -> None:
        begun = asyncio.Event()

        async def first_hangs(_call: Call) -> None:
            if len(stage.actor.asked) == 1:
                begun.set()
                await asyncio.sleep(60)

        stage.actor = Actor(first_hangs)
        answering = stage.answering()
        first = asyncio.create_task(answering.answer(call("x"), Requester(stage="takes", node="a")))
        await begun.wait()
        second = asyncio.create_task(answering.answer(call("x"), Requester(stage="takes", node="b")))
        third = asyncio.create_task(answering.answer(call("x"), Requester(stage="takes", node="c")))
        await asyncio.sleep(0)
        third.cancel()
        first.cancel()
        reply, cached = await second
        assert (reply.files["image"].size, cached) == (64, False)
        for task in (first, third):
            with pytest.raises(asyncio.CancelledError):
                await task
        await answering.close()

    asyncio.run(story())
    assert stage.actor.asked == ["x", "x"]


def test_of_calls_side_by_side_one_that_fails_lets_the_others_end(stage: Stage) -> None:
    async def fail(asked: Call) -> None:
        if asked.endpoint == "bad":
            raise CallFailed([problem("no_result", endpoint="bad", expected="x")])
        await asyncio.sleep(0.02)

    def flow(_results: Mapping[str, Blob]) -> Flow[Blob]:
        replies = yield Ask(stage="takes", calls=(call("bad"), call("good"), call("fine")))
        return replies[0].files["image"]

    stage.actor = Actor(fail)
    many = Node(id="many", info=NodeInfo(kind="take", slot="many", stage="takes"), flow=flow)
    asyncio.run(stage.play(plan_of(many)))
    assert stage.statuses() == {"many": "failed"}
    assert [step.call.endpoint for step in stage.results["many"].steps] == ["good", "fine"]
    assert set(stage.store.replies.get([call("good").key, call("fine").key])) == {call("good").key, call("fine").key}


def test_what_ends_the_run_begins_nothing_more_and_keeps_what_is_under_way(stage: Stage) -> None:
    async def refuse(asked: Call) -> None:
        await asyncio.sleep(0.01 if asked.endpoint == "b" else 0.05)
        if asked.endpoint == "b":
            raise Unusable([problem("store_full", folder="x", reason="y")])

    stage.actor = Actor(refuse)
    halted = asyncio.run(stage.play(plan_of(*(node(name) for name in "abcdef")), parallel=2))
    assert isinstance(halted, Unusable)
    assert stage.statuses() == {"a": "done", **dict.fromkeys("bcdef", "stopped")}
    assert stage.actor.asked == ["a", "b"]
    assert not [news for news in stage.news if news.kind == "node_failed"]


def test_a_bug_in_a_flow_ends_the_run_in_good_order(stage: Stage) -> None:
    def flow(_results: Mapping[str, Blob]) -> Flow[Blob]:
        yield from ask("takes", call("first"))
        raise ZeroDivisionError

    async def slow(asked: Call) -> None:
        await asyncio.sleep(0.05 if asked.endpoint == "slow" else 0)

    stage.actor = Actor(slow)
    bad = Node(id="bad", info=NodeInfo(kind="take", slot="bad", stage="takes"), flow=flow)
    halted = asyncio.run(stage.play(plan_of(bad, node("slow"))))
    assert isinstance(stage.halt.bug, ZeroDivisionError)
    assert halted is stage.halt.reason
    assert stage.statuses() == {"slow": "done"}


def test_a_bug_in_a_root_or_in_the_making_of_nodes_does_not_hang_the_run(stage: Stage) -> None:
    def broken(_results: Mapping[str, Blob]) -> Flow[Blob]:
        raise LookupError

    def nodes(_ends: NodeEnds) -> Iterator[Node]:
        yield node("b")
        raise ZeroDivisionError

    root = Node(id="root", info=NodeInfo(kind="adapter", slot="root", stage="x"), flow=broken)
    groups = [Group(name="a", after=("root",), count=1, nodes=only(node("a", after=("root",))))]
    groups.append(Group(name="b", after=(), count=2, nodes=nodes))
    asyncio.run(asyncio.wait_for(stage.play(Plan(recipe="r", roots=[root], groups=groups, files={})), 5))
    assert stage.halt.bug is not None
    assert stage.results["a"].status is NodeStatus.STOPPED


def test_an_end_that_can_not_be_noted_ends_the_run(stage: Stage) -> None:
    def full(_result: NodeResult) -> None:
        raise Unusable([problem("target_full", folder="x", reason="y")])

    async def story() -> NanoBananaError | None:
        answering = stage.answering()
        engine = Scheduler(answering, stage.policy(4), stage.halt, stage.news.append, full)
        try:
            return await engine.run(plan_of(node("a"), roots=(node("root"),)))
        finally:
            await answering.close()

    assert isinstance(asyncio.run(story()), Unusable)


def test_what_is_known_is_skipped_and_a_user_s_stop_is_heard(stage: Stage) -> None:
    async def stop(_call: Call) -> None:
        stage.halt.interrupt()

    stage.actor = Actor(stop)
    halted = asyncio.run(stage.play(plan_of(node("a"), node("b")), parallel=1))
    assert isinstance(halted, Stopped)
    assert sorted(stage.statuses().values()) == ["done", "stopped"]


def test_a_cancelled_run_keeps_what_was_answered(stage: Stage) -> None:
    async def story() -> None:
        hanging = asyncio.Event()

        async def hang(asked: Call) -> None:
            if asked.endpoint == "hang":
                hanging.set()
                await asyncio.sleep(60)

        stage.actor = Actor(hang)
        run = asyncio.create_task(stage.play(plan_of(node("a"), node("hang"))))
        await hanging.wait()
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run

    asyncio.run(story())
    assert set(stage.store.replies.get([call("a").key, call("hang").key])) == {call("a").key}
    assert stage.actor.closed


def test_claims_of_another_run_are_waited_for_which_is_said_once(stage: Stage) -> None:
    async def story() -> None:
        answering = stage.answering()
        another = "far:1:1"
        keys = [call("x").key, call("y").key]
        stage.store.claims.claim(keys, owner=another)
        asked = [
            asyncio.create_task(answering.answer(call(name), Requester(stage="takes", node=name))) for name in "xy"
        ]
        await asyncio.sleep(0.35)
        assert not any(task.done() for task in asked)
        stage.store.claims.release(keys, owner=another)
        await asyncio.gather(*asked)
        await answering.close()

    asyncio.run(story())
    notes = [news.data["kind"] for news in stage.news if news.kind == "note"]
    assert notes == ["made_elsewhere"]
    assert sorted(stage.actor.asked) == ["x", "y"]


def test_in_what_answers_are_not_what_was_asked_for_is_said_once_for_an_endpoint(stage: Stage) -> None:
    class Other(Actor):
        async def answer(self, call: Call, context: CallContext) -> Answer:
            answer = await super().answer(call, context)
            return replace(answer, notes=(problem("seed_unlike", endpoint=call.endpoint[:1], asked=1, used=2),))

    stage.actor = Other(at_once)
    asyncio.run(stage.play(plan_of(*(node(name) for name in ("a1", "a2", "b1")))))
    notes = [news.data for news in stage.news if news.kind == "note"]
    assert sorted(str(note["endpoint"]) for note in notes) == ["a", "b"]
    assert notes[0] == {"kind": "seed_unlike", "endpoint": notes[0]["endpoint"], "asked": 1, "used": 2}


def test_an_error_names_the_user_s_file(stage: Stage, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"no picture")
    blob = stage.store.files.digest(photo, media="image/jpeg")

    async def broken(asked: Call) -> None:
        raise CallFailed([problem("picture_broken", input=place) for place in (*asked.inputs, "other")])

    async def story() -> list[str]:
        stage.actor = Actor(broken)
        answering = stage.answering(files={blob.digest: photo})
        try:
            await answering.answer(call("x", photo=blob), Requester(stage="takes", node="a"))
        except CallFailed as error:
            return [str(problem.data["input"]) for problem in error.problems]
        finally:
            await answering.close()
        return []

    assert asyncio.run(story()) == [str(photo), "other"]
    photo.write_bytes(b"another")
    with pytest.raises(Unusable, match="file_changed"):
        InputFiles(stage.store, {blob.digest: photo}).path(blob)


def test_a_batch_that_fails_fails_everybody_in_it_and_nobody_else() -> None:
    def work(items: list[int]) -> list[int]:
        if 3 in items:
            raise ValueError("three")
        return [item * 2 for item in items]

    async def story() -> None:
        batcher: Batcher[int, int] = Batcher(lambda items: work(list(items)))
        first, second = batcher.ask(1), batcher.ask(2)
        assert (await first, await second) == (2, 4)
        lost = [batcher.ask(3), batcher.ask(4)]
        lost[1].cancel()
        await batcher.flush()
        with pytest.raises(ValueError, match="three"):
            await lost[0]
        left = batcher.ask(5)
        left.cancel()
        await batcher.flush()
        assert await batcher.ask(6) == 12

    asyncio.run(story())


def test_a_heart_beats_while_the_block_lasts(stage: Stage) -> None:
    async def story() -> None:
        stage.store.claims.claim(["k"], owner=owner_id())
        before = _beat(stage.store)
        async with heartbeat(stage.store, seconds=0.01):
            await asyncio.sleep(0.1)
        assert _beat(stage.store) > before

    asyncio.run(story())


def _beat(store: Store) -> float:
    with store._database.reading() as rows:
        ((beat,),) = rows.execute("SELECT beat_at FROM claims").fetchall()
    return float(beat)

"""Groups that wait for the ends of others: chosen among those that came, in a run and in a forecast."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from nano_banana.engine.call_resolver import CallResolver
from nano_banana.engine.scheduler import Scheduler
from nano_banana.model.call import Blob, Call, Reply, imagined_blob
from nano_banana.model.flow import Ended, ExitedEarly, Flow, Judged, Made, Ruling, Verdict, ask
from nano_banana.model.nodes import Group, Node, NodeEnd, NodeEnds, NodeInfo, NodeResult, Plan
from nano_banana.model.problem import CallFailed, Unusable, problem
from nano_banana.planner.preview import preview
from nano_banana.store.local_store import Store
from tests.engine.test_engine import Actor, Stage, at_once

SCORES = {"a": 0.5, "b": 0.9, "c": 0.7}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A stage with an empty store."""
    with Store.open(tmp_path / "store") as store:
        yield Stage(store)


def take(name: str, *, further: bool) -> Node:
    """A take that is drawn and judged; then it waits, or is taken further."""

    def flow(_results: Mapping[str, Blob]) -> Flow[Blob]:
        drawn = Call(provider="local", endpoint=name, arguments={})
        picture = (yield from ask("takes", drawn)).files["image"]
        yield Made(stage="takes", blob=picture, call=drawn)
        verdict = Verdict(ruling=Ruling.ACCEPTED, score=SCORES[name])
        word = Judged(stage="judged", blob=picture, verdict=verdict)
        yield word
        if not further:
            yield Ended(final_verdicts=(word,), exited_early=ExitedEarly(stage="picks", why="not_chosen"))
            return picture
        large = Call(provider="local", endpoint="large", arguments={}, inputs={"image": picture})
        picture = (yield from ask("large", large)).files["image"]
        yield Made(stage="large", blob=picture, call=large)
        yield Ended(final_verdicts=(word,))
        return picture

    return Node(id=name, info=NodeInfo(kind="take", slot=name, stage="large"), flow=flow)


def best(ends: NodeEnds) -> Iterator[Node]:
    """The likeliest of those that came."""
    came = sorted((end for end in ends.values() if end.done), key=lambda end: -(end.rulings["judged"][1] or 0))
    return iter([take(came[0].id, further=True)] if came else [])


def plan(choose: Callable[[NodeEnds], Iterator[Node]] = best) -> Plan:
    """Two groups, and one that waits for both."""
    first = Group(
        name="first", after=(), count=2, nodes=lambda _ends: iter([take(name, further=False) for name in "ab"])
    )
    second = Group(name="second", after=(), count=1, nodes=lambda _ends: iter([take("c", further=False)]))
    chosen = Group(name="chosen", after=(), count=3, nodes=choose, after_groups=("first", "second"))
    # Whoever waits may stand first: the plan's order is not the order of work.
    return Plan(recipe="r", roots=(), groups=[chosen, first, second], files={})


def ahead(of: Plan, lookup: Callable[[list[str]], Mapping[str, Reply]] = lambda _keys: {}) -> dict[str, NodeResult]:
    """How a forecast sees the ends."""
    in_turn = replace(of, groups=[*of.groups[1:], of.groups[0]])
    invent = lambda call: Reply(data={}, files={"image": imagined_blob(call.key, media="image/png")})  # noqa: E731
    return {result.node.id: result for result in preview(in_turn, lambda keys: lookup(list(keys)), invent)}


def fails(*names: str, with_: Callable[[str], Exception]) -> Callable[[Call], Awaitable[None]]:
    """An act that fails for some endpoints."""

    async def act(call: Call) -> None:
        if call.endpoint in names:
            raise with_(call.endpoint)

    return act


def lost(name: str) -> Exception:
    return CallFailed([problem("no_result", endpoint=name, expected="x")])


def test_the_chosen_one_goes_on_once_all_have_ended_and_is_drawn_no_second_time(stage: Stage) -> None:
    assert asyncio.run(stage.play(plan())) is None
    assert stage.actor.asked[-1] == "large"
    assert sorted(stage.actor.asked) == ["a", "b", "c", "large"]
    assert {name: result.exited_early is None for name, result in stage.results.items()} == {
        "a": False,
        "b": True,
        "c": False,
    }


def test_one_that_failed_is_not_chosen_and_the_next_best_is(stage: Stage) -> None:
    stage.actor = Actor(fails("b", with_=lost))
    assert asyncio.run(stage.play(plan())) is None
    assert stage.statuses() == {"a": "done", "b": "failed", "c": "done"}
    assert stage.results["c"].exited_early is None


def test_where_nobody_came_nobody_is_chosen(stage: Stage) -> None:
    stage.actor = Actor(fails(*"abc", with_=lost))
    assert asyncio.run(stage.play(plan())) is None
    assert set(stage.statuses().values()) == {"failed"}


def test_a_run_that_is_halted_chooses_nobody(stage: Stage) -> None:
    stage.actor = Actor(fails("c", with_=lambda _name: Unusable([problem("disk_full", folder="x")])))
    halted = asyncio.run(stage.play(plan()))
    assert isinstance(halted, Unusable)
    assert "large" not in stage.actor.asked


def test_a_choice_with_a_bug_ends_the_run_in_good_order(stage: Stage) -> None:
    def broken(_ends: NodeEnds) -> Iterator[Node]:
        raise ZeroDivisionError

    assert asyncio.run(stage.play(plan(broken))) is not None
    assert isinstance(stage.halt.bug, ZeroDivisionError)
    assert set(stage.statuses().values()) == {"done"}


def test_those_whose_end_is_known_are_chosen_from_and_not_driven(stage: Stage) -> None:
    card = NodeInfo(kind="take", slot="b", stage="large")
    known = {"b": NodeEnd(id="b", info=card, done=True, rulings={"judged": (Ruling.ACCEPTED, 0.9)})}

    async def story() -> None:
        answering: CallResolver = stage.answering()
        engine = Scheduler(answering, stage.policy(2), stage.halt, stage.news.append, stage._ended)
        try:
            assert await engine.run(plan(), known=known) is None
        finally:
            await answering.close()

    stage.actor = Actor(at_once)
    asyncio.run(story())
    assert stage.actor.asked.index("b") > max(stage.actor.asked.index(name) for name in "ac")
    assert stage.results["b"].exited_early is None


def test_a_forecast_follows_the_chosen_one_further(stage: Stage) -> None:
    ends = ahead(plan())
    assert {name: len(result.steps) for name, result in ends.items()} == {"a": 1, "b": 2, "c": 1}
    asyncio.run(stage.play(plan()))
    ends = ahead(plan(), stage.store.replies.get)
    assert {str(result.status) for result in ends.values()} == {"done"}
    assert [name for name, result in ends.items() if result.exited_early is None] == ["b"]

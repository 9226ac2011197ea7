"""Whole chains of every make: a forecast and a run agree, no chance is taken twice, and a person's word holds."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nano_banana.model.call import Call, Reply
from nano_banana.model.nodes import NodeResult, Plan
from nano_banana.planner.cost_forecast import ForecastTotals
from nano_banana.planner.preview import preview, reply_imaginer
from nano_banana.session.run_records import call_positions
from tests.planner.world import Shape, World, about, driven, foreseen, plan_of
from tests.recipe.resolve.tools import CATALOG

SHAPES = st.builds(
    Shape,
    seeds=st.lists(st.sampled_from((3, 5, 11, 29)), min_size=1, max_size=3, unique=True).map(tuple),
    scenes=st.sampled_from((("office",), ("office", "street"))),
    pair=st.booleans(),
    retries=st.integers(0, 2),
    rungs=st.sampled_from(((), (0.4,), (0.4, 0.8))),
    again=st.booleans(),
    best=st.integers(0, 2),
    onward=st.sampled_from(("", ".accepted", ".unsure", ".rejected")),
    fork=st.booleans(),
)
SIGHTS = st.sampled_from(((1,), (2,), (1, 2), (0, 1, 2, 3)))
LIKES = st.sampled_from(((0.1, 0.2, 0.4, 0.7, 0.8), (0.1, 0.2), (0.5, 0.6)))
WORLDS = st.builds(World, seed=st.integers(0, 1 << 20), sights=SIGHTS, likes=LIKES)

quick = settings(max_examples=40, deadline=None)


@cache
def planned(shape: Shape) -> Plan:
    """The plan of a recipe; its files are looked at while it is loaded, and never again."""
    with TemporaryDirectory() as folder:
        return plan_of(Path(folder), shape)


def again(world: World) -> World:
    """Another world where everything turns out alike."""
    return World(seed=world.seed, sights=world.sights, likes=world.likes)


def forecast(plan: Plan, world: World, there: Collection[str]) -> ForecastTotals:
    """What is foreseen where the store has these of the calls that were made."""
    store = {key: world.reply(world.made[key]) for key in there}

    def look(keys: Collection[str]) -> Mapping[str, Reply]:
        return {key: store[key] for key in keys if key in store}

    tally = ForecastTotals(lambda _call: None)
    for result in preview(plan, look, reply_imaginer(CATALOG)):
        tally.add(result)
    return tally


def paid(results: Mapping[str, NodeResult]) -> dict[str, list[Call]]:
    """The calls of each node that cost something."""
    return {
        name: [step.call for step in result.steps if step.call.provider == "fal"] for name, result in results.items()
    }


@quick
@given(SHAPES, WORLDS)
def test_a_forecast_and_a_run_come_to_the_same_ends_by_the_same_calls(shape: Shape, world: World) -> None:
    other = again(world)
    before = foreseen(planned(shape), world)
    after = asyncio.run(driven(planned(shape), other))
    assert {name: about(end) for name, end in before.items()} == {name: about(end) for name, end in after.items()}
    assert set(world.made) == set(other.made)


@quick
@given(SHAPES, WORLDS)
def test_no_chance_is_taken_twice_and_each_has_a_name_of_its_own(shape: Shape, world: World) -> None:
    for result in foreseen(planned(shape), world).values():
        verdicts = Counter((one.stage, one.attempt.label) for one in result.judged)
        assert set(verdicts.values()) <= {1}
        # An attempt is one thing: who has the label has the number and what was done differently.
        attempts = {(step.attempt.label, step.attempt.number, str(step.attempt.detail)) for step in result.steps}
        assert len(attempts) == len({label for label, _, _ in attempts})
        places = call_positions(result.steps, result.node.info.slot)
        assert len(places) == len(set(places))
        bought = Counter(step.call.key for step in result.steps if step.call.provider == "fal")
        assert set(bought.values()) <= {1}, "a second chance that is the first one once more"


@quick
@example(Shape(pair=True, retries=0), World(seed=4, sights=(1, 2)), Random(0))
@given(SHAPES, WORLDS, st.randoms(use_true_random=False))
def test_a_run_never_makes_more_calls_than_were_foreseen(shape: Shape, world: World, dice: Random) -> None:
    plan = planned(shape)
    ends = foreseen(plan, world)
    whole = [step.call.key for end in ends.values() for step in end.steps]
    for share in (0.0, 0.5, 0.9):
        there = {key for key in whole if dice.random() < share}
        tally = forecast(plan, world, there)
        assert len(set(world.made) - there) <= tally.total.to_make + tally.total.possible


@quick
@given(SHAPES, WORLDS, st.sampled_from(("seed", "scene")))
def test_a_take_more_leaves_all_others_as_they_were(shape: Shape, world: World, what: str) -> None:
    shape = replace(shape, best=0)
    more = replace(shape, seeds=(*shape.seeds, 77))
    if what == "scene":
        more = replace(shape, scenes=(*shape.scenes, "harbour"))
    before, after = paid(foreseen(planned(shape), world)), paid(foreseen(planned(more), again(world)))
    assert len(after) > len(before)
    assert before.items() <= after.items()


@quick
@given(SHAPES, WORLDS, st.data())
def test_a_person_s_word_is_obeyed_whatever_a_gate_says(shape: Shape, world: World, data: st.DataObject) -> None:
    shape = replace(shape, best=shape.best or 1)
    names = sorted(node.id for group in planned(shape).groups if not group.after_groups for node in group.nodes({}))
    # By the id of a take, or by its name in all the ways that it goes.
    names += sorted({name.partition("@")[0] for name in names})
    kept = data.draw(st.sets(st.sampled_from(names), max_size=3))
    dropped = data.draw(st.sets(st.sampled_from(names), max_size=2)) - kept
    picked = replace(shape, kept=tuple(sorted(kept)), dropped=tuple(sorted(dropped)))
    for name, end in foreseen(planned(picked), world).items():
        came = {made.stage for made in end.pictures}
        # The whole id of a take with several paths wins over the id that they share.
        said = next((said for said in (name, name.partition("@")[0]) if said in kept | dropped), "")
        if end.problems or end.node.info.kind != "take" or not end.judged:
            continue
        if said in dropped:
            assert "picks" not in came
        elif said in kept:
            assert "picks" in came
        assert ("picks" in came) <= (end.exited_early is None or end.exited_early.stage == "again")


@quick
@given(SHAPES, WORLDS, st.randoms(use_true_random=False))
def test_who_is_chosen_does_not_hang_on_who_ended_first(shape: Shape, world: World, dice: Random) -> None:
    plan = planned(replace(shape, best=shape.best or 1))
    ends = {name: end.end for name, end in foreseen(plan, world).items()}
    mixed = dict(dice.sample(list(ends.items()), len(ends)))
    for group in plan.groups:
        if group.after_groups:
            assert [node.id for node in group.nodes(ends)] == [node.id for node in group.nodes(mixed)]


@pytest.mark.parametrize("best", [1, 2])
def test_of_each_kind_no_more_are_chosen_than_are_wanted(best: int) -> None:
    shape = Shape(seeds=(3, 5, 11, 29), best=best)
    ends = foreseen(planned(shape), World(seed=best, likes=(0.6, 0.7, 0.8)))
    scenes = Counter(end.node.info.axes["scene"] for end in ends.values() if _chosen(end))
    assert scenes == dict.fromkeys(shape.scenes, best)


@quick
@given(st.integers(0, 1 << 20), st.integers(0, 2))
def test_of_those_refused_the_one_whose_best_try_is_likeliest_is_chosen(seed: int, retries: int) -> None:
    shape = Shape(seeds=(3, 5, 11), scenes=("office",), retries=retries, best=1, onward=".rejected")
    ends = foreseen(planned(shape), World(seed=seed, likes=(0.1, 0.15, 0.2, 0.25, 0.3)))
    takes = [end for end in ends.values() if end.judged]
    reached = {end.node.id: max(one.verdict.score or 0 for one in end.judged) for end in takes}
    (best,) = [end.node.id for end in takes if _chosen(end)]
    assert reached[best] == max(reached.values())


def _chosen(end: NodeResult) -> bool:
    return any(made.stage == "picks" for made in end.pictures)

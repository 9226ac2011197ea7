"""How likely second chances are."""

from __future__ import annotations

import pytest

from nano_banana.catalog.endpoint import PriceRange
from nano_banana.model.call import Blob, Call, Reply, blob_of
from nano_banana.model.flow import FIRST_ATTEMPT, Attempt, Flow, Judged, Ruling, Verdict
from nano_banana.model.nodes import Node, NodeInfo, NodeResult, NodeStatus, Step
from nano_banana.planner.cost_forecast import ForecastTotals, PassRates, expected_pass_rate

PICTURE = blob_of(b"picture", media="image/png")
HALF = PassRates(first=0.5, retry=0.8, repair=0.6)


@pytest.mark.parametrize(
    ("number", "label", "share"),
    [
        (1, "retry1", 0.5),
        (2, "retry2", 0.5 * 0.2),
        (3, "repair1", 0.5 * 0.2**2),
        (4, "repair2", 0.5 * 0.2**2 * 0.4),
        (1, "repair1", 0.5),
        (2, "retry1+retry1", 0.25),
        (1, "gate7-retry1", 0.5),
        (1, "redraw1", 0.3),
        (3, "retry1+redraw2", 0.5 * 0.3**2),
        (1, "relight1", 1),
    ],
)
def test_each_attempt_is_reached_by_those_that_all_before_it_refused(number: int, label: str, share: float) -> None:
    assert HALF.probability_of(Attempt(number=number, label=label)) == pytest.approx(share)


def test_the_first_try_is_sure() -> None:
    assert HALF.probability_of(FIRST_ATTEMPT) == 1


def test_few_say_little_and_none_say_the_usual() -> None:
    assert expected_pass_rate(0, 0) == 0.7
    assert expected_pass_rate(1, 1) < 0.85
    assert expected_pass_rate(10, 100) == pytest.approx(0.112, abs=0.001)


def refused_and_not_seen(*rulings: Ruling) -> NodeResult:
    """A take with three tries, of which the first have been judged; the others nobody has drawn."""
    attempts = (FIRST_ATTEMPT, Attempt(number=1, label="retry1"), Attempt(number=2, label="repair1"))
    steps, judged = [], []
    for number, attempt in enumerate(attempts):
        call = Call(provider="fal", endpoint="fal-ai/flux-lora", arguments={"seed": number})
        known = number < len(rulings)
        steps.append(Step(stage="takes", call=call, reply=Reply(data={}), cached=known, attempt=attempt))
        verdict = Verdict(ruling=rulings[number] if known else Ruling.IMAGINED)
        judged.append(Judged(stage="judged", blob=PICTURE, verdict=verdict, attempt=attempt))
    node = Node(id="a", info=NodeInfo(kind="take", slot="a", stage="judged"), flow=lambda _results: iter_nothing())
    return NodeResult(node=node, status=NodeStatus.PLANNED, steps=steps, judged=judged)


def iter_nothing() -> Flow[Blob]:
    yield from ()
    return PICTURE


@pytest.mark.parametrize(
    ("rulings", "sure", "may", "likely"),
    [
        ((), 1, 2, 0.5 + 0.5 * 0.2),
        ((Ruling.REJECTED,), 1, 1, 0.2),
        ((Ruling.REJECTED, Ruling.REJECTED), 1, 0, 0),
    ],
)
def test_what_was_refused_already_makes_the_next_try_sure(
    rulings: tuple[Ruling, ...], sure: int, may: int, likely: float
) -> None:
    tally = ForecastTotals(lambda _call: PriceRange(low=1.0, high=1.0), lambda _result: HALF)
    tally.add(refused_and_not_seen(*rulings))
    assert (tally.total.to_make, tally.total.possible) == (sure, may)
    assert tally.total.high == sure
    assert tally.expected.calls == pytest.approx(likely)

"""How likely second chances are."""

from __future__ import annotations

import pytest

from nano_banana.core.flow import FIRST
from nano_banana.core.flow import Attempt
from nano_banana.planner.odds import Odds
from nano_banana.planner.odds import share_of

HALF = Odds(first=0.5, retry=0.8, repair=0.6)


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
    assert HALF.reach(Attempt(number=number, label=label)) == pytest.approx(share)


def test_the_first_try_is_sure() -> None:
    assert HALF.reach(FIRST) == 1


def test_few_say_little_and_none_say_the_usual() -> None:
    assert share_of(0, 0) == 0.7
    assert share_of(1, 1) < 0.85
    assert share_of(10, 100) == pytest.approx(0.112, abs=0.001)

"""The budget: exact to the cent, unknown prices refused under a budget."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nano_banana.engine.run_control import Budget
from nano_banana.model.problem import LimitReached

CENTS = st.integers(min_value=0, max_value=300)


@given(st.lists(CENTS, max_size=40), CENTS)
def test_a_budget_holds_what_it_holds_and_no_cent_more(prices: list[int], limit: int) -> None:
    budget = Budget(limit / 100)
    held = 0
    for price in prices:
        fits = price == 0 or held + price <= limit
        if fits:
            budget.reserve(price / 100)
            held += price
        else:
            with pytest.raises(LimitReached):
                budget.reserve(price / 100)
    assert held <= max(limit, 0)


@given(st.lists(st.tuples(CENTS, st.none() | CENTS), max_size=30))
def test_what_is_settled_is_spent(calls: list[tuple[int, int | None]]) -> None:
    budget = Budget(None)
    for price, cost in calls:
        budget.settle(budget.reserve(price / 100), None if cost is None else cost / 100)
    want = sum(Fraction(price if cost is None else cost, 100) for price, cost in calls)
    assert budget.spent == pytest.approx(float(want))


def test_money_that_is_given_back_can_be_spent() -> None:
    budget = Budget(1.0)
    reserved = budget.reserve(0.8)
    with pytest.raises(LimitReached) as caught:
        budget.reserve(0.5)
    assert caught.value.problems[0].data == {
        "budget_usd": 1.0,
        "spent_usd": 0.8,
        "price_usd": 0.5,
        "name": "the budget",
    }
    budget.settle(reserved, 0.1)
    assert budget.reserve(0.9) == 0.9


def test_an_unknown_price_is_no_price_under_a_budget() -> None:
    assert Budget(None).reserve(None) == 0.0
    with pytest.raises(LimitReached) as caught:
        Budget(5.0).reserve(None)
    assert caught.value.problems[0].kind == "price_unknown"


def test_what_is_committed_is_held_whatever_the_budget_says() -> None:
    budget = Budget(1.0)
    assert budget.reserve(5.0, committed=True) == 5.0
    assert budget.reserve(None, committed=True) == 0.0
    with pytest.raises(LimitReached):
        budget.reserve(0.1)
    budget.settle(5.0, None)
    assert budget.spent == 5.0
    with pytest.raises(LimitReached):
        budget.reserve(0.1)
    assert budget.reserve(0.0) == 0.0

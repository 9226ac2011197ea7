"""When to look again, and how an endpoint's usual time is learnt."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nano_banana.providers.fal.following import MIN_POLL, MOST, DurationEstimator, next_poll_delay
from nano_banana.store.local_store import Store
from tests.providers.fal.context import BookDesk


def looks(took: float, typical: float | None) -> tuple[int, float]:
    """How many looks until the end of a request is seen, and how late that is."""
    now, count = 0.0, 0
    while True:
        now += next_poll_delay(now, typical)
        count += 1
        if now >= took:
            return count, now - took


@pytest.mark.parametrize("took", [54.0, 57.3, 60.0, 61.7, 66.0])
def test_a_training_of_a_minute_is_seen_within_two_seconds_and_twenty_looks(took: float) -> None:
    count, late = looks(took, 60.0)
    assert count <= 20
    assert late <= 2.0


@pytest.mark.parametrize("took", [0.3, 4.0, 60.0, 1800.0])
def test_what_nobody_knows_is_asked_ever_more_seldom(took: float) -> None:
    count, late = looks(took, None)
    assert count <= 20 + took / MOST
    assert late <= max(0.5, 0.25 * took)


@given(st.floats(0, 1e6), st.none() | st.floats(1e-3, 1e6))
def test_a_wait_is_never_nothing_and_never_long(elapsed: float, typical: float | None) -> None:
    assert MIN_POLL <= next_poll_delay(elapsed, typical) <= 60.0


@given(st.floats(0.01, 1e4), st.floats(0.01, 1e4))
def test_the_end_is_always_seen(took: float, typical: float) -> None:
    count, late = looks(took, typical)
    assert late <= max(60.0, took)
    assert count < 20 + 40 + took / 2


def test_the_usual_time_is_learnt_and_kept_where_it_moved(store: Store) -> None:
    async def story() -> list[float | None]:
        typical, context = DurationEstimator(), BookDesk(store, "key")
        found = [await typical.of("a", context)]
        for seconds in (10.0, 11.0, 20.0):
            await typical.learn("a", seconds, context)
            found.append(await typical.of("a", context))
            found.append(await DurationEstimator().of("a", context))
        found.append(await typical.of("b", context))
        return found

    assert asyncio.run(story()) == pytest.approx([None, 10.0, 10.0, 10.3, 10.0, 13.21, 13.21, None])

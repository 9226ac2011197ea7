"""What may be sent again is sent again, as long and as seldom as agreed."""

from __future__ import annotations

import asyncio
import email.utils

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nano_banana.model.problem import CallFailed
from nano_banana.providers.fal.http_client import MAX_RETRY_AFTER, NoResponse, RetryLater, retry, retry_after
from nano_banana.providers.fal.timing import Backoff
from tests.providers.fal.clock import QuickClock

NOW = 1_700_000_000.0


def declined(status: int = 503, after: str | None = None) -> RetryLater:
    return RetryLater(httpx.Response(status, headers={} if after is None else {"Retry-After": after}))


def date(seconds: float) -> str:
    return email.utils.formatdate(NOW + seconds, usegmt=True)


@pytest.mark.parametrize(
    ("after", "want"),
    [(None, 0.0), ("", 0.0), ("7", 7.0), (" 7 ", 7.0), ("0", 0.0), ("9999", MAX_RETRY_AFTER), ("-5", 0.0),
     ("soon", 0.0), ("1.5", 0.0), (date(30), 30.0), (date(-30), 0.0), (date(9999), MAX_RETRY_AFTER),
     (date(30).replace("GMT", "-0000"), 30.0), ("Mon, 99 Xxx 2026 00:00:00 GMT", 0.0)],
)  # fmt: skip
def test_how_long_the_service_asks_to_wait(after: str | None, want: float) -> None:
    assert retry_after(declined(after=after), QuickClock(NOW)) == want


@given(st.integers(0, 40), st.floats(0, 1), st.floats(0.01, 5), st.floats(5, 60))
def test_jitter_is_full_and_bounded(turn: int, chance: float, first: float, most: float) -> None:
    wait = Backoff(first=first, longest=most).delay(turn, QuickClock(chance=chance))
    assert wait == pytest.approx(chance * min(most, first * 2**turn))
    assert 0 <= wait <= most


def tried(*ends: Exception | str, clock: QuickClock, backoff: Backoff | None = None) -> str:
    """Insist on work that ends so, the last end for ever."""
    left = list(ends)

    async def work() -> str:
        end = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(end, Exception):
            raise end
        return end

    return asyncio.run(retry(work, backoff=backoff or Backoff(), clock=clock, what="it"))


def test_it_is_sent_again_until_it_works() -> None:
    clock = QuickClock(NOW)
    ends: list[Exception | str] = [
        NoResponse("lost", sent=True),
        NoResponse("connect", sent=False),
        declined(429, "9"),
        declined(502),
        "done",
    ]
    assert tried(*ends, clock=clock) == "done"
    assert clock.slept == [0.125, 0.25, 9.0, 1.0]


@pytest.mark.parametrize(
    ("end", "kind"), [(NoResponse("lost", sent=True), "fal_unreachable"), (declined(429), "fal_busy")], ids=repr
)
def test_patience_has_an_end(end: Exception, kind: str) -> None:
    clock = QuickClock(NOW, chance=1.0)
    with pytest.raises(CallFailed, match=kind):
        tried(end, clock=clock, backoff=Backoff(total=30.0))
    assert 20 <= sum(clock.slept) <= 30
    assert max(clock.slept) == 10.0


def test_a_wait_that_is_asked_for_counts_before_it_is_waited() -> None:
    clock = QuickClock(NOW)
    with pytest.raises(CallFailed, match="fal_busy"):
        tried(declined(429, "100"), clock=clock)
    assert clock.slept == []


@pytest.mark.parametrize(
    ("end", "kind"), [(NoResponse("tls", sent=False), "fal_certificate"), (declined(409), "fal_busy")], ids=repr
)
def test_what_no_wait_mends_is_said_at_once(end: Exception, kind: str) -> None:
    clock = QuickClock(NOW)
    with pytest.raises(CallFailed, match=kind):
        tried(end, clock=clock)
    assert clock.slept == []

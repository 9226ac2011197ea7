"""A ticket goes its ways and no others."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from nano_banana.model.ticket import OPEN_STATES, Ticket, TicketState, transition

S = TicketState
TICKET = Ticket(
    number=4, key="k", document="{}", provider="fal", service="https://x", endpoint="a/b", body="{}", begun_at=5.0
)
WAYS = {
    (S.SENDING, S.SENT),
    (S.SENDING, S.UNKNOWN),
    (S.SENDING, S.WITHDRAWN),
    (S.SENT, S.COLLECTED),
    (S.SENT, S.FAILED),
    (S.SENT, S.CANCELLED),
    (S.SENT, S.UNKNOWN),
    (S.UNKNOWN, S.SENT),
    (S.UNKNOWN, S.ABANDONED),
    (S.UNKNOWN, S.WITHDRAWN),
}


@pytest.mark.parametrize(("before", "after"), list(itertools.product(S, S)), ids=str)
def test_every_way_there_is_and_none_besides(before: S, after: S) -> None:
    ticket = replace(TICKET, state=before)
    if (before, after) in WAYS:
        assert transition(ticket, after, at=9.0) == replace(
            ticket, state=after, ended_at=None if after in OPEN_STATES else 9.0
        )
    else:
        with pytest.raises(ValueError, match=f"{before} can't become {after}"):
            transition(ticket, after)


def test_the_open_ones_are_those_with_a_way_on() -> None:
    assert {before for before, _ in WAYS} == OPEN_STATES
    assert {state for state in S if replace(TICKET, state=state).open} == OPEN_STATES


def test_the_id_and_its_addresses_stay_and_the_rest_is_the_new_state_s() -> None:
    sent = transition(TICKET, S.SENT, request_id="r", urls={"status": "u"})
    gone = transition(sent, S.UNKNOWN, reason="result_gone")
    assert (gone.request_id, gone.urls, gone.reason) == ("r", {"status": "u"}, "result_gone")
    back = transition(gone, S.SENT)
    assert (back.request_id, back.urls, back.reason, back.ended_at) == ("r", {"status": "u"}, "", None)
    done = transition(back, S.COLLECTED, units=2.0, cost_usd=0.05, at=9.0)
    assert (done.units, done.cost_usd, done.ended_at, done.number) == (2.0, 0.05, 9.0, 4)


@given(st.lists(st.sampled_from(list(S)), max_size=12))
def test_whatever_is_tried_what_is_closed_stays_closed(tries: list[S]) -> None:
    ticket = TICKET
    for state in tries:
        was = ticket
        try:
            ticket = transition(ticket, state, at=9.0)
        except ValueError:
            continue
        assert was.open
        assert ticket.open is (ticket.ended_at is None)

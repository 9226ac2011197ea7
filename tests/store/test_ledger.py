"""What was spent and saved adds up, whichever way it is asked for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from msgspec.structs import replace

from nano_banana.model.ticket import OPEN_STATES, Ticket, TicketState
from nano_banana.store import tickets
from nano_banana.store.local_store import Store
from nano_banana.store.tickets import LedgerLine, Saving
from tests.store.tools import DAY, Clock, a_ticket

DAWN = 1_700_006_400.0
"""2023-11-15T00:00:00Z."""


def a_saving(calls: int = 1, usd: float = 0.035, *, recipe: str = "portraits", subject: str = "ana") -> Saving:
    return Saving(recipe=recipe, subject=subject, endpoint="fal-ai/flux-lora", calls=calls, usd=usd)


def ended(seed: int, state: TicketState, cost_usd: float | None, **other: float | None) -> Ticket:
    estimate = other.get("estimate_usd", 0.035)
    return replace(a_ticket(seed), state=state, cost_usd=cost_usd, estimate_usd=estimate)


def of(ticket: Ticket, **requester: str) -> Ticket:
    return replace(ticket, requester=replace(ticket.requester, **requester))


def test_an_empty_ledger_is_nothing(store: Store) -> None:
    found = store.ledger.account("recipe")
    assert (found.lines, found.total, found.open) == ((), LedgerLine(name=""), ())


def test_each_state_counts_as_what_it_is(store: Store) -> None:
    store.tickets.keep(
        [
            ended(1, TicketState.COLLECTED, 0.04),
            ended(2, TicketState.COLLECTED, 0.03, estimate_usd=None),
            ended(3, TicketState.COLLECTED, None),
            ended(4, TicketState.FAILED, 0.035),
            ended(5, TicketState.FAILED, 0.0),
            ended(6, TicketState.CANCELLED, 0.0),
            ended(7, TicketState.ABANDONED, None),
            ended(8, TicketState.UNKNOWN, None),
            ended(9, TicketState.SENT, None),
            ended(10, TicketState.SENDING, None),
            ended(11, TicketState.WITHDRAWN, None),
        ]
    )
    found = store.ledger.account("recipe")
    assert found.lines == (
        LedgerLine(
            name="portraits",
            requests=10,
            underway=2,
            unpriced=3,
            spent_usd=0.105,
            estimated_usd=0.14,
            unestimated=1,
        ),
    )
    assert found.total == found.lines[0]._replace(name="")
    assert [ticket.state for ticket in found.open] == ["unknown", "sent", "sending"]


def test_lines_are_by_recipe_subject_endpoint_or_day(store: Store, clock: Clock) -> None:
    clock.now = DAWN - 1
    store.tickets.keep([ended(1, TicketState.COLLECTED, 0.04)])
    store.ledger.note("run-1", [a_saving(3, 0.105)])
    clock.now = DAWN
    paid = ended(2, TicketState.COLLECTED, 1.5)
    store.tickets.keep([replace(of(paid, recipe="avatars", subject=""), endpoint="fal-ai/flux-2")])
    store.ledger.note("run-2", [a_saving(1, 0.035, subject="ben")])
    account = store.ledger.account
    assert [line.name for line in account("recipe").lines] == ["avatars", "portraits"]
    assert [line.name for line in account("subject").lines] == ["", "ana", "ben"]
    assert [line.name for line in account("endpoint").lines] == ["fal-ai/flux-2", "fal-ai/flux-lora"]
    assert account("day").lines == (
        LedgerLine(name="2023-11-14", requests=1, spent_usd=0.04, estimated_usd=0.035, saved_calls=3, saved_usd=0.105),
        LedgerLine(name="2023-11-15", requests=1, spent_usd=1.5, estimated_usd=0.035, saved_calls=1, saved_usd=0.035),
    )


def test_what_is_asked_for_is_narrowed_by_time_and_recipe(store: Store, clock: Clock) -> None:
    store.tickets.keep([ended(1, TicketState.COLLECTED, 0.04), ended(2, TicketState.UNKNOWN, None)])
    store.ledger.note("run-1", [a_saving(5)])
    clock.now += 2 * DAY
    store.tickets.keep([of(ended(3, TicketState.COLLECTED, 0.03), recipe="avatars")])
    store.ledger.note("run-2", [a_saving(7, recipe="avatars")])
    account = store.ledger.account
    late = account("recipe", since=clock.now - DAY)
    assert (late.total.requests, late.total.saved_calls) == (1, 7)
    assert [ticket.state for ticket in late.open] == ["unknown"], "what is open is told however old it is"
    assert account("recipe", since=clock.now - 2 * DAY).total.requests == 3
    avatars = account("day", recipe="avatars")
    assert (avatars.total.requests, avatars.total.saved_calls, avatars.open) == (1, 7, ())
    assert account("day", since=clock.now - DAY, recipe="portraits").lines == ()


def test_a_run_may_say_again_what_it_saved(store: Store) -> None:
    store.ledger.note("run-1", [a_saving(5, 0.5)])
    store.ledger.note("run-1", [a_saving(2, 0.25), a_saving(1, 0.125), a_saving(1, 0.0, subject="ben")])
    assert store.ledger.account("subject").lines == (
        LedgerLine(name="ana", saved_calls=3, saved_usd=0.375),
        LedgerLine(name="ben", saved_calls=1),
    )
    store.ledger.note("run-1", [])
    assert store.ledger.account("subject").lines == ()


def test_dimes_add_up(store: Store) -> None:
    store.tickets.keep([ended(seed, TicketState.COLLECTED, 0.1) for seed in range(3)])
    assert store.ledger.account("recipe").total.spent_usd == 0.3


def test_what_is_paid_twice_is_counted_twice(store: Store) -> None:
    (first,) = store.tickets.keep([a_ticket(1)])
    store.tickets.keep([replace(first, state=TicketState.ABANDONED)])
    store.tickets.keep([ended(1, TicketState.COLLECTED, 0.04)])
    total = store.ledger.account("recipe").total
    assert (total.requests, total.unpriced, total.spent_usd) == (2, 1, 0.04)


MONEY = some.none() | some.integers(0, 10_000).map(lambda cents: cents / 100)


@pytest.mark.parametrize("by", ["recipe", "subject", "endpoint", "day"])
@settings(max_examples=15, deadline=None)
@given(some.lists(some.tuples(some.sampled_from(TicketState), some.sampled_from("abc"), MONEY, MONEY), max_size=12))
def test_lines_add_up_to_the_total(
    tmp_path_factory: pytest.TempPathFactory,
    by: tickets.LedgerGroup,
    rows: list[tuple[TicketState, str, float | None, float | None]],
) -> None:
    with Store.open(tmp_path_factory.mktemp("store")) as store:
        store.tickets.keep(
            [
                replace(
                    of(ended(seed, state, cost, estimate_usd=estimate), recipe=name, subject=name),
                    begun_at=DAWN + DAY * ord(name),
                    endpoint=name,
                )
                for seed, (state, name, cost, estimate) in enumerate(rows)
            ]
        )
        store.ledger.note("run", [a_saving(recipe=name, subject=name) for _, name, _, _ in rows])
        found = store.ledger.account(by)
        assert sum(line.requests for line in found.lines) == found.total.requests
        assert sum(line.unpriced for line in found.lines) == found.total.unpriced
        assert round(sum(line.spent_usd for line in found.lines), 6) == found.total.spent_usd
        assert found.total.requests == sum(state is not TicketState.WITHDRAWN for state, *_ in rows)
        assert found.total.saved_calls == len(rows)
        assert len(found.open) == sum(state in OPEN_STATES for state, *_ in rows)

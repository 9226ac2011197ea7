"""A request is written down before it is sent, and stays written down."""

from __future__ import annotations

import signal
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from msgspec.structs import replace

from nano_banana.model.problem import Unusable
from nano_banana.model.ticket import OPEN_STATES, Requester, TicketState, transition
from nano_banana.store import tickets
from nano_banana.store.database import MIGRATIONS
from nano_banana.store.local_store import Store
from tests.store.tools import DAY, Clock, a_call, a_ticket, an_entry, kind_of, python

SENT = {"status": "https://queue.example/1/status", "cancel": "https://queue.example/1/cancel"}
SENDER = """
import sys, time
from pathlib import Path
from nano_banana.store.local_store import Store
from tests.store.tools import a_ticket
store = Store.open(Path(sys.argv[1]))
for seed in range(100):
    (kept,) = store.tickets.keep([a_ticket(seed)])
    print(kept.number, flush=True)
"""


def test_a_ticket_gets_its_number_and_time_and_comes_back_whole(store: Store, clock: Clock) -> None:
    first, second = store.tickets.keep([a_ticket(1), replace(a_ticket(2), begun_at=7.0, estimate_usd=None)])
    assert (first.number, second.number) == (1, 2)
    assert (first.begun_at, second.begun_at) == (clock.now, 7.0)
    assert store.tickets.latest([first.key, second.key, "never asked"]) == {first.key: first, second.key: second}
    assert store.tickets.keep([]) == []


def test_a_ticket_moves_in_its_row(store: Store, clock: Clock) -> None:
    (ticket,) = store.tickets.keep([a_ticket(1)])
    (sent,) = store.tickets.keep([transition(ticket, TicketState.SENT, request_id="r-1", urls=SENT)])
    assert store.tickets.latest([ticket.key]) == {ticket.key: sent}
    clock.now += 5
    (done,) = store.tickets.keep([transition(sent, TicketState.COLLECTED, units=1.5, cost_usd=0.0525)])
    assert (done.number, done.ended_at, done.urls) == (ticket.number, clock.now, SENT)
    assert store.tickets.latest([ticket.key]) == {ticket.key: done}
    assert store.tickets.opened("fal") == []


def test_a_ticket_that_says_when_it_ended_is_believed(store: Store) -> None:
    (ticket,) = store.tickets.keep([a_ticket(1)])
    (done,) = store.tickets.keep([transition(ticket, TicketState.WITHDRAWN, reason="fal_unreachable", at=9.0)])
    assert (done.ended_at, done.reason) == (9.0, "fal_unreachable")


def test_the_last_ticket_of_a_call_counts(store: Store) -> None:
    (first,) = store.tickets.keep([a_ticket(1)])
    store.tickets.keep([transition(first, TicketState.WITHDRAWN)])
    (second,) = store.tickets.keep([a_ticket(1)])
    assert store.tickets.latest([first.key]) == {first.key: second}


@pytest.mark.parametrize("state", sorted(OPEN_STATES))
def test_a_call_has_one_open_ticket(store: Store, state: TicketState) -> None:
    (first,) = store.tickets.keep([replace(a_ticket(1), state=state)])
    with pytest.raises(Unusable) as error:
        store.tickets.keep([a_ticket(2), a_ticket(1)])
    assert kind_of(error) == "ticket_open"
    assert dict(error.value.problems[0].data) == {
        "endpoint": first.endpoint,
        "number": first.number,
        "folder": str(store.folder),
    }
    assert store.tickets.opened("fal") == [first], "nothing of a batch is kept that can't be kept whole"


def test_a_closed_ticket_opens_no_second_one(store: Store) -> None:
    (first,) = store.tickets.keep([a_ticket(1)])
    (closed,) = store.tickets.keep([transition(first, TicketState.WITHDRAWN)])
    store.tickets.keep([a_ticket(1)])
    with pytest.raises(Unusable) as error:
        store.tickets.keep([replace(closed, state=TicketState.SENT)])
    assert kind_of(error) == "ticket_open"


def test_a_number_that_was_never_given_is_a_bug(store: Store) -> None:
    with pytest.raises(KeyError, match="7"):
        store.tickets.keep([replace(a_ticket(1), number=7)])


def test_open_tickets_are_told_oldest_first_by_provider_and_service(store: Store) -> None:
    elsewhere = replace(a_ticket(2), service="https://elsewhere.example")
    anothers = replace(a_ticket(3), provider="another")
    kept = store.tickets.keep([a_ticket(4), elsewhere, anothers, a_ticket(1), a_ticket(5)])
    store.tickets.keep([transition(kept[4], TicketState.WITHDRAWN)])
    assert store.tickets.opened("fal") == [kept[0], kept[1], kept[3]]
    assert store.tickets.opened("fal", a_ticket(1).service) == [kept[0], kept[3]]


def test_known_requests_are_told(store: Store) -> None:
    sent = [replace(a_ticket(seed), state=TicketState.SENT, request_id=f"r-{seed}") for seed in range(3)]
    store.tickets.keep([*sent[:2], replace(sent[2], service="https://elsewhere.example")])
    assert store.tickets.requests(a_ticket(0).service, ["r-0", "r-1", "r-2", "r-9"]) == {"r-0", "r-1"}


def test_a_reply_closes_its_ticket_with_it(store: Store, clock: Clock) -> None:
    (ticket,) = store.tickets.keep([replace(a_ticket(1), state=TicketState.SENT, request_id="r-1")])
    clock.now += 3
    store.replies.record(
        [replace(an_entry(1), ticket=transition(ticket, TicketState.COLLECTED, cost_usd=0.04)), an_entry(2)]
    )
    closed = store.tickets.latest([ticket.key])[ticket.key]
    assert (closed.state, closed.ended_at, closed.cost_usd) == (TicketState.COLLECTED, clock.now, 0.04)


def test_a_reply_whose_ticket_cannot_be_closed_is_not_kept(store: Store) -> None:
    with pytest.raises(KeyError):
        store.replies.record([replace(an_entry(1), ticket=replace(a_ticket(1), number=7))])
    assert store.replies.get([a_call(1).key]) == {}


def test_no_sweep_takes_a_ticket(store: Store, clock: Clock) -> None:
    (ticket,) = store.tickets.keep([replace(a_ticket(1), state=TicketState.SENT, request_id="r-1")])
    store.replies.record(
        [replace(an_entry(1, cost_usd=0.04), ticket=transition(ticket, TicketState.COLLECTED, cost_usd=0.04))]
    )
    (opened,) = store.tickets.keep([a_ticket(2)])
    clock.now += 100 * DAY
    assert store.gc(dry_run=False).paid_kept == 1
    assert store.gc(dry_run=False, paid=True).replies == 1
    store.verify()
    assert store.tickets.latest([ticket.key])[ticket.key].cost_usd == 0.04
    assert store.tickets.opened("fal") == [opened]


def test_a_kill_loses_no_ticket(tmp_path: Path) -> None:
    sender = python(SENDER, tmp_path / "store")
    assert sender.stdout is not None
    said = int(sender.stdout.readline())
    sender.send_signal(signal.SIGKILL)
    rest, _ = sender.communicate()
    told = [said, *map(int, rest.split())]
    with Store.open(tmp_path / "store") as store:
        kept = store.tickets.opened("fal")
    assert [ticket.number for ticket in kept][: len(told)] == told
    assert {ticket.state for ticket in kept} == {TicketState.SENDING}


def test_two_processes_write_into_one_book(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store") as store:
        sender = python(SENDER, tmp_path / "store")
        ours = [store.tickets.keep([a_ticket(seed)])[0].number for seed in range(100, 140)]
        assert sender.wait(timeout=30) == 0
        assert sender.stdout is not None
        theirs = [int(line) for line in sender.stdout.read().split()]
        sender.communicate()
        assert sorted(ours + theirs) == [ticket.number for ticket in store.tickets.opened("fal")]


def test_a_store_of_the_first_version_keeps_everything(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    (folder / ".gitignore").write_text("*\n", encoding="ascii")
    old = sqlite3.connect(folder / "store.sqlite")
    old.executescript(f"PRAGMA journal_mode = WAL; BEGIN; {MIGRATIONS[0]} PRAGMA user_version = 1; COMMIT;")
    call = a_call(1)
    old.execute("INSERT INTO replies VALUES (?, 'local', ?, '{\"seed\":1}', 2, 0.5, 7, 'r')", (call.key, call.endpoint))
    old.execute("INSERT INTO documents VALUES (?, ?)", (call.key, call.text))
    old.execute("INSERT INTO notes VALUES ('a', 'b')")
    old.execute("INSERT INTO trail VALUES ('portraits', 'takes|0', ?)", (call.key,))
    old.commit()
    old.close()
    with Store.open(folder) as store:
        reply = store.replies.get([call.key])[call.key]
        assert (reply.data, reply.seconds, reply.cost_usd) == ({"seed": 1}, 2.0, 0.5)
        assert store.replies.documents([call.key])[call.key]["endpoint"] == call.endpoint
        assert (store.notes.read("a"), store.trail.get("portraits")) == ("b", {"takes|0": call.key})
        assert store.replies.makers([call.key]) == {call.key: "r"}
        (kept,) = store.tickets.keep([a_ticket(1)])
        assert store.tickets.opened("fal") == [kept]
    with Store.open(folder) as store, store._database.reading() as rows:
        assert rows.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)


def test_open_tickets_are_found_by_their_indexes(store: Store) -> None:
    """However many closed ones there are."""
    with store._database.reading() as rows:
        opened = rows.execute(f"EXPLAIN QUERY PLAN {tickets._OPENED}", ("fal", None)).fetchall()
        taken = rows.execute(f"EXPLAIN QUERY PLAN {tickets._TAKEN}", ("key",)).fetchall()
        latest = rows.execute(f"EXPLAIN QUERY PLAN {tickets._LATEST}", ("[]",)).fetchall()
    assert "INDEX open_tickets" in str(opened)
    assert "INDEX one_open_ticket" in str(taken)
    assert "SCAN tickets'" not in str(opened + taken + latest)


@settings(max_examples=60, deadline=None)
@given(
    path=some.lists(some.sampled_from(TicketState), max_size=6),
    texts=some.lists(some.text(some.characters(exclude_categories=["Cs"])), min_size=6, max_size=6),
    numbers=some.lists(some.none() | some.floats(0, 1e9), min_size=3, max_size=3),
)
def test_whatever_way_a_ticket_goes_its_row_is_what_it_is(
    path: list[TicketState], texts: list[str], numbers: list[float | None]
) -> None:
    requester = Requester(run=texts[0], recipe=texts[1], stage=texts[2], node=texts[3], subject=texts[4])
    ticket = replace(a_ticket(1), requester=requester, body=texts[5], estimate_usd=numbers[0])
    with TemporaryDirectory() as folder, Store.open(Path(folder)) as store:
        (ticket,) = store.tickets.keep([ticket])
        for state in path:
            try:
                ticket = transition(
                    ticket, state, request_id=texts[0], units=numbers[1], cost_usd=numbers[2], reason="x"
                )
            except ValueError:
                continue
            (ticket,) = store.tickets.keep([ticket])
        assert store.tickets.latest([ticket.key]) == {ticket.key: ticket}
        assert store.tickets.opened("fal") == ([ticket] if ticket.open else [])
        assert (ticket.ended_at is None) == ticket.open

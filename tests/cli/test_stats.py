"""`stats`: what was spent and saved, and what is still open."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from typing import get_args

import click
import pytest
from msgspec.structs import replace

from nano_banana.cli.commands import stats_command
from nano_banana.model.json_values import as_items, as_object
from nano_banana.model.ticket import Requester, Ticket, TicketState
from nano_banana.store.local_store import Store
from nano_banana.store.tickets import LedgerGroup, Saving
from tests.workspace import Workspace

DAWN = 1_700_006_400.0
"""2023-11-15T00:00:00Z."""


def a_ticket(seed: int, state: TicketState, **requester: str) -> Ticket:
    about = {
        "run": "a-run",
        "recipe": "portraits",
        "stage": "takes",
        "node": "ana/office",
        "subject": "ana",
    } | requester
    return Ticket(
        key=f"key {seed}",
        document="{}",
        provider="fal",
        service="https://queue.example",
        endpoint="fal-ai/flux-lora",
        body="{}",
        state=state,
        requester=Requester(**about),
        begun_at=DAWN + seed,
        request_id=f"request-{seed}" if state is not TicketState.SENDING else "",
        estimate_usd=0.035,
    )


@pytest.fixture
def store(workspace: Workspace) -> Iterator[Store]:
    with Store.open(workspace.path(".nano-banana"), clock=lambda: DAWN) as opened:
        yield opened


@pytest.fixture
def book(store: Store) -> Store:
    paid = [replace(a_ticket(seed, TicketState.COLLECTED), cost_usd=0.04) for seed in range(3)]
    other = replace(a_ticket(3, TicketState.COLLECTED, recipe="", subject="", node=""), endpoint="fal-ai/flux-2")
    unpriced = replace(a_ticket(4, TicketState.ABANDONED), estimate_usd=None)
    unpaid = [replace(a_ticket(5, TicketState.FAILED), cost_usd=0.0, estimate_usd=None)]
    store.tickets.keep([*paid, replace(other, cost_usd=1.25), unpriced, *unpaid])
    store.tickets.keep(
        [a_ticket(6, TicketState.SENT), a_ticket(7, TicketState.SENDING), a_ticket(8, TicketState.UNKNOWN)]
    )
    saved = Saving(recipe="portraits", subject="ana", endpoint="fal-ai/flux-lora", calls=1234, usd=43.19)
    store.ledger.note("a-run", [saved])
    return store


def test_without_a_store_none_is_made(workspace: Workspace) -> None:
    workspace.expect("stats").shows("No store at ", ".nano-banana yet; `nano-banana run` creates it").hides("or pass")
    Store.open(workspace.path("portraits/.nano-banana")).close()
    workspace.expect("stats").shows("or pass `--store portraits/.nano-banana`")
    workspace.expect("stats", "--store", "portraits/.nano-banana").hides("no store")
    assert workspace.json("stats") == {"store": None}
    assert not workspace.path(".nano-banana").exists()


@pytest.mark.usefixtures("book")
@pytest.mark.parametrize("by", ["recipe", "day"])
def test_the_ledger(workspace: Workspace, by: str) -> None:
    workspace.expect("stats", "--by", by, golden=f"cli/stats-{by}")


@pytest.mark.usefixtures("book")
def test_the_ledger_of_one_recipe(workspace: Workspace) -> None:
    workspace.expect("stats", "--recipe", "portraits", "--by", "endpoint").shows("fal-ai/flux-lora").hides("flux-2")
    workspace.expect("stats", "--recipe", "no\x1b[1mne").shows("No paid requests for no")


@pytest.mark.usefixtures("book")
def test_the_ledger_for_programs(workspace: Workspace) -> None:
    found = workspace.json("stats", "--by", "subject")
    assert found["by"] == "subject"
    assert found["total"] == {
        "requests": 9,
        "underway": 2,
        "unpriced": 2,
        "spent_usd": 1.37,
        "estimated_usd": 0.14,
        "unestimated": 1,
        "saved_calls": 1234,
        "saved_usd": 43.19,
    }
    assert [as_object(line)["name"] for line in as_items(found["lines"])] == ["", "ana"]
    last = as_object(as_items(found["open"])[-1])
    assert (last["state"], last["request_id"], last["subject"]) == ("unknown", "request-8", "ana")


@pytest.mark.usefixtures("store")
def test_nothing_is_said_in_one_sentence(workspace: Workspace) -> None:
    assert workspace.run("stats").stdout == "No paid requests.\n"
    assert workspace.run("stats", "--since", "1").stdout.endswith("No paid requests in the last 1 day.\n")
    assert workspace.run("stats", "--since", "2.5").stdout.endswith("No paid requests in the last 2.5 days.\n")


def test_what_began_of_late(workspace: Workspace, book: Store) -> None:
    late = replace(a_ticket(9, TicketState.COLLECTED), cost_usd=0.5, begun_at=time.time() - 3600)
    book.tickets.keep([late])
    workspace.expect("stats", "--since", "1").shows("$0.50", "2 requests in progress")


def test_many_open_requests_are_not_all_listed(workspace: Workspace, store: Store) -> None:
    store.tickets.keep([a_ticket(seed, TicketState.SENT) for seed in range(25)])
    workspace.expect("stats").shows("25 requests in progress", "request-19 ", "and 5 more").hides(
        "request-20", "unknown end"
    )


def test_every_way_to_ask_is_offered() -> None:
    (choice,) = [each.type for each in stats_command.command.params if each.name == "by"]
    assert isinstance(choice, click.Choice)
    assert tuple(choice.choices) == get_args(LedgerGroup)


@pytest.mark.usefixtures("book")
def test_bars_by_day_have_the_days_in_between(workspace: Workspace, book: Store) -> None:
    late = replace(a_ticket(9, TicketState.COLLECTED), cost_usd=0.5, begun_at=DAWN + 3 * 86_400)
    book.tickets.keep([late])
    screen = workspace.env(COLUMNS="80").expect("stats", "--by", "day")
    lines = screen.stdout.partition("spent █ and saved ░ by day\n")[2].splitlines()[:4]
    assert [line.split()[0] for line in lines] == ["2023-11-15", "2023-11-16", "2023-11-17", "2023-11-18"]
    assert all(len(line) <= 80 for line in lines)
    assert "█" not in lines[1]


def test_bars_by_day_are_of_the_last_month(workspace: Workspace, store: Store) -> None:
    for day in (0, 40):
        ticket = a_ticket(day, TicketState.COLLECTED)
        store.tickets.keep([replace(ticket, cost_usd=0.5, begun_at=DAWN + day * 86_400)])
    drawn = workspace.expect("stats", "--by", "day").stdout.partition("by day\n")[2].splitlines()
    assert drawn[0].startswith("2023-11-25")
    assert [line[:10] for line in drawn if line][30:31] == ["2023-12-25"]


@pytest.mark.usefixtures("book")
def test_a_screen_without_unicode_has_bars_of_ascii(workspace: Workspace) -> None:
    spawned = workspace.env(PYTHONIOENCODING="ascii", PYTHONUTF8="0").spawn("stats").wait()
    spawned.shows("spent # and saved . by recipe", "portraits  #....")


@pytest.mark.usefixtures("store")
def test_nothing_since_a_day_is_said_too(workspace: Workspace) -> None:
    assert workspace.run("stats", "--days", "7").stdout.endswith("No paid requests in the last 7 days.\n")
    assert workspace.run("stats", "--since", "2026-11-01").stdout.endswith("No paid requests since 2026-11-01.\n")
    for wrong in ("yesterday", "-1", "nan", "2026-13-01"):
        workspace.expect("stats", "--since", wrong, exit_code=2).shows("is not a number of days or a date")


def test_since_a_day_is_from_its_beginning(workspace: Workspace, book: Store) -> None:
    book.tickets.keep([replace(a_ticket(20, TicketState.COLLECTED), cost_usd=9.0, begun_at=DAWN - 1)])
    assert as_object(workspace.json("stats", "--since", "2023-11-15")["total"])["spent_usd"] == 1.37
    assert as_object(workspace.json("stats", "--since", "2023-11-14")["total"])["spent_usd"] == 10.37


def test_a_table_for_spreadsheets(workspace: Workspace, book: Store) -> None:
    evil = a_ticket(10, TicketState.COLLECTED, recipe='=HYPERLINK("x")\x1b[2J')
    book.tickets.keep([replace(evil, cost_usd=0.25)])
    screen = workspace.expect("stats", "--csv", "-")
    head, *rows = csv.reader(io.StringIO(screen.stdout))
    assert head[:5] == ["recipe", "requests", "underway", "unpriced", "spent_usd"]
    assert head[-4:] == ["accepted", "unsure", "rejected", "not_judged"]
    assert [row[0] for row in rows] == ["", '\'=HYPERLINK("x")\N{REPLACEMENT CHARACTER}[2J', "portraits"]
    assert [float(row[4]) for row in rows] == [1.25, 0.25, 0.12]
    workspace.expect("stats", "--csv", "out.csv").shows("wrote out.csv", "portraits")
    assert workspace.path("out.csv").read_text("utf-8") == screen.stdout
    assert workspace.json("stats", "--csv", "out.csv")["by"] == "recipe"


@pytest.mark.usefixtures("book")
def test_a_table_that_can_not_be_written_is_an_error(workspace: Workspace) -> None:
    workspace.expect("stats", "--csv", "-", "--json", exit_code=2).shows("CSV and JSON can't both go to stdout")
    workspace.expect("stats", "--csv", "none/a.csv", exit_code=1).shows("error: ", "none")
    workspace.write("recipe.yaml", "mine")
    for target in ("recipe.yaml", ".nano-banana/store.sqlite"):
        workspace.expect("stats", "--csv", target, exit_code=2).shows("is not a .csv or .txt file")
    assert workspace.read("recipe.yaml") == "mine"


def test_what_the_store_holds_is_said(workspace: Workspace, store: Store) -> None:
    store.blobs.put(b"x" * 2_000, media="image/png")
    store.runs.end(store.runs.begin("portraits", arguments={}), status="done", summary={})
    workspace.expect("stats").shows("1 run; the store holds 1 file, 2.0 kB (2.0 kB unused)")
    told = workspace.json("stats")
    assert told["storage"] == {"files": 1, "bytes": 2000, "unused_bytes": 2000, "answers": 0}
    assert told["runs"] == {"done": 1}

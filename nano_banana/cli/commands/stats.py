"""The command that says where the money went."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.amounts import moment, money, size
from nano_banana.cli.cells import visible
from nano_banana.cli.house import store_folder
from nano_banana.cli.options import as_json, pass_screen, store
from nano_banana.cli.past.ledger import as_csv, say_bars, say_judgements
from nano_banana.cli.render import numbered
from nano_banana.cli.screen import Screen
from nano_banana.cli.since import Since, since
from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.json import JSONObject
from nano_banana.core.ticket import Ticket, TicketState

if TYPE_CHECKING:
    from nano_banana.project.runs import Judgements
    from nano_banana.store.ledger import Account, By, Line
    from nano_banana.store.runs import Run
    from nano_banana.store.stats import StoreStats

MOST = 20
"""Open requests that are listed; `--json` has them all."""

TABLES = (".csv", ".txt")
"""How a table's file ends: a recipe or a store is not written over by a slip of the hand."""

EPILOG = """\b
Examples:
  nano-banana stats
  nano-banana stats --by day --since 30
  nano-banana stats --since 2026-11-01 --by subject --csv november.csv
"""


@click.command(name="stats", epilog=EPILOG)
@click.option(
    "--by",
    type=click.Choice(["recipe", "subject", "endpoint", "day"]),
    default="recipe",
    show_default=True,
    help="What a line of the table stands for; a day is one of UTC.",
)
@click.option(
    "--since",
    "--days",
    callback=since,
    metavar="DAYS|DATE",
    help="Only what began in the last DAYS days, or since DATE.",
)
@click.option("--recipe", metavar="NAME", help="Only this recipe.")
@click.option(
    "--csv",
    "csv",
    type=click.Path(dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Write a table to FILE (-: stdout).",
)
@as_json
@store
@pass_screen
def command(
    screen: Screen,
    *,
    by: By,
    since: Since | None,
    recipe: str | None,
    csv: str | None,
    as_json: bool,
    store: Path | None,
) -> None:
    """Say what was spent and saved, what gates accepted, and what is still open.

    Spent is what the service billed, estimated what the same requests had been expected to cost, saved what the
    store's answers would have cost again. A request whose price nobody knows is counted, and never guessed.
    """
    from nano_banana.project.runs import History
    from nano_banana.store.store import Store

    if csv == "-" and as_json:
        raise Invalid([trouble("csv_and_json")])
    if csv is not None and csv != "-" and Path(csv).suffix.casefold() not in TABLES:
        raise Invalid([trouble("csv_suffix", file=csv)])
    folder = store_folder(screen, store)
    if folder is None:
        return
    begun = since.begun if since else None
    with Store.open(folder) as opened:
        found = opened.ledger.account(by, since=begun, recipe=recipe)
        history = History(opened)
        judged = history.judgements(by_subject=by == "subject", since=begun, recipe=recipe)
        held = opened.stats()
        runs = [run for run in history.runs(recipe) if run.begun_at >= (begun or 0.0)]
    if csv:
        _write_csv(screen, csv, as_csv(by, found.lines, judged if by in {"recipe", "subject"} else ()))
    if as_json:
        screen.json({"store": str(folder), "by": by, **_document(found), **_usage(judged, held, runs)})
    elif csv != "-":
        _say(screen, by, found, f"{f' for {visible(recipe)}' if recipe else ''}{f' {since.said}' if since else ''}")
        say_judgements(screen, by if by == "subject" else "recipe", judged)
        _say_store(screen, held, runs)


def _write_csv(screen: Screen, target: str, text: str) -> None:
    if target == "-":
        screen.data(text)
        return
    from nano_banana.core.replacing import replacing
    from nano_banana.store.wall import OUTPUT, wall

    path = Path(target)
    with wall(path.parent, OUTPUT), replacing(path) as fresh:
        fresh.write_text(text, encoding="utf-8", newline="")
    screen.note(f"wrote {visible(target)}")


def _say(screen: Screen, by: str, found: Account, of: str) -> None:
    if found.lines:
        _say_lines(screen, by, found)
        say_bars(screen, by, found.lines)
    else:
        screen.say(f"nothing was bought, and nothing saved{of}")
    lost = [ticket for ticket in found.open if ticket.state is TicketState.UNKNOWN]
    underway = [ticket for ticket in found.open if ticket.state is not TicketState.UNKNOWN]
    _say_open(screen, f"{numbered(len(underway), 'request')} under way, for the next run to collect", underway)
    _say_open(screen, f"{numbered(len(lost), 'request')} of unknown end, for the next run to look for", lost)


def _say_store(screen: Screen, held: StoreStats, runs: Sequence[Run]) -> None:
    if held.blobs or runs:
        screen.say()
        unused = f" ({size(held.wasted)} unused)" if held.wasted else ""
        screen.say(
            f"{numbered(len(runs), 'run')}; the store holds {numbered(held.blobs, 'file')}, {size(held.bytes)}{unused}"
        )


def _usage(judged: Sequence[Judgements], held: StoreStats, runs: Sequence[Run]) -> JSONObject:
    return {
        "verdicts": [dataclasses.asdict(each) for each in judged],
        "storage": {"files": held.blobs, "bytes": held.bytes, "unused_bytes": held.wasted, "answers": held.replies},
        "runs": dict(Counter(run.status for run in runs)),
    }


def _say_lines(screen: Screen, by: str, found: Account) -> None:
    rows = [_row(line, line.name or "(none)") for line in found.lines]
    head = (by, "requests", "spent", "estimated", "reused", "saved")
    screen.table([*rows, _row(found.total, "total")], head=head)


def _row(line: Line, name: str) -> tuple[str, ...]:
    return (
        name,
        f"{line.requests:,}",
        _known(line.spent_usd, line.unknown),
        _known(line.estimated_usd, line.unestimated),
        f"{line.saved_calls:,}",
        money(line.saved_usd),
    )


def _known(usd: float, unknown: int) -> str:
    return money(usd) + (f" + {unknown:,} unknown" if unknown else "")


def _say_open(screen: Screen, title: str, tickets: Sequence[Ticket]) -> None:
    if not tickets:
        return
    screen.say()
    screen.say(f"{title}:")
    rows = [
        (
            ticket.endpoint,
            ticket.request_id or "(no id)",
            f"since {moment(ticket.begun_at)}",
            "/".join(filter(None, (ticket.errand.recipe, ticket.errand.node))),
        )
        for ticket in tickets[:MOST]
    ]
    screen.table(rows, indent=2)
    if len(tickets) > MOST:
        screen.say(f"  and {len(tickets) - MOST:,} more; `--json` lists them all")


def _document(found: Account) -> JSONObject:
    return {
        "lines": [dataclasses.asdict(line) for line in found.lines],
        "total": {name: value for name, value in dataclasses.asdict(found.total).items() if name != "name"},
        "open": [
            {
                "state": ticket.state.value,
                "provider": ticket.provider,
                "service": ticket.service,
                "endpoint": ticket.endpoint,
                "request_id": ticket.request_id,
                "begun_at": ticket.begun_at,
                "estimate_usd": ticket.estimate_usd,
                "reason": ticket.reason,
                **dataclasses.asdict(ticket.errand),
            }
            for ticket in found.open
        ],
    }

"""The command that says where the money went."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.amounts import moment
from nano_banana.cli.amounts import money
from nano_banana.cli.cells import visible
from nano_banana.cli.house import store_folder
from nano_banana.cli.options import as_json
from nano_banana.cli.options import pass_screen
from nano_banana.cli.options import store
from nano_banana.cli.render import numbered
from nano_banana.cli.screen import Screen
from nano_banana.core.json import JSONObject
from nano_banana.core.ticket import Ticket
from nano_banana.core.ticket import TicketState

if TYPE_CHECKING:
    from nano_banana.store.ledger import Account
    from nano_banana.store.ledger import By
    from nano_banana.store.ledger import Line

DAY = 86_400.0
MOST = 20
"""Open requests that are listed; `--json` has them all."""

EPILOG = """\b
Examples:
  nano-banana stats
  nano-banana stats --by day --since 30
  nano-banana stats --recipe portraits --by subject
"""


@click.command(name="stats", epilog=EPILOG)
@click.option(
    "--by",
    type=click.Choice(["recipe", "subject", "endpoint", "day"]),
    default="recipe",
    show_default=True,
    help="What a line of the table stands for; a day is one of UTC.",
)
@click.option("--since", type=click.FloatRange(min=0), metavar="DAYS", help="Only what began in the last DAYS days.")
@click.option("--recipe", metavar="NAME", help="Only this recipe.")
@as_json
@store
@pass_screen
def command(
    screen: Screen, *, by: By, since: float | None, recipe: str | None, as_json: bool, store: Path | None
) -> None:
    """Say what was spent and saved, and what is still open.

    Spent is what the service billed, estimated what the same requests had been expected to cost, saved what the
    store's answers would have cost again. A request whose price nobody knows is counted, and never guessed.
    """
    from nano_banana.store.store import Store

    folder = store_folder(screen, store)
    if folder is None:
        return
    with Store.open(folder) as opened:
        found = opened.ledger.account(by, since=None if since is None else since * DAY, recipe=recipe)
    if as_json:
        screen.json({"store": str(folder), "by": by, **_document(found)})
        return
    if found.lines:
        _say_lines(screen, by, found)
    else:
        _say_nothing(screen, since, recipe)
    lost = [ticket for ticket in found.open if ticket.state is TicketState.UNKNOWN]
    underway = [ticket for ticket in found.open if ticket.state is not TicketState.UNKNOWN]
    _say_open(screen, f"{numbered(len(underway), 'request')} under way, for the next run to collect", underway)
    _say_open(screen, f"{numbered(len(lost), 'request')} of unknown end, for the next run to look for", lost)


def _say_nothing(screen: Screen, since: float | None, recipe: str | None) -> None:
    whose = f" for {visible(recipe)}" if recipe else ""
    within = "" if since is None else f" in the last {since:g} {'day' if since == 1 else 'days'}"
    screen.say(f"nothing was bought, and nothing saved{whose}{within}")


def _say_lines(screen: Screen, by: str, found: Account) -> None:
    rows = [_row(line, line.name or "(none)") for line in found.lines]
    head = (by, "requests", "spent", "estimated", "reused", "saved")
    screen.table([*rows, _row(found.total, "total")], head=head)


def _row(line: Line, name: str) -> tuple[str, ...]:
    return (
        name,
        f"{line.requests:,}",
        _known(line.spent_usd, line.unpriced),
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

"""`stats`: show what was spent and saved."""

from __future__ import annotations

import math
import time
from calendar import timegm
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct, structs

from nano_banana.cli.formatting import file_size, money, plural, utc_time, visible
from nano_banana.cli.options import add_options, pass_screen
from nano_banana.cli.project_loading import store_folder
from nano_banana.cli.run_tables import ledger_csv, say_cost_bars, say_verdict_counts
from nano_banana.cli.screen import Screen
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import Invalid, problem
from nano_banana.model.ticket import Ticket, TicketState

if TYPE_CHECKING:
    from nano_banana.session.history import VerdictTotals
    from nano_banana.store.maintenance import StoreStats
    from nano_banana.store.run_log import Run
    from nano_banana.store.tickets import LedgerGroup, LedgerLine, LedgerSummary


SECTION = ("Setup", 4)

DAY_SECONDS = 86_400.0


class Since(Struct, frozen=True, kw_only=True):
    """A start time (seconds since 1970) and its text: `in the last 2 days`."""

    begun: float
    said: str


def parse_since(_context: click.Context, _parameter: click.Parameter, text: str | None) -> Since | None:
    """An option's callback: a number of days (`30`, `0.5`) or a date in UTC (`2026-11-01`).

    Raises BadParameter for anything else.
    """
    if text is None:
        return None
    try:
        return Since(begun=float(timegm(time.strptime(text, "%Y-%m-%d"))), said=f"since {text}")
    except ValueError:
        days = _parse_days(text)
    return Since(
        begun=max(time.time() - days * DAY_SECONDS, 0.0), said=f"in the last {days:g} {'day' if days == 1 else 'days'}"
    )


def _parse_days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = math.nan
    if not 0 <= days < math.inf:
        raise click.BadParameter(f"{text!r} is not a number of days or a date like 2026-11-01")
    return days


MAX_OPEN = 20
"""Most open requests that are listed; `--json` has all."""

TABLE_SUFFIXES = (".csv", ".txt")
"""Suffixes of CSV files, so that no recipe or store is overwritten by mistake."""

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
    help="Group by (days are UTC).",
)
@click.option(
    "--since",
    "--days",
    callback=parse_since,
    metavar="DAYS|DATE",
    help="Only requests since DATE or in the last DAYS days.",
)
@click.option("--recipe", metavar="NAME", help="Only this recipe.")
@click.option(
    "--csv",
    "csv",
    type=click.Path(dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Write a CSV table to FILE (-: stdout).",
)
@add_options("--json", "--store")
@pass_screen
def command(
    screen: Screen,
    *,
    by: LedgerGroup,
    since: Since | None,
    recipe: str | None,
    csv: str | None,
) -> None:
    """Show what was spent and saved, gate results and open requests.

    Spent: billed by the provider. Estimated: the expected price of the same requests. Saved: what cached results would
    have cost. Requests of unknown price are counted, not guessed.
    """
    from nano_banana.session.history import History
    from nano_banana.store.local_store import Store

    if csv == "-" and screen.machine:
        raise Invalid([problem("csv_and_json")])
    if csv is not None and csv != "-" and Path(csv).suffix.casefold() not in TABLE_SUFFIXES:
        raise Invalid([problem("csv_suffix", file=csv)])
    folder = store_folder(screen)
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
        _write_csv(screen, csv, ledger_csv(by, found.lines, judged if by in {"recipe", "subject"} else ()))
    if screen.machine:
        screen.json({"store": str(folder), "by": by, **_account_json(found), **_usage_json(judged, held, runs)})
    elif csv != "-":
        _say_account(
            screen, by, found, f"{f' for {visible(recipe)}' if recipe else ''}{f' {since.said}' if since else ''}"
        )
        say_verdict_counts(screen, by if by == "subject" else "recipe", judged)
        _say_store(screen, held, runs)


def _write_csv(screen: Screen, target: str, text: str) -> None:
    if target == "-":
        screen.data(text)
        return
    from nano_banana.formats.file_writing import atomic_write
    from nano_banana.store.database import OUTPUT_ERRORS, translate_errors

    path = Path(target)
    with translate_errors(path.parent, OUTPUT_ERRORS), atomic_write(path) as fresh:
        fresh.write_text(text, encoding="utf-8", newline="")
    screen.note(f"wrote {visible(target)}")


def _say_account(screen: Screen, by: str, found: LedgerSummary, of: str) -> None:
    if found.lines:
        _say_ledger(screen, by, found)
        say_cost_bars(screen, by, found.lines)
    else:
        screen.say(f"No paid requests{of}.")
    lost = [ticket for ticket in found.open if ticket.state is TicketState.UNKNOWN]
    underway = [ticket for ticket in found.open if ticket.state is not TicketState.UNKNOWN]
    _say_open(screen, f"{plural(len(underway), 'request')} in progress; the next run collects the results", underway)
    _say_open(screen, f"{plural(len(lost), 'request')} with unknown outcome; the next run looks for them", lost)


def _say_store(screen: Screen, held: StoreStats, runs: Sequence[Run]) -> None:
    if held.blobs or runs:
        screen.say()
        unused = f" ({file_size(held.wasted)} unused)" if held.wasted else ""
        screen.say(
            f"{plural(len(runs), 'run')}; the store holds {plural(held.blobs, 'file')}, {file_size(held.bytes)}{unused}"
        )


def _usage_json(judged: Sequence[VerdictTotals], held: StoreStats, runs: Sequence[Run]) -> JSONObject:
    return {
        "verdicts": [structs.asdict(each) for each in judged],
        "storage": {"files": held.blobs, "bytes": held.bytes, "unused_bytes": held.wasted, "answers": held.replies},
        "runs": dict(Counter(run.status for run in runs)),
    }


def _say_ledger(screen: Screen, by: str, found: LedgerSummary) -> None:
    rows = [_ledger_row(line, line.name or "(none)") for line in found.lines]
    head = (by, "requests", "spent", "estimated", "reused", "saved")
    screen.table([*rows, _ledger_row(found.total, "total")], head=head)


def _ledger_row(line: LedgerLine, name: str) -> tuple[str, ...]:
    return (
        name,
        f"{line.requests:,}",
        _known_cost(line.spent_usd, line.unknown),
        _known_cost(line.estimated_usd, line.unestimated),
        f"{line.saved_calls:,}",
        money(line.saved_usd),
    )


def _known_cost(usd: float, unknown: int) -> str:
    return money(usd) + (f" + {unknown:,} unknown" if unknown else "")


def _say_open(screen: Screen, title: str, tickets: Sequence[Ticket]) -> None:
    if not tickets:
        return
    screen.say()
    screen.say(f"{title}:")
    rows = [
        (
            ticket.endpoint,
            ticket.request_id or "(no ID)",
            f"since {utc_time(ticket.begun_at)}",
            "/".join(filter(None, (ticket.requester.recipe, ticket.requester.node))),
        )
        for ticket in tickets
    ]
    screen.table(rows, indent=2, most=MAX_OPEN)


def _account_json(found: LedgerSummary) -> JSONObject:
    return {
        "lines": [line._asdict() for line in found.lines],
        "total": {name: value for name, value in found.total._asdict().items() if name != "name"},
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
                **structs.asdict(ticket.requester),
            }
            for ticket in found.open
        ],
    }

"""`stats`: show what was spent and saved."""

from __future__ import annotations

import csv
import io
import math
import time
from calendar import timegm
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click
from msgspec import Struct, structs

from nano_banana.cli.formatting import display_width, fields_of, file_size, money, pad, plural, utc_time, visible
from nano_banana.cli.options import add_options, pass_screen
from nano_banana.cli.project_loading import store_folder
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
    with suppress(ValueError):
        return Since(begun=float(timegm(time.strptime(text, "%Y-%m-%d"))), said=f"since {text}")
    with suppress(ValueError):
        if 0 <= (days := float(text)) < math.inf:
            said = f"in the last {days:g} {'day' if days == 1 else 'days'}"
            return Since(begun=max(time.time() - days * DAY_SECONDS, 0.0), said=said)
    raise click.BadParameter(f"{text!r} is not a number of days or a date like 2026-11-01")


LABEL_WIDTH = 26
"""Columns of the longest label."""
MAX_BAR = 48
MIN_BAR = 8
"""Columns of the longest bar, on a wide and on a narrow terminal."""
UNICODE, ASCII = "█░…", "#.~"
"""A cell of the first kind, one of the second, and the end of a shortened label."""


class StackedBar(Struct, frozen=True, kw_only=True):
    """A line: two amounts (≥ 0) end to end, and a text after them."""

    label: str
    first: float
    second: float
    said: str


def bar_characters(stream: TextIO) -> str:
    """`UNICODE`, or `ASCII` if the stream can't write that."""
    try:
        UNICODE.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def stacked_bars(lines: Sequence[StackedBar], *, width: int, marks: str) -> Iterator[str]:
    """The lines, none wider than `width` columns (40 or more); the longest bar is the largest sum."""
    full, pale, cut = marks[0], marks[1], marks[2]
    labels = [_cut_label(visible(line.label), LABEL_WIDTH, cut) for line in lines]
    left = max(map(display_width, labels), default=0)
    behind = max((display_width(line.said) for line in lines), default=0)
    room = min(max(width - left - behind - 4, MIN_BAR), MAX_BAR)
    most = max((line.first + line.second for line in lines), default=0.0)
    for label, line in zip(labels, lines, strict=True):
        first, whole = (
            max(round(amount / most * room), 1) if amount > 0 else 0
            for amount in (line.first, line.first + line.second)
        )
        second = max(whole - first, int(line.second > 0))
        # A small second amount stays visible.
        first = min(first, room - second)
        bar = full * first + pale * second
        yield f"{pad(label, left)}  {pad(bar, room)}  {line.said}".rstrip()


def _cut_label(text: str, width: int, end: str) -> str:
    if display_width(text) <= width:
        return text
    while display_width(text) > width - 1:
        text = text[:-1]
    return text + end


MAX_DAYS = 31
MAX_BARS = 12
"""Most bars: of the last days, or of the highest costs."""
CSV_NUMBERS = (
    *("requests", "underway", "unpriced", "spent_usd", "estimated_usd"),
    *("unestimated", "saved_calls", "saved_usd"),
)
CSV_RULINGS = ("accepted", "unsure", "rejected", "not_judged")
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - Excel takes the wide signs too
"""Characters that start a formula in a spreadsheet."""


def say_cost_bars(screen: Screen, by: str, lines: Sequence[LedgerLine]) -> None:
    """Draw a bar of spent and saved money for each line; nothing for a single line."""
    drawn = list(_filled_days(lines)) if by == "day" else [line for line in lines if line.spent_usd or line.saved_usd]
    drawn = drawn[-MAX_DAYS:] if by == "day" else drawn[:MAX_BARS]
    if len(drawn) < 2:
        return
    marks = bar_characters(screen.out)
    screen.say()
    screen.say(f"spent {marks[0]} and saved {marks[1]} by {by}")
    bars = []
    for line in drawn:
        saved = f" + {money(line.saved_usd)}" if line.saved_usd else ""
        text = f"{money(line.spent_usd)}{saved}"
        bars.append(StackedBar(label=line.name or "(none)", first=line.spent_usd, second=line.saved_usd, said=text))
    for text in stacked_bars(bars, width=screen.width, marks=marks):
        screen.say(text)


def say_verdict_counts(screen: Screen, by: str, found: Sequence[VerdictTotals]) -> None:
    """Print the gate results of each recipe's last run."""
    if not found:
        return
    screen.say()
    screen.say("gate results of each recipe's last run:")
    head = (by, "judged", "accepted", "unsure", "rejected", "not judged", "share")
    rows = [
        (
            each.name or "(none)",
            *(f"{count:,}" for count in (each.judged, each.accepted, each.unsure, each.rejected, each.not_judged)),
            f"{each.accepted / each.judged:.0%}" if each.judged else "-",
        )
        for each in found
    ]
    screen.table(rows, head=head, indent=2)


def ledger_csv(by: str, lines: Sequence[LedgerLine], judged: Sequence[VerdictTotals]) -> str:
    """One line per recipe, subject, endpoint or day; names that look like a formula are quoted."""
    verdicts = {each.name: each for each in judged}
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([by, *CSV_NUMBERS, *CSV_RULINGS])
    names = dict.fromkeys([line.name for line in lines] + list(verdicts))
    known = {line.name: line._asdict() for line in lines}
    for name in names:
        line = known.get(name, {})
        safe = f"'{visible(name)}" if name.strip(" ").startswith(FORMULA_STARTS) else visible(name)
        word = structs.asdict(verdicts[name]) if name in verdicts else {}
        rows.writerow(
            [
                safe,
                *(line.get(column, 0) for column in CSV_NUMBERS),
                *(word.get(column, "") for column in CSV_RULINGS),
            ]
        )
    return text.getvalue()


def _filled_days(lines: Sequence[LedgerLine]) -> Iterator[LedgerLine]:
    """The last days up to the last line's, including those without spending."""
    from nano_banana.store.tickets import LedgerLine

    known = {line.name: line for line in lines}
    last = date.fromisoformat(max(known))
    days = min((last - date.fromisoformat(min(known))).days + 1, MAX_DAYS)
    for before in range(days - 1, -1, -1):
        name = (last - timedelta(days=before)).isoformat()
        yield known.get(name, LedgerLine(name=name))


MAX_OPEN = 20
"""Most open requests that are listed; `--json` has all."""

TABLE_SUFFIXES = (".csv", ".txt")
"""Suffixes of CSV files, so that no recipe or store is overwritten by mistake."""


@click.command(name="stats")
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
    "table",
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
    table: str | None,
) -> None:
    """Show what was spent and saved, gate results and open requests.

    Spent: billed by the provider. Estimated: the expected price of the same requests. Saved: what cached results would
    have cost. Requests of unknown price are counted, not guessed.

    Examples:
      nano-banana stats
      nano-banana stats --by day --since 30
      nano-banana stats --since 2026-11-01 --by subject --csv november.csv
    """
    from nano_banana.session.history import History
    from nano_banana.store.local_store import Store

    if table == "-" and screen.machine:
        raise Invalid([problem("csv_and_json")])
    if table is not None and table != "-" and Path(table).suffix.casefold() not in TABLE_SUFFIXES:
        raise Invalid([problem("csv_suffix", file=table)])
    folder = store_folder(screen)
    begun = since.begun if since else None
    with Store.open(folder) as opened:
        found = opened.ledger.account(by, since=begun, recipe=recipe)
        history = History(opened)
        judged = history.judgements(by_subject=by == "subject", since=begun, recipe=recipe)
        held = opened.stats()
        runs = [run for run in history.runs(recipe) if run.begun_at >= (begun or 0.0)]
    if table:
        _write_csv(screen, table, ledger_csv(by, found.lines, judged if by in {"recipe", "subject"} else ()))
    if screen.machine:
        screen.json({"store": str(folder), "by": by, **_account_json(found), **_usage_json(judged, held, runs)})
    elif table != "-":
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


def _account_json(found: LedgerSummary) -> dict[str, object]:
    names = ("state", "provider", "service", "endpoint", "request_id", "begun_at", "estimate_usd", "reason")
    return {
        "lines": [line._asdict() for line in found.lines],
        "total": {name: value for name, value in found.total._asdict().items() if name != "name"},
        "open": [{**fields_of(ticket, *names), **structs.asdict(ticket.requester)} for ticket in found.open],
    }

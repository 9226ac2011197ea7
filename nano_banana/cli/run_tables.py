"""The list of runs and the ledger: tables, bars and CSV."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, TextIO

from msgspec import Struct, structs

from nano_banana.cli.formatting import display_width, duration, money, pad, spent_text, time_ago, visible
from nano_banana.cli.screen import Screen
from nano_banana.model.json_values import JSONObject, JSONValue, as_number, as_whole

if TYPE_CHECKING:
    from nano_banana.session.history import VerdictTotals
    from nano_banana.store.run_log import Run
    from nano_banana.store.tickets import LedgerLine


NO_VALUE = "-"


def say_runs(screen: Screen, runs: Sequence[Run], kept: Collection[str]) -> None:
    """Print the runs, newest first; those without take records are marked."""
    now = time.time()
    head = ("run", "recipe", "when", "took", "status", "made", "reused", "failed", "cost")
    rows = [
        (
            run.id if run.id in kept else f"{run.id} *",
            run.recipe,
            time_ago(run.begun_at, now),
            took_text(run),
            run.status,
            *(_count_text(run.summary.get(name)) for name in ("made", "cached", "failed")),
            cost_text(run) or NO_VALUE,
        )
        for run in runs
    ]
    columns = [at for at, name in enumerate(head) if name != "failed" or any(row[at] not in "0-" for row in rows)]
    screen.table(
        [[row[at] for at in columns] for row in rows],
        head=[head[at] for at in columns],
        spare=("took", "reused", "made"),
    )
    if any(run.id not in kept for run in runs):
        screen.say("* no take records for this run")


def run_json(run: Run, *, kept: bool) -> JSONObject:
    """A run of the log."""
    return {
        "id": run.id,
        "recipe": run.recipe,
        "begun_at": run.begun_at,
        "ended_at": run.ended_at,
        "seconds": run_seconds(run),
        "status": run.status,
        "arguments": dict(run.arguments),
        "summary": dict(run.summary),
        "kept": kept,
    }


def run_seconds(run: Run) -> float | None:
    """Duration; None if it has not ended."""
    return None if run.ended_at is None else round(max(run.ended_at - run.begun_at, 0.0), 3)


def took_text(run: Run) -> str:
    """Duration as text."""
    return NO_VALUE if run.ended_at is None else duration(run.ended_at - run.begun_at)


def cost_text(run: Run) -> str:
    """What the run was billed; empty if nothing."""
    return spent_text(as_number(run.summary.get("cost_usd", 0.0)), as_whole(run.summary.get("unknown_cost", 0)))


def _count_text(value: JSONValue) -> str:
    return NO_VALUE if value is None else f"{as_whole(value):,}"


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
        first, whole = (_bar_length(amount, most, room) for amount in (line.first, line.first + line.second))
        second = max(whole - first, int(line.second > 0))
        # A small second amount stays visible.
        first = min(first, room - second)
        bar = full * first + pale * second
        yield f"{pad(label, left)}  {pad(bar, room)}  {line.said}".rstrip()


def _bar_length(amount: float, most: float, room: int) -> int:
    return max(round(amount / most * room), 1) if amount > 0 else 0


def _cut_label(text: str, width: int, end: str) -> str:
    if display_width(text) <= width:
        return text
    kept = ""
    for character in text:
        if display_width(kept + character) > width - 1:
            break
        kept += character
    return kept + end


SECONDS_PER_DAY = 86_400.0
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
    told = [
        StackedBar(label=line.name or "(none)", first=line.spent_usd, second=line.saved_usd, said=_bar_text(line))
        for line in drawn
    ]
    for text in stacked_bars(told, width=screen.width, marks=marks):
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
        word = structs.asdict(verdicts[name]) if name in verdicts else {}
        rows.writerow(
            [
                _csv_safe(name),
                *(line.get(column, 0) for column in CSV_NUMBERS),
                *(word.get(column, "") for column in CSV_RULINGS),
            ]
        )
    return text.getvalue()


def _csv_safe(name: str) -> str:
    return f"'{visible(name)}" if name.strip(" ").startswith(FORMULA_STARTS) else visible(name)


def _bar_text(line: LedgerLine) -> str:
    if not line.saved_usd:
        return money(line.spent_usd)
    return f"{money(line.spent_usd)} + {money(line.saved_usd)}"


def _filled_days(lines: Sequence[LedgerLine]) -> Iterator[LedgerLine]:
    """All days from the first to the last, including those without spending."""
    from nano_banana.store.tickets import LedgerLine

    known = {line.name: line for line in lines}
    first, last = (_noon(name) for name in (min(known), max(known)))
    for number in range(
        max(0, round((last - first) / SECONDS_PER_DAY) - MAX_DAYS + 1), round((last - first) / SECONDS_PER_DAY) + 1
    ):
        name = time.strftime("%Y-%m-%d", time.gmtime(first + number * SECONDS_PER_DAY))
        yield known.get(name, LedgerLine(name=name))


def _noon(day: str) -> float:
    """Seconds since 1970 at noon (UTC) of a day as the ledger names it."""
    from calendar import timegm

    return timegm(time.strptime(day, "%Y-%m-%d")) + SECONDS_PER_DAY / 2

"""What was spent, saved and accepted: as bars, as a table, as CSV."""

from __future__ import annotations

import csv
import dataclasses
import io
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nano_banana.cli.amounts import money
from nano_banana.cli.bars import Bar, bars, marks_for
from nano_banana.cli.cells import visible
from nano_banana.cli.screen import Screen

if TYPE_CHECKING:
    from nano_banana.project.runs import Judgements
    from nano_banana.store.ledger import Line

DAY = 86_400.0
DAYS = 31
BARS = 12
"""Bars that are drawn: of the last days, or of those that cost most."""
NUMBERS = (
    *("requests", "underway", "unpriced", "spent_usd", "estimated_usd"),
    *("unestimated", "saved_calls", "saved_usd"),
)
RULINGS = ("accepted", "unsure", "rejected", "not_judged")
FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - Excel takes the wide signs too
"""What a spreadsheet takes for a formula."""


def say_bars(screen: Screen, by: str, lines: Sequence[Line]) -> None:
    """Draw what was spent and saved, a bar a line of the table; one bar alone says nothing."""
    drawn = list(_every_day(lines)) if by == "day" else [line for line in lines if line.spent_usd or line.saved_usd]
    drawn = drawn[-DAYS:] if by == "day" else drawn[:BARS]
    if len(drawn) < 2:
        return
    marks = marks_for(screen.out)
    screen.say()
    screen.say(f"spent {marks[0]} and saved {marks[1]} by {by}")
    told = [
        Bar(label=line.name or "(none)", first=line.spent_usd, second=line.saved_usd, said=_said(line))
        for line in drawn
    ]
    for text in bars(told, width=screen.width, marks=marks):
        screen.say(text)


def say_judgements(screen: Screen, by: str, found: Sequence[Judgements]) -> None:
    """Print what gates said of the takes of each recipe's last run."""
    if not found:
        return
    screen.say()
    screen.say("verdicts on the takes of each recipe's last run:")
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


def as_csv(by: str, lines: Sequence[Line], judged: Sequence[Judgements]) -> str:
    """A line a recipe, subject, endpoint or day; names that a spreadsheet would take for a formula are quoted."""
    verdicts = {each.name: each for each in judged}
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([by, *NUMBERS, *RULINGS])
    names = dict.fromkeys([line.name for line in lines] + list(verdicts))
    known = {line.name: dataclasses.asdict(line) for line in lines}
    for name in names:
        line = known.get(name, {})
        word = dataclasses.asdict(verdicts[name]) if name in verdicts else {}
        rows.writerow(
            [_safe(name), *(line.get(column, 0) for column in NUMBERS), *(word.get(column, "") for column in RULINGS)]
        )
    return text.getvalue()


def _safe(name: str) -> str:
    return f"'{visible(name)}" if name.strip(" ").startswith(FORMULA) else visible(name)


def _said(line: Line) -> str:
    if not line.saved_usd:
        return money(line.spent_usd)
    return f"{money(line.spent_usd)} + {money(line.saved_usd)}"


def _every_day(lines: Sequence[Line]) -> Iterator[Line]:
    """The days from the first to the last (one at least), also those on which nothing was spent."""
    from nano_banana.store.ledger import Line

    known = {line.name: line for line in lines}
    first, last = (_noon(name) for name in (min(known), max(known)))
    for number in range(max(0, round((last - first) / DAY) - DAYS + 1), round((last - first) / DAY) + 1):
        name = time.strftime("%Y-%m-%d", time.gmtime(first + number * DAY))
        yield known.get(name, Line(name=name))


def _noon(day: str) -> float:
    """Seconds since 1970 at noon (UTC) of a day as the ledger names it."""
    from calendar import timegm

    return timegm(time.strptime(day, "%Y-%m-%d")) + DAY / 2

"""The ledger: what was spent and what was saved, by whom and when."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from nano_banana.core.ticket import Ticket
from nano_banana.store.database import Database
from nano_banana.store.encoding import encoded
from nano_banana.store.tickets import Tickets

By: TypeAlias = Literal["recipe", "subject", "endpoint", "day"]
"""What a line stands for. A day is one of UTC, as in the names of runs."""

_SUMS = """
    SELECT name, total(requests), total(underway), total(unpriced), total(spent_usd), total(estimated_usd),
           total(unestimated), total(saved_calls), total(saved_usd) FROM (
        SELECT CASE ?1 WHEN 'recipe' THEN recipe WHEN 'subject' THEN subject WHEN 'endpoint' THEN endpoint
                       WHEN 'day' THEN date(begun_at, 'unixepoch') ELSE '' END AS name,
               1 AS requests, state IN ('sending', 'sent') AS underway,
               state NOT IN ('sending', 'sent') AND cost_usd IS NULL AS unpriced, cost_usd AS spent_usd,
               iif(cost_usd IS NULL, NULL, estimate_usd) AS estimated_usd,
               cost_usd IS NOT NULL AND estimate_usd IS NULL AS unestimated, 0 AS saved_calls, 0.0 AS saved_usd
        FROM tickets WHERE state != 'withdrawn' AND begun_at >= ?2 AND (?3 IS NULL OR recipe = ?3)
        UNION ALL
        SELECT CASE ?1 WHEN 'recipe' THEN recipe WHEN 'subject' THEN subject WHEN 'endpoint' THEN endpoint
                       WHEN 'day' THEN date(noted_at, 'unixepoch') ELSE '' END,
               0, 0, 0, NULL, NULL, 0, calls, usd
        FROM savings WHERE noted_at >= ?2 AND (?3 IS NULL OR recipe = ?3)
    ) GROUP BY name ORDER BY iif(?1 = 'day', name, ''), total(spent_usd) DESC, total(saved_usd) DESC, name
"""
_SAVE = """
    INSERT INTO savings VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run, recipe, subject, endpoint)
    DO UPDATE SET calls = calls + excluded.calls, usd = usd + excluded.usd
"""
_MICRO = 6
"""Digits of a dollar: the cheapest second of a machine has five, and a sum of floats has too many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What the cache saved a run: `calls` that were answered by it, and what they would have cost at least."""

    recipe: str
    subject: str
    endpoint: str
    calls: int
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The requests and savings of one recipe, subject, endpoint or day (`name`; empty where there was none).

    `requests` are all that a service took or may have taken; of these, `underway` are not answered yet, and
    what `unpriced` cost nobody knows. `spent_usd` is what the others cost, and `estimated_usd` what those had
    been estimated at, without the `unestimated` ones.
    """

    name: str
    requests: int = 0
    underway: int = 0
    unpriced: int = 0
    spent_usd: float = 0.0
    estimated_usd: float = 0.0
    unestimated: int = 0
    saved_calls: int = 0
    saved_usd: float = 0.0

    @property
    def unknown(self) -> int:
        """The requests whose cost is not known, or not yet."""
        return self.unpriced + self.underway


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Lines, those that cost most first (days: the oldest), their total, and the open tickets, oldest first."""

    lines: tuple[Line, ...]
    total: Line
    open: tuple[Ticket, ...]


_BY_RUN = """
    SELECT run, count(*), total(state IN ('sending', 'sent')),
           total(state NOT IN ('sending', 'sent') AND cost_usd IS NULL), total(cost_usd)
    FROM tickets WHERE state != 'withdrawn' AND run IN (SELECT value FROM json_each(?)) GROUP BY run
"""


class Ledger:
    """Adds up the tickets and what runs said they saved."""

    def __init__(self, database: Database, tickets: Tickets, clock: Callable[[], float]) -> None:
        self._database = database
        self._tickets = tickets
        self._clock = clock

    def note(self, run: str, savings: Iterable[Saving]) -> None:
        """Write down what this run saved, in place of what it said before."""
        now = self._clock()
        rows_of = [(run, each.recipe, each.subject, each.endpoint, each.calls, each.usd, now) for each in savings]
        with self._database.writing() as rows:
            rows.execute("DELETE FROM savings WHERE run = ?", (run,))
            rows.executemany(_SAVE, rows_of)

    def runs(self, ids: Iterable[str]) -> dict[str, Line]:
        """What the requests cost that each of these runs sent, whoever collected them; runs without any are absent."""
        with self._database.reading() as rows:
            found = rows.execute(_BY_RUN, (encoded(list(ids)),)).fetchall()
        return {
            run: Line(
                name=run,
                requests=requests,
                underway=int(underway),
                unpriced=int(unpriced),
                spent_usd=round(spent_usd, _MICRO),
            )
            for run, requests, underway, unpriced, spent_usd in found
        }

    def account(self, by: By, *, since: float | None = None, recipe: str | None = None) -> Account:
        """Add up what was begun at `since` (seconds since 1970; None: ever) or later, for one recipe or all.

        What is open is told however old it is.
        """
        with self._database.reading() as rows:
            lines = _sums(rows, by, since or 0.0, recipe)
            total = _sums(rows, "", since or 0.0, recipe)
        opened = self._tickets.opened()
        return Account(
            lines=lines,
            total=total[0] if total else Line(name=""),
            open=tuple(ticket for ticket in opened if recipe in (None, ticket.errand.recipe)),
        )


def _sums(rows: sqlite3.Connection, by: By | Literal[""], begun: float, recipe: str | None) -> tuple[Line, ...]:
    return tuple(
        Line(
            name=name,
            requests=int(requests),
            underway=int(underway),
            unpriced=int(unpriced),
            spent_usd=round(spent_usd, _MICRO),
            estimated_usd=round(estimated_usd, _MICRO),
            unestimated=int(unestimated),
            saved_calls=int(saved_calls),
            saved_usd=round(saved_usd, _MICRO),
        )
        for name, requests, underway, unpriced, spent_usd, estimated_usd, unestimated, saved_calls, saved_usd in (
            rows.execute(_SUMS, (by, begun, recipe)).fetchall()
        )
    )

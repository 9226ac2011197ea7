"""Paid requests: tickets, uploads, and the ledger over the tickets.

A ticket is committed before its request is sent and is never deleted, so the tickets are the ledger.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace

from nano_banana.model.problem import Unusable, problem
from nano_banana.model.ticket import Ticket, Upload
from nano_banana.store.database import StorePart, json_set, json_text

_COLUMNS = (
    *("number", "key", "document", "provider", "service", "endpoint", "body", "state"),
    *("run", "recipe", "stage", "node", "subject", "begun_at", "ended_at", "request_id", "urls"),
    *("estimate_usd", "units", "cost_usd", "reason"),
)
_INSERT = "INSERT INTO tickets VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_UPDATE = """
    UPDATE tickets SET (
        key, document, provider, service, endpoint, body, state, run, recipe, stage, node, subject,
        begun_at, ended_at, request_id, urls, estimate_usd, units, cost_usd, reason
    ) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE number = ?
"""
_LATEST = """
    SELECT * FROM tickets WHERE number IN (
        SELECT (SELECT max(number) FROM tickets WHERE key = asked.value) FROM json_each(?) AS asked
    )
"""
# SQLite uses the indexes of open tickets only for a query that repeats their condition literally. Without INDEXED BY
# it would read the whole table, which is in order already; but few tickets are open.
_OPENED = """
    SELECT * FROM tickets INDEXED BY open_tickets WHERE state IN ('sending', 'sent', 'unknown')
    AND (?1 IS NULL OR provider = ?1) AND (?2 IS NULL OR service = ?2) ORDER BY number
"""
_TAKEN = "SELECT number FROM tickets WHERE state IN ('sending', 'sent', 'unknown') AND key = ?"
_REQUESTS = "SELECT request_id FROM tickets WHERE service = ? AND request_id IN (SELECT value FROM json_each(?))"

_Values: TypeAlias = tuple[str | float | None, ...]


class Tickets(StorePart):
    """The tickets of all paid requests. Tickets are never deleted, and a call has at most one open ticket."""

    def keep(self, tickets: Sequence[Ticket]) -> list[Ticket]:
        """Save these tickets, all or none, and return them as saved. They survive a loss of power.

        A new ticket (number 0) gets its number; the others replace their row. A `begun_at` of 0, and the missing
        `ended_at` of a closed ticket, become the current time. Raises Unusable (`ticket_open`) if the call has
        another open ticket: a bug, or a process that ignores claims. Raises KeyError for an unknown number.
        """
        with self._database.writing(durable=True) as rows:
            return write_tickets(rows, tickets, now=self._clock())

    def latest(self, keys: Iterable[str]) -> dict[str, Ticket]:
        """The last ticket, open or closed, of each of these calls that has one."""
        return {ticket.key: ticket for ticket in map(_ticket_of_row, self._database.select(_LATEST, json_set(keys)))}

    def opened(self, provider: str | None = None, service: str | None = None) -> list[Ticket]:
        """All open tickets, oldest first, or only those of one provider and one of its services (an address)."""
        return [_ticket_of_row(row) for row in self._database.select(_OPENED, provider, service)]

    def requests(self, service: str, ids: Iterable[str]) -> set[str]:
        """Those of these request ids that a ticket of the service has, open or closed."""
        return {name for (name,) in self._database.select(_REQUESTS, service, json_set(ids))}


def write_tickets(rows: sqlite3.Connection, tickets: Sequence[Ticket], *, now: float) -> list[Ticket]:
    """What `Tickets.keep` does, inside the caller's transaction."""
    return [_write_ticket(rows, _with_times(ticket, now)) for ticket in tickets]


def all_tickets(rows: sqlite3.Connection) -> Iterator[Ticket]:
    """All tickets, open or closed, oldest first, inside the caller's transaction."""
    for row in rows.execute("SELECT * FROM tickets ORDER BY number"):
        yield _ticket_of_row(row)


def _with_times(ticket: Ticket, now: float) -> Ticket:
    return replace(
        ticket,
        begun_at=ticket.begun_at or now,
        ended_at=now if ticket.ended_at is None and not ticket.open else ticket.ended_at,
    )


def _write_ticket(rows: sqlite3.Connection, ticket: Ticket) -> Ticket:
    try:
        if not ticket.number:
            number = rows.execute(_INSERT, _row_of_ticket(ticket)).lastrowid
            return replace(ticket, number=number or 0)
        if not rows.execute(_UPDATE, (*_row_of_ticket(ticket), ticket.number)).rowcount:
            raise KeyError(ticket.number)
    except sqlite3.IntegrityError as error:
        raise _already_open(rows, ticket) from error
    return ticket


def _already_open(rows: sqlite3.Connection, ticket: Ticket) -> Unusable:
    (number,) = rows.execute(_TAKEN, (ticket.key,)).fetchone()
    (_, _, file) = rows.execute("PRAGMA database_list").fetchone()
    folder = file.rpartition("/")[0]
    return Unusable([problem("ticket_open", endpoint=ticket.endpoint, number=number, folder=folder)])


def _row_of_ticket(ticket: Ticket) -> _Values:
    values = {**asdict(ticket), **asdict(ticket.requester), "state": ticket.state.value, "urls": json_text(ticket.urls)}
    return tuple(values[name] for name in _COLUMNS[1:])


def _ticket_of_row(row: sqlite3.Row) -> Ticket:
    values = dict(zip(_COLUMNS, row, strict=True))
    return msgspec.convert({**values, "urls": json.loads(values["urls"]), "requester": values}, Ticket)


UPLOAD_MARGIN = 600.0
"""Seconds for which an upload must still exist, so that it is there when its request is worked on."""

_UPLOADS = """
    SELECT service, digest, url, expires_at FROM uploads WHERE (?1 IS NULL OR service = ?1)
    AND digest IN (SELECT value FROM json_each(?2)) AND coalesce(expires_at > ?3, 1) ORDER BY service, digest
"""


class KnownUploads(StorePart):
    """Where the bytes with a digest lie at a service. To lose such a row costs no more than another upload."""

    def get(self, service: str, digests: Iterable[str], *, margin: float = UPLOAD_MARGIN) -> dict[str, Upload]:
        """Those of these digests that exist at the service for more than `margin` more seconds."""
        found = self._database.select(_UPLOADS, service, json_set(digests), self._clock() + margin)
        return {row[1]: Upload(*row) for row in found}

    def keep(self, uploads: Iterable[Upload]) -> None:
        """Save these uploads in place of older ones of the same bytes, and drop all that have expired."""
        kept = [(upload.service, upload.digest, upload.url, upload.expires_at) for upload in uploads]
        with self._database.writing() as rows:
            rows.execute("DELETE FROM uploads WHERE expires_at <= ?", (self._clock(),))
            rows.executemany("INSERT OR REPLACE INTO uploads VALUES (?, ?, ?, ?)", kept)


def uploads_of(rows: sqlite3.Connection, digests: Iterable[str]) -> tuple[Upload, ...]:
    """All uploads of these files to any service, expired or not, inside the caller's transaction."""
    return tuple(Upload(*row) for row in rows.execute(_UPLOADS, (None, json_set(digests), None)))


LedgerGroup: TypeAlias = Literal["recipe", "subject", "endpoint", "day"]
"""What the lines are grouped by. Days are UTC, as in the names of runs."""

_SUMS = """
    SELECT CASE ?1 WHEN 'recipe' THEN recipe WHEN 'subject' THEN subject WHEN 'endpoint' THEN endpoint
                   WHEN 'day' THEN date(at, 'unixepoch') WHEN 'run' THEN run ELSE '' END AS name,
           CAST(total(requests) AS INTEGER), CAST(total(underway) AS INTEGER), CAST(total(unpriced) AS INTEGER),
           round(total(spent_usd), 6), round(total(estimated_usd), 6), CAST(total(unestimated) AS INTEGER),
           CAST(total(saved_calls) AS INTEGER), round(total(saved_usd), 6)
    FROM ledger WHERE at >= ?2 AND (?3 IS NULL OR recipe = ?3)
    AND (?4 IS NULL OR run IN (SELECT value FROM json_each(?4)))
    GROUP BY 1 ORDER BY iif(?1 = 'day', name, ''), total(spent_usd) DESC, total(saved_usd) DESC, name
"""
"""Sums of money have six digits: the cheapest second of a machine needs five, and a sum of floats has too many."""

_SAVE = """
    INSERT INTO savings VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run, recipe, subject, endpoint)
    DO UPDATE SET calls = calls + excluded.calls, usd = usd + excluded.usd
"""


class Saving(Struct, frozen=True, kw_only=True):
    """What the cache saved in a run: the `calls` that it answered, and the least that they would have cost."""

    recipe: str
    subject: str
    endpoint: str
    calls: int
    usd: float


class LedgerLine(NamedTuple):
    """The requests and savings of one recipe, subject, endpoint, day or run (`name`; empty if there was none).

    `requests` counts all that a service accepted or may have accepted. Of these, `underway` have no answer yet, and
    `unpriced` have an unknown cost. `spent_usd` is the cost of the others, `estimated_usd` what these were
    estimated at, without the `unestimated` ones.
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
        """The number of requests whose cost is unknown, or not known yet."""
        return self.unpriced + self.underway


class LedgerSummary(Struct, frozen=True, kw_only=True):
    """Lines with the highest cost first (days: the oldest first), their total, and the open tickets, oldest first."""

    lines: tuple[LedgerLine, ...]
    total: LedgerLine
    open: tuple[Ticket, ...]


class Ledger(StorePart):
    """Sums over the tickets and over the savings that runs noted."""

    def note(self, run: str, savings: Iterable[Saving]) -> None:
        """Save what the cache saved in this run, in place of what was noted before."""
        now = self._clock()
        values = [(run, each.recipe, each.subject, each.endpoint, each.calls, each.usd, now) for each in savings]
        with self._database.writing() as rows:
            rows.execute("DELETE FROM savings WHERE run = ?", (run,))
            rows.executemany(_SAVE, values)

    def runs(self, ids: Iterable[str]) -> dict[str, LedgerLine]:
        """The requests that each of these runs sent, whichever run collected them. Runs without any are absent."""
        found = [LedgerLine(*row) for row in self._database.select(_SUMS, "run", 0.0, None, json_set(ids))]
        return {line.name: line for line in found if line.requests}

    def account(self, by: LedgerGroup, *, since: float | None = None, recipe: str | None = None) -> LedgerSummary:
        """The sums of what began at `since` (seconds since 1970; None: ever) or later, for one recipe or all.

        Open tickets are listed however old they are.
        """
        total = [LedgerLine(*row) for row in self._database.select(_SUMS, "", since or 0.0, recipe, None)]
        opened = map(_ticket_of_row, self._database.select(_OPENED, None, None))
        return LedgerSummary(
            lines=tuple(LedgerLine(*row) for row in self._database.select(_SUMS, by, since or 0.0, recipe, None)),
            total=total[0] if total else LedgerLine(name=""),
            open=tuple(ticket for ticket in opened if recipe in (None, ticket.requester.recipe)),
        )

"""Requests that cost money: tickets, uploads, and the ledger over both.

A ticket is committed before its request is sent, and never removed, so that the tickets are the ledger.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from nano_banana.model.problem import Unusable, problem
from nano_banana.model.ticket import Requester, Ticket, TicketState, Upload
from nano_banana.store.database import Database, json_text

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
# SQLite uses the indexes of open tickets only where it reads their condition word for word. Left alone it would
# rather read the whole table, which is in order already; but the open ones are few.
_OPENED = """
    SELECT * FROM tickets INDEXED BY open_tickets WHERE state IN ('sending', 'sent', 'unknown')
    AND (?1 IS NULL OR provider = ?1) AND (?2 IS NULL OR service = ?2) ORDER BY number
"""
_TAKEN = "SELECT number FROM tickets WHERE state IN ('sending', 'sent', 'unknown') AND key = ?"
_REQUESTS = "SELECT request_id FROM tickets WHERE service = ? AND request_id IN (SELECT value FROM json_each(?))"

_Values: TypeAlias = tuple[str | float | None, ...]
_Row: TypeAlias = tuple[
    *tuple[int, str, str, str, str, str, str, str, str, str, str, str, str],
    *tuple[float, float | None, str, str, float | None, float | None, float | None, str],
]


class Tickets:
    """The book of requests. Nothing is ever taken out of it, and a call has at most one that is open."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def keep(self, tickets: Sequence[Ticket]) -> list[Ticket]:
        """Write these down, all or none, and give them back as written; outlives a loss of power on return.

        New ones (number 0) get their number, the others take their row's place. A `begun_at` of 0 and the missing
        `ended_at` of a closed one are now. Raises Unusable `ticket_open` where the call has another open ticket:
        a bug, or a process that cares for no claims. Raises KeyError for a number that was never given.
        """
        with self._database.writing(durable=True) as rows:
            return write_tickets(rows, tickets, now=self._clock())

    def latest(self, keys: Iterable[str]) -> dict[str, Ticket]:
        """The last ticket, open or closed, of each of these calls that has one."""
        with self._database.reading() as rows:
            found = rows.execute(_LATEST, (json_text(sorted(set(keys))),)).fetchall()
        return {ticket.key: ticket for ticket in map(_ticket_of_row, found)}

    def opened(self, provider: str | None = None, service: str | None = None) -> list[Ticket]:
        """All open tickets, or those of one provider, or of one service (address) of it, oldest first."""
        with self._database.reading() as rows:
            found = rows.execute(_OPENED, (provider, service)).fetchall()
        return [_ticket_of_row(row) for row in found]

    def requests(self, service: str, ids: Iterable[str]) -> set[str]:
        """Those of these request ids that some ticket of the service has, open or closed."""
        with self._database.reading() as rows:
            found = rows.execute(_REQUESTS, (service, json_text(sorted(set(ids))))).fetchall()
        return {request_id for (request_id,) in found}


def write_tickets(rows: sqlite3.Connection, tickets: Sequence[Ticket], *, now: float) -> list[Ticket]:
    """What `Tickets.keep` does, inside the caller's transaction."""
    return [_write_ticket(rows, _with_times(ticket, now)) for ticket in tickets]


def all_tickets(rows: sqlite3.Connection) -> Iterator[Ticket]:
    """All tickets, open or closed, oldest first, inside the caller's transaction."""
    yield from map(_ticket_of_row, rows.execute("SELECT * FROM tickets ORDER BY number"))


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
    requester = ticket.requester
    return (
        *(ticket.key, ticket.document, ticket.provider, ticket.service, ticket.endpoint, ticket.body),
        *(ticket.state.value, requester.run, requester.recipe, requester.stage, requester.node, requester.subject),
        *(ticket.begun_at, ticket.ended_at, ticket.request_id, json_text(ticket.urls)),
        *(ticket.estimate_usd, ticket.units, ticket.cost_usd, ticket.reason),
    )


def _ticket_of_row(row: _Row) -> Ticket:
    number, key, document, provider, service, endpoint, body, state, run, recipe, stage, node, subject = row[:13]
    begun_at, ended_at, request_id, urls, estimate_usd, units, cost_usd, reason = row[13:]
    return Ticket(
        number=number,
        key=key,
        document=document,
        provider=provider,
        service=service,
        endpoint=endpoint,
        body=body,
        state=TicketState(state),
        requester=Requester(run=run, recipe=recipe, stage=stage, node=node, subject=subject),
        begun_at=begun_at,
        ended_at=ended_at,
        request_id=request_id,
        urls=json.loads(urls),
        estimate_usd=estimate_usd,
        units=units,
        cost_usd=cost_usd,
        reason=reason,
    )


UPLOAD_MARGIN = 600.0
"""Seconds that an upload must still have, so that it is there when its request's turn comes."""

_UPLOADS = """
    SELECT service, digest, url, expires_at FROM uploads WHERE service = ?
    AND digest IN (SELECT value FROM json_each(?)) AND coalesce(expires_at > ?, 1)
"""


class KnownUploads:
    """Service and digest → where the bytes lie there. To forget one costs no more than to send it again."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def get(self, service: str, digests: Iterable[str], *, margin: float = UPLOAD_MARGIN) -> dict[str, Upload]:
        """By digest, those of these that lie there for more than `margin` seconds from now."""
        asked = (service, json_text(sorted(set(digests))), self._clock() + margin)
        with self._database.reading() as rows:
            found = rows.execute(_UPLOADS, asked).fetchall()
        return {
            digest: Upload(service=of, digest=digest, url=url, expires_at=expires_at)
            for of, digest, url, expires_at in found
        }

    def keep(self, uploads: Iterable[Upload]) -> None:
        """Remember these, each in place of an older one of the same bytes; those that expired are dropped."""
        kept = [(upload.service, upload.digest, upload.url, upload.expires_at) for upload in uploads]
        with self._database.writing() as rows:
            rows.execute("DELETE FROM uploads WHERE expires_at <= ?", (self._clock(),))
            rows.executemany("INSERT OR REPLACE INTO uploads VALUES (?, ?, ?, ?)", kept)


LedgerGroup: TypeAlias = Literal["recipe", "subject", "endpoint", "day"]
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
_DIGITS = 6
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
class LedgerLine:
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
class LedgerSummary:
    """Lines, those that cost most first (days: the oldest), their total, and the open tickets, oldest first."""

    lines: tuple[LedgerLine, ...]
    total: LedgerLine
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

    def runs(self, ids: Iterable[str]) -> dict[str, LedgerLine]:
        """What the requests cost that each of these runs sent, whoever collected them; runs without any are absent."""
        with self._database.reading() as rows:
            found = rows.execute(_BY_RUN, (json_text(list(ids)),)).fetchall()
        return {
            run: LedgerLine(
                name=run,
                requests=requests,
                underway=int(underway),
                unpriced=int(unpriced),
                spent_usd=round(spent_usd, _DIGITS),
            )
            for run, requests, underway, unpriced, spent_usd in found
        }

    def account(self, by: LedgerGroup, *, since: float | None = None, recipe: str | None = None) -> LedgerSummary:
        """Add up what was begun at `since` (seconds since 1970; None: ever) or later, for one recipe or all.

        What is open is told however old it is.
        """
        with self._database.reading() as rows:
            lines = _sums(rows, by, since or 0.0, recipe)
            total = _sums(rows, "", since or 0.0, recipe)
        opened = self._tickets.opened()
        return LedgerSummary(
            lines=lines,
            total=total[0] if total else LedgerLine(name=""),
            open=tuple(ticket for ticket in opened if recipe in (None, ticket.requester.recipe)),
        )


def _sums(
    rows: sqlite3.Connection, by: LedgerGroup | Literal[""], begun: float, recipe: str | None
) -> tuple[LedgerLine, ...]:
    return tuple(
        LedgerLine(
            name=name,
            requests=int(requests),
            underway=int(underway),
            unpriced=int(unpriced),
            spent_usd=round(spent_usd, _DIGITS),
            estimated_usd=round(estimated_usd, _DIGITS),
            unestimated=int(unestimated),
            saved_calls=int(saved_calls),
            saved_usd=round(saved_usd, _DIGITS),
        )
        for name, requests, underway, unpriced, spent_usd, estimated_usd, unestimated, saved_calls, saved_usd in (
            rows.execute(_SUMS, (by, begun, recipe)).fetchall()
        )
    )

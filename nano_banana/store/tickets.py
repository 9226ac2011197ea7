"""Requests that cost money, from before they are sent, kept for good."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from nano_banana.core.errors import Unusable, trouble
from nano_banana.core.ticket import Errand, Ticket, TicketState
from nano_banana.store.database import Database
from nano_banana.store.encoding import encoded

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
            return write(rows, tickets, now=self._clock())

    def latest(self, keys: Iterable[str]) -> dict[str, Ticket]:
        """The last ticket, open or closed, of each of these calls that has one."""
        with self._database.reading() as rows:
            found = rows.execute(_LATEST, (encoded(sorted(set(keys))),)).fetchall()
        return {ticket.key: ticket for ticket in map(_read, found)}

    def opened(self, provider: str | None = None, service: str | None = None) -> list[Ticket]:
        """All open tickets, or those of one provider, or of one service (address) of it, oldest first."""
        with self._database.reading() as rows:
            found = rows.execute(_OPENED, (provider, service)).fetchall()
        return [_read(row) for row in found]

    def requests(self, service: str, ids: Iterable[str]) -> set[str]:
        """Those of these request ids that some ticket of the service has, open or closed."""
        with self._database.reading() as rows:
            found = rows.execute(_REQUESTS, (service, encoded(sorted(set(ids))))).fetchall()
        return {request_id for (request_id,) in found}


def write(rows: sqlite3.Connection, tickets: Sequence[Ticket], *, now: float) -> list[Ticket]:
    """What `Tickets.keep` does, inside the caller's transaction."""
    return [_write(rows, _dated(ticket, now)) for ticket in tickets]


def every(rows: sqlite3.Connection) -> Iterator[Ticket]:
    """All tickets, open or closed, oldest first, inside the caller's transaction."""
    yield from map(_read, rows.execute("SELECT * FROM tickets ORDER BY number"))


def _dated(ticket: Ticket, now: float) -> Ticket:
    return replace(
        ticket,
        begun_at=ticket.begun_at or now,
        ended_at=now if ticket.ended_at is None and not ticket.open else ticket.ended_at,
    )


def _write(rows: sqlite3.Connection, ticket: Ticket) -> Ticket:
    try:
        if not ticket.number:
            number = rows.execute(_INSERT, _values(ticket)).lastrowid
            return replace(ticket, number=number or 0)
        if not rows.execute(_UPDATE, (*_values(ticket), ticket.number)).rowcount:
            raise KeyError(ticket.number)
    except sqlite3.IntegrityError as error:
        raise _taken(rows, ticket) from error
    return ticket


def _taken(rows: sqlite3.Connection, ticket: Ticket) -> Unusable:
    (number,) = rows.execute(_TAKEN, (ticket.key,)).fetchone()
    (_, _, file) = rows.execute("PRAGMA database_list").fetchone()
    folder = file.rpartition("/")[0]
    return Unusable([trouble("ticket_open", endpoint=ticket.endpoint, number=number, folder=folder)])


def _values(ticket: Ticket) -> _Values:
    errand = ticket.errand
    return (
        *(ticket.key, ticket.document, ticket.provider, ticket.service, ticket.endpoint, ticket.body),
        *(ticket.state.value, errand.run, errand.recipe, errand.stage, errand.node, errand.subject),
        *(ticket.begun_at, ticket.ended_at, ticket.request_id, encoded(ticket.urls)),
        *(ticket.estimate_usd, ticket.units, ticket.cost_usd, ticket.reason),
    )


def _read(row: _Row) -> Ticket:
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
        errand=Errand(run=run, recipe=recipe, stage=stage, node=node, subject=subject),
        begun_at=begun_at,
        ended_at=ended_at,
        request_id=request_id,
        urls=json.loads(urls),
        estimate_usd=estimate_usd,
        units=units,
        cost_usd=cost_usd,
        reason=reason,
    )

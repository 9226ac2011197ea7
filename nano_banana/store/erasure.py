"""Erasure: removes a person's data from the store.

All rows are deleted in one transaction, so that a full disk or a crash leaves all of them or none; then the files are
deleted, and SQLite's file is rewritten, so that nothing can be read from its free pages. `finish` completes an erasure
that was cut short. Rows that stay (costs, runs) lose everything personal.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path

from nano_banana.model.problem import Unusable, problem
from nano_banana.model.ticket import Ticket, TicketState, transition
from nano_banana.store.adapter_shelf import AdapterShelf
from nano_banana.store.blobs import Blobs
from nano_banana.store.claims import process_exists
from nano_banana.store.database import BUSY_SECONDS, Database, StorePart, json_text, translate_errors
from nano_banana.store.personal_data import (
    DataSubject,
    ErasureSeeds,
    SubjectTraces,
    adapters_of_others,
    load_lineage,
    output_paths,
    remembered_paths,
    starting_points,
    tickets_of,
    unreferenced_blobs,
)
from nano_banana.store.run_log import is_any_run_underway
from nano_banana.store.tickets import uploads_of, write_tickets

_BLANK_TICKET = """
    UPDATE tickets SET key = '', document = '', body = '', stage = '', node = '', subject = '', request_id = '',
    urls = '{}' WHERE number = ?
"""
"""Time, service, cost and outcome stay: they are the user's accounts."""

_MERGE_SAVINGS = """
    INSERT INTO savings SELECT run, recipe, '', endpoint, calls, usd, noted_at FROM savings WHERE subject = ?
    ON CONFLICT (run, recipe, subject, endpoint) DO UPDATE SET calls = calls + excluded.calls, usd = usd + excluded.usd
"""
_UNNAME_RECIPE = (
    "UPDATE runs SET recipe = '' WHERE recipe = ?",
    "UPDATE tickets SET recipe = '' WHERE recipe = ?",
    """
    INSERT INTO savings SELECT run, '', subject, endpoint, calls, usd, noted_at FROM savings WHERE recipe = ?
    ON CONFLICT (run, recipe, subject, endpoint) DO UPDATE SET calls = calls + excluded.calls, usd = usd + excluded.usd
    """,
    "DELETE FROM savings WHERE recipe = ?",
    "DELETE FROM trail WHERE recipe = ?",
    "DELETE FROM snapshots WHERE recipe = ?",
)
_DIGEST = re.compile(r"[0-9a-f]{64}")


def redact(
    rows: sqlite3.Connection, subject: DataSubject, keys: set[str], digests: set[str], requests: Iterable[Ticket]
) -> int:
    """Blank or drop the person's data in tickets, savings, runs, trails and notes; return how many notes changed."""
    rows.executemany(_BLANK_TICKET, [(ticket.number,) for ticket in requests if not ticket.open])
    rows.execute(_MERGE_SAVINGS, (subject.name,))
    rows.execute("DELETE FROM savings WHERE subject = ?", (subject.name,))
    found = rows.execute("SELECT recipe, position, key FROM trail").fetchall()
    gone = [(recipe, position) for recipe, position, key in found if key in keys or subject.mentions(position)]
    rows.executemany("DELETE FROM trail WHERE recipe = ? AND position = ?", gone)
    for number, arguments, summary in rows.execute("SELECT number, arguments, summary FROM runs").fetchall():
        if subject.mentions(arguments) or subject.mentions(summary or ""):
            rows.execute("UPDATE runs SET arguments = '{}', summary = '{}' WHERE number = ?", (number,))
    # Remove the recipe's name from the records if it contains the person's name.
    named = rows.execute("SELECT recipe FROM runs UNION SELECT recipe FROM tickets UNION SELECT recipe FROM savings")
    for recipe in [recipe for (recipe,) in named.fetchall() if subject.mentions(recipe)]:
        for statement in _UNNAME_RECIPE:
            rows.execute(statement, (recipe,))
    return len(gone) + _redact_notes(rows, subject, keys | digests)


def _redact_notes(rows: sqlite3.Connection, subject: DataSubject, names: set[str]) -> int:
    """Notes that map names to values lose the person's names; other notes are dropped as a whole."""
    gone = 0
    found = rows.execute("SELECT name FROM notes").fetchall()
    for (name,) in found:
        (text,) = rows.execute("SELECT CAST(text AS TEXT) FROM notes WHERE name = ?", (name,)).fetchone()
        if not (subject.mentions(name) or subject.mentions(text) or not names.isdisjoint(_DIGEST.findall(text))):
            continue
        gone += 1
        kept = _without_subject(text, subject, names) if name.startswith(("before/", "handout/")) else {}
        if kept and not subject.mentions(name):
            rows.execute("UPDATE notes SET text = ? WHERE name = ?", (json_text(kept), name))
        else:
            rows.execute("DELETE FROM notes WHERE name = ?", (name,))
    return gone


def _without_subject(text: str, subject: DataSubject, names: set[str]) -> dict[str, str]:
    try:
        values = json.loads(text).items()
    except (ValueError, AttributeError):
        return {}
    return {name: value for name, value in values if not subject.mentions(name) and str(value) not in names}


PENDING_NOTE = "forgetting"
"""The name of the note that an erasure still has to be finished; it names nobody."""

_READERS_TIMEOUT_MS = 2000
"""Milliseconds to wait for other readers to end."""

_DROP_REPLIES = "DELETE FROM replies WHERE key IN (SELECT value FROM json_each(?))"
_OF_KEYS = (
    "DELETE FROM documents WHERE key IN (SELECT value FROM json_each(?))",
    "DELETE FROM reply_files WHERE key IN (SELECT value FROM json_each(?))",
    "DELETE FROM claims WHERE key IN (SELECT value FROM json_each(?))",
)
_SIZES = "SELECT digest, size FROM blobs WHERE digest IN (SELECT value FROM json_each(?))"
_OF_DIGESTS = (
    "DELETE FROM blobs WHERE digest IN (SELECT value FROM json_each(?))",
    "DELETE FROM uploads WHERE digest IN (SELECT value FROM json_each(?))",
)
_ADAPTERS_OF = """
    SELECT name, version FROM adapters WHERE subject = ? OR digest IN (SELECT value FROM json_each(?))
    ORDER BY name, version
"""
_LOOSE_TAGS = "DELETE FROM adapter_tags WHERE (name, version) NOT IN (SELECT name, version FROM adapters)"
_DROP_UNUSED_NAME = "DELETE FROM adapter_names WHERE name = ? AND name NOT IN (SELECT name FROM adapters)"


class Erasure(StorePart):
    """Removes a person's data from one store."""

    def __init__(self, database: Database, blobs: Blobs, shelf: AdapterShelf, clock: Callable[[], float]) -> None:
        super().__init__(database, clock)
        self._blobs = blobs
        self._shelf = shelf

    @property
    def pending(self) -> bool:
        """Whether an earlier erasure was cut short after its rows were deleted."""
        return bool(self._database.select("SELECT name FROM notes WHERE name = ?", PENDING_NOTE))

    def check(self, subject: DataSubject, traces: SubjectTraces, *, abandon: bool = False) -> None:
        """Raise Unusable if `forget` would: `forget_underway`, `forget_open`.

        If `abandon` will be called first, requests with an unknown outcome are no reason.
        """
        with self._database.reading() as rows:
            self._check_quiet(rows)
        _check_closed(subject, [ticket for ticket in traces.requests if not (abandon and ticket.outcome_unknown)])

    def abandon(self, traces: SubjectTraces) -> None:
        """Stop waiting for requests with an unknown outcome: no run will look for them any more.

        Raises Unusable (`forget_underway`) while a run is under way, since it may be about to find some.
        """
        given_up = [_abandoned(ticket) for ticket in traces.requests if ticket.outcome_unknown]
        with self._database.writing(durable=True) as rows:
            self._check_quiet(rows)
            write_tickets(rows, given_up, now=self._clock())

    def forget(
        self, subject: DataSubject, seeds: ErasureSeeds, *, dry_run: bool, removed: Collection[str] = ()
    ) -> SubjectTraces:
        """Delete every row that is derived from the person's data or names them; a dry run is rolled back.

        `removed` are outputs that are deleted already. Costs stay, without a name. Call `finish` afterwards. Raises
        Unusable, unless it is a dry run: `forget_underway` while a run is under way, `forget_open` if one of the
        person's requests is still open.
        """
        with self._database.reading() as rows:
            rows.execute("PRAGMA secure_delete = ON")
        with self._database.writing(durable=True, keep=not dry_run) as rows:
            if not dry_run:
                self._check_quiet(rows)
            found = load_lineage(rows)
            own, behind = starting_points(rows, subject, seeds, found)
            keys, digests = found.after(own, behind | subject.photos, spared=adapters_of_others(rows, subject))
            requests = tickets_of(rows, subject, keys, digests)
            if not dry_run:
                _check_closed(subject, requests)
            traces = self._take_out(rows, subject, seeds, keys, digests, requests, removed)
            if not dry_run:
                rows.execute("INSERT OR REPLACE INTO notes VALUES (?, '')", (PENDING_NOTE,))
        if traces.adapters and not dry_run:
            self._shelf.changed()
        return traces

    def finish(self) -> None:
        """Delete the files that nothing refers to, and rewrite the database. After Unusable, call it again.

        The disk needs room for a second copy of the database (not of the files).
        """
        with self._database.writing(durable=True) as rows:
            self._check_quiet(rows)
            files, loose = unreferenced_blobs(rows, self._blobs)
            rows.executemany("DELETE FROM blobs WHERE digest = ?", [(digest,) for digest in files])
            with translate_errors(self._database.folder):
                for path in map(Path, map(self._blobs.place, {*files, *loose})):
                    path.unlink(missing_ok=True)
                    with suppress(OSError):
                        path.parent.rmdir()
                for path in filter(_is_abandoned, self._blobs.unfinished()):
                    path.unlink(missing_ok=True)
        with self._database.reading() as rows:
            rows.execute("PRAGMA secure_delete = ON")
            rows.execute("VACUUM")
            self._fold(rows)
        with self._database.writing(durable=True) as rows:
            rows.execute("DELETE FROM notes WHERE name = ?", (PENDING_NOTE,))
        with self._database.reading() as rows:
            self._fold(rows)

    def _fold(self, rows: sqlite3.Connection) -> None:
        """Empty the write-ahead log, which holds old pages. Raises Unusable while other processes read."""
        rows.execute(f"PRAGMA busy_timeout = {_READERS_TIMEOUT_MS}")
        (busy, *_) = rows.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        rows.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        if busy:
            raise Unusable([problem("forget_busy", folder=str(self._database.folder))])

    def _check_quiet(self, rows: sqlite3.Connection) -> None:
        if is_any_run_underway(rows, self._clock()):
            raise Unusable([problem("forget_underway", folder=str(self._database.folder))])

    def _take_out(
        self,
        rows: sqlite3.Connection,
        subject: DataSubject,
        seeds: ErasureSeeds,
        keys: set[str],
        digests: set[str],
        requests: list[Ticket],
        removed: Collection[str],
    ) -> SubjectTraces:
        some_keys, some_digests = (json_text(sorted(keys)),), (json_text(sorted(digests)),)
        outputs = output_paths(rows, self._database, digests, seeds.pictures)
        uploads = uploads_of(rows, digests)
        lonely, loose = unreferenced_blobs(rows, self._blobs)
        answers = rows.execute(_DROP_REPLIES, some_keys).rowcount
        for statement in _OF_KEYS:
            rows.execute(statement, some_keys)
        sizes = dict(rows.execute(_SIZES, some_digests).fetchall())
        for statement in _OF_DIGESTS:
            rows.execute(statement, some_digests)
        adapters = _drop_adapters(rows, subject, digests)
        paths = remembered_paths(rows, self._database, subject, digests, {*outputs, *removed})
        rows.executemany("DELETE FROM memo WHERE path = ?", [(path,) for path in paths])
        notes = redact(rows, subject, keys, digests, requests)
        apart = {digest: size for digest, size in {**lonely, **loose}.items() if digest not in sizes}
        return SubjectTraces(
            keys=frozenset(keys),
            digests=frozenset(digests),
            answers=answers,
            files=len(sizes),
            bytes=sum(sizes.values()),
            unnamed=len(apart),
            unnamed_bytes=sum(apart.values()),
            adapters=adapters,
            outputs=tuple(sorted(outputs)),
            memories=len(paths),
            notes=notes,
            requests=tuple(requests),
            uploads=uploads,
        )


def _abandoned(ticket: Ticket) -> Ticket:
    lost = transition(ticket, TicketState.UNKNOWN) if ticket.state is TicketState.SENDING else ticket
    return transition(lost, TicketState.ABANDONED, reason=ticket.reason)


def _check_closed(subject: DataSubject, requests: Iterable[Ticket]) -> None:
    number = sum(ticket.open for ticket in requests)
    if number:
        raise Unusable([problem("forget_open", number=number, name=subject.name)])


def _drop_adapters(rows: sqlite3.Connection, subject: DataSubject, digests: Iterable[str]) -> tuple[str, ...]:
    """Take the person's adapters off the shelf, and names and tags that have no adapter left."""
    gone = rows.execute(_ADAPTERS_OF, (subject.name, json_text(sorted(digests)))).fetchall()
    rows.executemany("DELETE FROM adapters WHERE name = ? AND version = ?", gone)
    rows.execute(_LOOSE_TAGS)
    rows.executemany(_DROP_UNUSED_NAME, [(name,) for name in sorted({subject.name, *(name for name, _ in gone)})])
    return tuple(f"{name}@{version}" for name, version in gone)


def _is_abandoned(path: Path) -> bool:
    """Whether the process that was writing this file is dead."""
    pid = path.name.partition("-")[0]
    return not pid.isdecimal() or not process_exists(int(pid))

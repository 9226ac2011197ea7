"""Forgetting: all that comes of somebody leaves the store, for good.

Rows go in one transaction, so that a full disk or a crash leaves all or nothing of them; then files, then SQLite's own
pages are written anew, so that nothing can be read from free ones. Whatever of that was cut short, `finish` does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path

from nano_banana.core.errors import Unusable, trouble
from nano_banana.core.somebody import Somebody
from nano_banana.core.ticket import Ticket, TicketState, moved
from nano_banana.store.adapters import Adapters
from nano_banana.store.blobs import FRESH, Blobs
from nano_banana.store.database import BUSY_SECONDS, Database
from nano_banana.store.encoding import encoded
from nano_banana.store.personal import lineage, memories, ours, seeds, spared, tickets_of, unnamed, uploads_of
from nano_banana.store.redact import redact
from nano_banana.store.runs import any_underway
from nano_banana.store.tickets import write
from nano_banana.store.traces import Hints, Traces
from nano_banana.store.wall import wall

PENDING = "forgetting"
"""The note of a store whose files and pages are still to be cleaned; it names nobody."""

_PATIENCE_MS = 2000
"""Milliseconds that other readers have to come to an end."""

_ANSWERS = "DELETE FROM replies WHERE key IN (SELECT value FROM json_each(?))"
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
_SHELVED = """
    SELECT name, version FROM adapters WHERE subject = ? OR digest IN (SELECT value FROM json_each(?))
    ORDER BY name, version
"""
_LOOSE_TAGS = "DELETE FROM adapter_tags WHERE (name, version) NOT IN (SELECT name, version FROM adapters)"
_NAMELESS = "DELETE FROM adapter_names WHERE name = ? AND name NOT IN (SELECT name FROM adapters)"


class Oblivion:
    """Takes somebody out of one store."""

    def __init__(self, database: Database, blobs: Blobs, clock: Callable[[], float]) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock

    @property
    def pending(self) -> bool:
        """Whether a forgetting before this one was cut short after its rows had gone."""
        with self._database.reading() as rows:
            return rows.execute("SELECT 1 FROM notes WHERE name = ?", (PENDING,)).fetchone() is not None

    def check(self, who: Somebody, traces: Traces, *, abandon: bool = False) -> None:
        """Raise Unusable where `forget` would: `forget_underway`, `forget_open`.

        Where `abandon` follows, lost requests are no reason to.
        """
        with self._database.reading() as rows:
            self._check_quiet(rows)
        _check_closed(who, [ticket for ticket in traces.requests if not (abandon and _is_lost(ticket))])

    def abandon(self, traces: Traces) -> None:
        """Give up the requests of which nobody knows the end: no run looks for them any more.

        Raises Unusable while a run goes on (`forget_underway`): it may be about to learn of some.
        """
        given_up = [_abandoned(ticket) for ticket in traces.requests if _is_lost(ticket)]
        with self._database.writing(durable=True) as rows:
            self._check_quiet(rows)
            write(rows, given_up, now=self._clock())

    def forget(self, who: Somebody, hints: Hints, *, dry_run: bool, removed: Collection[str] = ()) -> Traces:
        """Take out every row that comes of them or names them; a dry run is the same, undone.

        `removed` are outputs that were deleted already. Sums of money stay, with nobody's name. Call `finish` after
        it. Raises Unusable, unless it is a dry run: `forget_underway` while a run goes on, `forget_open` where a
        request of theirs has not come to its end.
        """
        with self._database.reading() as rows:
            rows.execute("PRAGMA secure_delete = ON")
        with self._database.writing(durable=True, keep=not dry_run) as rows:
            if not dry_run:
                self._check_quiet(rows)
            found = lineage(rows)
            own, behind = seeds(rows, who, hints, found)
            keys, digests = found.after(own, behind | who.photos, spared=spared(rows, who))
            requests = tickets_of(rows, who, keys, digests)
            if not dry_run:
                _check_closed(who, requests)
            traces = self._take_out(rows, who, hints, keys, digests, requests, removed)
            if not dry_run:
                rows.execute("INSERT OR REPLACE INTO notes VALUES (?, '')", (PENDING,))
        if traces.adapters and not dry_run:
            Adapters(self._database, self._clock).changed()
        return traces

    def finish(self) -> None:
        """Delete the files that nothing names, and write the database anew. Raises Unusable; call it again then.

        The disk needs room for a second copy of the database (not of the files).
        """
        with self._database.writing(durable=True) as rows:
            self._check_quiet(rows)
            files, loose = unnamed(rows, self._blobs)
            rows.executemany("DELETE FROM blobs WHERE digest = ?", [(digest,) for digest in files])
            fresh = Path(self._blobs.root, FRESH)
            left = [path for path in fresh.iterdir() if _is_left(path)] if fresh.is_dir() else []
            with wall(self._database.folder):
                for path in (*map(Path, map(self._blobs.place, {*files, *loose})), *left):
                    path.unlink(missing_ok=True)
                    if path.parent != fresh:
                        with suppress(OSError):
                            path.parent.rmdir()
        with self._database.reading() as rows:
            rows.execute("PRAGMA secure_delete = ON")
            rows.execute("VACUUM")
            self._fold(rows)
        with self._database.writing(durable=True) as rows:
            rows.execute("DELETE FROM notes WHERE name = ?", (PENDING,))
        with self._database.reading() as rows:
            self._fold(rows)

    def _fold(self, rows: sqlite3.Connection) -> None:
        """Empty the write-ahead log, which holds pages as they were. Raises Unusable while others read."""
        rows.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
        (busy, *_) = rows.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        rows.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        if busy:
            raise Unusable([trouble("forget_busy", folder=str(self._database.folder))])

    def _check_quiet(self, rows: sqlite3.Connection) -> None:
        if any_underway(rows, self._clock()):
            raise Unusable([trouble("forget_underway", folder=str(self._database.folder))])

    def _take_out(
        self,
        rows: sqlite3.Connection,
        who: Somebody,
        hints: Hints,
        keys: set[str],
        digests: set[str],
        requests: list[Ticket],
        removed: Collection[str],
    ) -> Traces:
        some_keys, some_digests = (encoded(sorted(keys)),), (encoded(sorted(digests)),)
        outputs = ours(rows, self._database, digests, hints.pictures)
        uploads = uploads_of(rows, digests)
        lonely, loose = unnamed(rows, self._blobs)
        answers = rows.execute(_ANSWERS, some_keys).rowcount
        for statement in _OF_KEYS:
            rows.execute(statement, some_keys)
        sizes = dict(rows.execute(_SIZES, some_digests).fetchall())
        for statement in _OF_DIGESTS:
            rows.execute(statement, some_digests)
        adapters = _unshelve(rows, who, digests)
        paths = memories(rows, self._database, who, digests, {*outputs, *removed})
        rows.executemany("DELETE FROM memo WHERE path = ?", [(path,) for path in paths])
        notes = redact(rows, who, keys, digests, requests)
        apart = {digest: size for digest, size in {**lonely, **loose}.items() if digest not in sizes}
        return Traces(
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


def _is_lost(ticket: Ticket) -> bool:
    """Whether nobody knows its end; what is still being sent was cut off, where no run goes on."""
    return ticket.state in {TicketState.SENDING, TicketState.UNKNOWN}


def _abandoned(ticket: Ticket) -> Ticket:
    lost = moved(ticket, TicketState.UNKNOWN) if ticket.state is TicketState.SENDING else ticket
    return moved(lost, TicketState.ABANDONED, reason=ticket.reason)


def _check_closed(who: Somebody, requests: Iterable[Ticket]) -> None:
    number = sum(ticket.open for ticket in requests)
    if number:
        raise Unusable([trouble("forget_open", number=number, name=who.name)])


def _unshelve(rows: sqlite3.Connection, who: Somebody, digests: Iterable[str]) -> tuple[str, ...]:
    """Take their adapters off the shelf, and the names and tags that nothing is left of."""
    gone = rows.execute(_SHELVED, (who.name, encoded(sorted(digests)))).fetchall()
    rows.executemany("DELETE FROM adapters WHERE name = ? AND version = ?", gone)
    rows.execute(_LOOSE_TAGS)
    rows.executemany(_NAMELESS, [(name,) for name in sorted({who.name, *(name for name, _ in gone)})])
    return tuple(f"{name}@{version}" for name, version in gone)


def _is_left(path: Path) -> bool:
    """Whether the process that was writing this file is gone."""
    pid = path.name.partition("-")[0]
    return not pid.isdecimal() or not Path("/proc", pid).exists()

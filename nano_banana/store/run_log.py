"""The log of runs, with snapshots, trails and notes for the next run.

Snapshots are what the last runs came to, as bytes; the trail says which call stood where in a recipe's last run; notes
are texts by name that outlive a run.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import IO

from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.store.claims import is_owner_dead, owner_id
from nano_banana.store.database import Database, json_text, translate_errors

RUNNING = "running"
LOST = "lost"

_LATEST_RUNS = """
    SELECT id, recipe, owner, arguments, begun_at, beat_at, ended_at, status, summary FROM runs
    WHERE ?1 IS NULL OR recipe = ?1 ORDER BY number DESC LIMIT ?2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a recipe. Times are in seconds since 1970.

    `status` is what it ended with; `running` before that, or `lost` where its process died first.
    """

    id: str
    recipe: str
    arguments: JSONObject
    begun_at: float
    ended_at: float | None
    status: str
    summary: JSONObject


class Runs:
    """The log of runs, newest first."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def begin(self, recipe: str, *, arguments: JSONObject) -> str:
        """Open a run and name it: `20261122-171500-3f2a` (UTC, then a mark), so that names sort by time."""
        now = self._clock()
        owner = owner_id()
        stem = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
        insert = "INSERT OR IGNORE INTO runs (id, recipe, owner, arguments, begun_at) VALUES (?, ?, ?, ?, ?)"
        with self._database.writing() as rows:
            marks = (_run_suffix([recipe, now, owner, attempt]) for attempt in count())
            values = (recipe, owner, json_text(arguments), now)
            return next(run for mark in marks if rows.execute(insert, (run := f"{stem}-{mark}", *values)).rowcount)

    def end(self, run: str, *, status: str, summary: JSONObject) -> None:
        """Close a run. Raises KeyError for one that was never begun."""
        update = "UPDATE runs SET ended_at = ?, status = ?, summary = ? WHERE id = ?"
        with self._database.writing() as rows:
            if not rows.execute(update, (self._clock(), status, json_text(summary), run)).rowcount:
                raise KeyError(run)

    def latest(self, recipe: str | None = None, limit: int = 20) -> list[Run]:
        """The last `limit` runs, of one recipe or of all, newest first."""
        with self._database.reading() as rows:
            found = rows.execute(_LATEST_RUNS, (recipe, limit)).fetchall()
        return [
            Run(
                id=run,
                recipe=of,
                arguments=json.loads(arguments),
                begun_at=begun_at,
                ended_at=ended_at,
                status=status or self._unended(owner, beat_at or begun_at),
                summary=json.loads(summary or "{}"),
            )
            for run, of, owner, arguments, begun_at, beat_at, ended_at, status, summary in found
        ]

    def underway(self) -> bool:
        """Whether some run goes on, in this process or another."""
        with self._database.reading() as rows:
            return is_any_run_underway(rows, self._clock())

    def _unended(self, owner: str, heard_at: float) -> str:
        return RUNNING if _is_alive(owner, heard_at, self._clock()) else LOST


def is_any_run_underway(rows: sqlite3.Connection, now: float) -> bool:
    """Whether some run goes on at `now` (seconds since 1970), in this process or another."""
    found = rows.execute("SELECT owner, coalesce(beat_at, begun_at) FROM runs WHERE ended_at IS NULL").fetchall()
    return any(_is_alive(owner, heard_at, now) for owner, heard_at in found)


def _is_alive(owner: str, heard_at: float, now: float) -> bool:
    # A heartbeat in the future says that a clock is wrong, not that the process lives until then.
    return not is_owner_dead(owner, silent=abs(now - heard_at))


def _run_suffix(of: list[JSONValue]) -> str:
    return hashlib.sha256(json_text(of).encode("ascii")).hexdigest()[:4]


SNAPSHOTS_KEPT = 20
"""Snapshots that a recipe keeps: those of its last runs."""

SNAPSHOTS_SPARED = 2
"""Snapshots of a recipe that no sweep takes, so that its last run can be compared with the one before."""

_DROP_SURPLUS = """
    DELETE FROM snapshots WHERE number IN (
        SELECT number FROM snapshots WHERE recipe = ? ORDER BY number DESC LIMIT -1 OFFSET ?
    )
"""

_DROP_OLD = """
    DELETE FROM snapshots WHERE kept_at <= ? AND number NOT IN (
        SELECT number FROM (
            SELECT number, row_number() OVER (PARTITION BY recipe ORDER BY number DESC) AS place FROM snapshots
        ) WHERE place <= ?
    )
"""
_DOCUMENTS = """
    SELECT asked.value, document FROM json_each(?) AS asked
    CROSS JOIN documents AS d ON d.key >= asked.value AND d.key < asked.value || 'g'
"""
"""In hexadecimal `g` comes after every digit."""


class Snapshots:
    """Run → bytes, for the last `KEPT` runs of each recipe."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def keep(self, run: str, recipe: str, data: bytes) -> None:
        """Keep what a run came to, in place of what was kept of it; the recipe's oldest beyond `KEPT` go."""
        with self._database.writing() as rows:
            rows.execute(
                "INSERT INTO snapshots (run, recipe, kept_at, data) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (run) DO UPDATE SET data = excluded.data",
                (run, recipe, self._clock(), data),
            )
            rows.execute(_DROP_SURPLUS, (recipe, SNAPSHOTS_KEPT))

    def get(self, run: str) -> bytes | None:
        """What was kept of a run; None where nothing was, or it was dropped since."""
        with self._database.reading() as rows:
            row: tuple[bytes] | None = rows.execute("SELECT data FROM snapshots WHERE run = ?", (run,)).fetchone()
        return row[0] if row else None

    def runs(self, recipe: str | None = None) -> list[str]:
        """The runs that something is kept of, of one recipe or of all, newest first."""
        query = "SELECT run FROM snapshots WHERE ?1 IS NULL OR recipe = ?1 ORDER BY number DESC"
        with self._database.reading() as rows:
            return [run for (run,) in rows.execute(query, (recipe,)).fetchall()]

    def documents(self, beginnings: Iterable[str]) -> dict[str, JSONObject]:
        """What answered calls were asked, by the beginnings of their keys; a call that the store lost is not there."""
        with self._database.reading() as rows:
            found = rows.execute(_DOCUMENTS, (json_text(sorted(set(beginnings))),)).fetchall()
        return {beginning: json.loads(document) for beginning, document in found}

    def held(self, digests: Iterable[str]) -> set[str]:
        """Those of these pictures whose bytes the store has, as far as it knows without looking at a file."""
        query = "SELECT digest FROM blobs WHERE digest IN (SELECT value FROM json_each(?))"
        with self._database.reading() as rows:
            return {digest for (digest,) in rows.execute(query, (json_text(sorted(set(digests))),)).fetchall()}

    def drop(self, run: str) -> None:
        """Forget what a run came to; that it was stays in the log of runs."""
        with self._database.writing() as rows:
            rows.execute("DELETE FROM snapshots WHERE run = ?", (run,))


def drop_old_snapshots(rows: sqlite3.Connection, before: float) -> int:
    """Drop what was kept at `before` (seconds since 1970) or earlier, but the last `LEAST` of a recipe; how many."""
    return rows.execute(_DROP_OLD, (before, SNAPSHOTS_SPARED)).rowcount


class Trail:
    """Recipe → position (`takes|portraits/ana/office/#0|0`) → key. What it names is not collected."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, recipe: str) -> dict[str, str]:
        """The keys of a recipe's calls, by position."""
        with self._database.reading() as rows:
            return dict(rows.execute("SELECT position, key FROM trail WHERE recipe = ?", (recipe,)).fetchall())

    def set(self, recipe: str, keys: Mapping[str, str], *, whole: bool) -> None:
        """Put these in place of what stood at their positions, or (`whole`) of all that the recipe had."""
        with self._database.writing() as rows:
            if whole:
                rows.execute("DELETE FROM trail WHERE recipe = ?", (recipe,))
            found = [(recipe, position, key) for position, key in keys.items()]
            rows.executemany("INSERT OR REPLACE INTO trail VALUES (?, ?, ?)", found)


_CHUNK = 1 << 18


class Notes:
    """What a run wants the next one to know."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, name: str, text: str | Iterable[str]) -> None:
        """Keep `text` under `name`, in place of what was there; outlives a loss of power on return.

        In pieces it may be of any length: it is never in memory whole (and so thrice, as SQLite copies it).
        """
        if not isinstance(text, str):
            self._write_pieces(name, text)
            return
        with self._database.writing(durable=True) as rows:
            rows.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, text))

    def _write_pieces(self, name: str, pieces: Iterable[str]) -> None:
        from tempfile import TemporaryFile

        with translate_errors(self._database.folder), TemporaryFile(dir=self._database.folder) as spool:
            size = sum(spool.write(piece.encode()) for piece in pieces)
            spool.seek(0)
            with self._database.writing(durable=True) as rows:
                _write_blob(rows, name, spool, size)

    def read(self, name: str) -> str | None:
        """The text under `name`, or None."""
        with self._database.reading() as rows:
            found = rows.execute("SELECT CAST(text AS TEXT) FROM notes WHERE name = ?", (name,))
            row: tuple[str] | None = found.fetchone()
        return row[0] if row else None


def _write_blob(rows: sqlite3.Connection, name: str, spool: IO[bytes], size: int) -> None:
    row = rows.execute("INSERT OR REPLACE INTO notes VALUES (?, zeroblob(?))", (name, size)).lastrowid
    with rows.blobopen("notes", "text", row or 0) as place:
        while chunk := spool.read(_CHUNK):
            place.write(chunk)

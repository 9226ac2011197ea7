"""The log of runs, with snapshots, trails and notes for the next run.

A snapshot is the saved result of a run, as bytes. The trail says which call stood at which position in a recipe's last
run. Notes are texts by name that outlive a run.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterable, Mapping
from itertools import count

from msgspec import Struct

from nano_banana.model.json_values import JSONObject
from nano_banana.store.claims import is_owner_dead, owner_id
from nano_banana.store.database import StorePart, json_text, translate_errors

RUNNING = "running"
LOST = "lost"

_LATEST_RUNS = """
    SELECT id, recipe, owner, arguments, begun_at, beat_at, ended_at, status, summary FROM runs
    WHERE ?1 IS NULL OR recipe = ?1 ORDER BY number DESC LIMIT ?2
"""


class Run(Struct, frozen=True, kw_only=True):
    """One execution of a recipe. Times are in seconds since 1970.

    `status` is the status that it ended with; before that `running`, or `lost` if its process died.
    """

    id: str
    recipe: str
    arguments: JSONObject
    begun_at: float
    ended_at: float | None
    status: str
    summary: JSONObject


class Runs(StorePart):
    """The log of runs, newest first."""

    def begin(self, recipe: str, *, arguments: JSONObject) -> str:
        """Log a new run and return its id, `20261122-171500-3f2a` (UTC and a suffix), so that ids sort by time."""
        now = self._clock()
        owner = owner_id()
        stem = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
        insert = "INSERT OR IGNORE INTO runs (id, recipe, owner, arguments, begun_at) VALUES (?, ?, ?, ?, ?)"
        values = (recipe, owner, json_text(arguments), now)
        with self._database.writing() as rows:
            attempts = (hashlib.sha256(json_text([recipe, now, owner, attempt]).encode()) for attempt in count())
            ids = (f"{stem}-{attempt.hexdigest()[:4]}" for attempt in attempts)
            return next(run for run in ids if rows.execute(insert, (run, *values)).rowcount)

    def end(self, run: str, *, status: str, summary: JSONObject) -> None:
        """Log the end of a run. Raises KeyError for an unknown id."""
        update = "UPDATE runs SET ended_at = ?, status = ?, summary = ? WHERE id = ?"
        with self._database.writing() as rows:
            if not rows.execute(update, (self._clock(), status, json_text(summary), run)).rowcount:
                raise KeyError(run)

    def latest(self, recipe: str | None = None, limit: int = 20) -> list[Run]:
        """The last `limit` runs (-1: all), of one recipe or of all, newest first."""
        with self._database.reading() as rows:
            found = rows.execute(_LATEST_RUNS, (recipe, limit)).fetchall()
        return [
            Run(
                id=run,
                recipe=of,
                arguments=json.loads(arguments),
                begun_at=begun_at,
                ended_at=ended_at,
                status=status or (RUNNING if _is_alive(owner, beat_at or begun_at, self._clock()) else LOST),
                summary=json.loads(summary or "{}"),
            )
            for run, of, owner, arguments, begun_at, beat_at, ended_at, status, summary in found
        ]

    def underway(self) -> bool:
        """Whether a run is under way, in this process or another."""
        with self._database.reading() as rows:
            return is_any_run_underway(rows, self._clock())


def is_any_run_underway(rows: sqlite3.Connection, now: float) -> bool:
    """Whether a run is under way at `now` (seconds since 1970), in this process or another."""
    found = rows.execute("SELECT owner, coalesce(beat_at, begun_at) FROM runs WHERE ended_at IS NULL").fetchall()
    return any(_is_alive(owner, heard_at, now) for owner, heard_at in found)


def _is_alive(owner: str, heard_at: float, now: float) -> bool:
    # A heartbeat in the future means that a clock is wrong, not that the process lives until then.
    return not is_owner_dead(owner, silent=abs(now - heard_at))


SNAPSHOTS_KEPT = 20
"""The number of snapshots that a recipe keeps: those of its last runs."""

SNAPSHOTS_SPARED = 2
"""The number of a recipe's snapshots that gc never drops, so that its last two runs can be compared."""

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


class Snapshots(StorePart):
    """The saved results (bytes) of the last `SNAPSHOTS_KEPT` runs of each recipe."""

    def keep(self, run: str, recipe: str, data: bytes) -> None:
        """Save the result of a run, in place of one saved before; drops the recipe's oldest surplus ones."""
        with self._database.writing() as rows:
            rows.execute(
                "INSERT INTO snapshots (run, recipe, kept_at, data) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (run) DO UPDATE SET data = excluded.data",
                (run, recipe, self._clock(), data),
            )
            rows.execute(_DROP_SURPLUS, (recipe, SNAPSHOTS_KEPT))

    def get(self, run: str) -> bytes | None:
        """The saved result of a run; None if nothing was saved or it was dropped."""
        found = self._database.select("SELECT data FROM snapshots WHERE run = ?", run)
        return found[0][0] if found else None

    def runs(self, recipe: str | None = None) -> list[str]:
        """The runs that have a snapshot, of one recipe or of all, newest first."""
        query = "SELECT run FROM snapshots WHERE ?1 IS NULL OR recipe = ?1 ORDER BY number DESC"
        return [name for (name,) in self._database.select(query, recipe)]

    def drop(self, run: str) -> None:
        """Delete the snapshot of a run; the run stays in the log."""
        with self._database.writing() as rows:
            rows.execute("DELETE FROM snapshots WHERE run = ?", (run,))


def drop_old_snapshots(rows: sqlite3.Connection, before: float) -> int:
    """Drop snapshots saved at `before` (seconds since 1970) or earlier, but not a recipe's last; return how many."""
    return rows.execute(_DROP_OLD, (before, SNAPSHOTS_SPARED)).rowcount


class Trail(StorePart):
    """The key of the call at each position (`takes|portraits/ana/office/#0|0`) of a recipe; gc spares these calls."""

    def get(self, recipe: str) -> dict[str, str]:
        """The keys of a recipe's calls, by position."""
        with self._database.reading() as rows:
            return dict(rows.execute("SELECT position, key FROM trail WHERE recipe = ?", (recipe,)).fetchall())

    def set(self, recipe: str, keys: Mapping[str, str], *, whole: bool) -> None:
        """Save the keys at these positions, in place of those there or (`whole`) of all of the recipe's."""
        with self._database.writing() as rows:
            if whole:
                rows.execute("DELETE FROM trail WHERE recipe = ?", (recipe,))
            found = [(recipe, position, key) for position, key in keys.items()]
            rows.executemany("INSERT OR REPLACE INTO trail VALUES (?, ?, ?)", found)


_CHUNK = 1 << 18


class Notes(StorePart):
    """Texts by name that a run leaves for later runs."""

    def write(self, name: str, text: str | Iterable[str]) -> None:
        """Save `text` under `name`, in place of what was there. It survives a loss of power.

        A text given in pieces may be of any length: it is never in memory as a whole, of which SQLite would make
        three copies.
        """
        if isinstance(text, str):
            with self._database.writing(durable=True) as rows:
                rows.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, text))
            return
        from tempfile import TemporaryFile

        with translate_errors(self._database.folder), TemporaryFile(dir=self._database.folder) as spool:
            size = sum(spool.write(piece.encode()) for piece in text)
            spool.seek(0)
            with self._database.writing(durable=True) as rows:
                row = rows.execute("INSERT OR REPLACE INTO notes VALUES (?, zeroblob(?))", (name, size)).lastrowid
                with rows.blobopen("notes", "text", row or 0) as place:
                    while chunk := spool.read(_CHUNK):
                        place.write(chunk)

    def read(self, name: str) -> str | None:
        """The text under `name`, or None."""
        query = "SELECT CAST(text AS TEXT) FROM notes WHERE name = ?"
        return next((found for (found,) in self._database.select(query, name)), None)

"""Executions, each with what it was asked, how it ended and who ran it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.store.database import Database
from nano_banana.store.encoding import encoded
from nano_banana.store.owner import is_dead, owner_id

RUNNING = "running"
LOST = "lost"

_SELECT = """
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
            marks = (_mark([recipe, now, owner, attempt]) for attempt in count())
            values = (recipe, owner, encoded(arguments), now)
            return next(run for mark in marks if rows.execute(insert, (run := f"{stem}-{mark}", *values)).rowcount)

    def end(self, run: str, *, status: str, summary: JSONObject) -> None:
        """Close a run. Raises KeyError for one that was never begun."""
        update = "UPDATE runs SET ended_at = ?, status = ?, summary = ? WHERE id = ?"
        with self._database.writing() as rows:
            if not rows.execute(update, (self._clock(), status, encoded(summary), run)).rowcount:
                raise KeyError(run)

    def latest(self, recipe: str | None, *, limit: int) -> list[Run]:
        """The last `limit` runs, of one recipe or of all, newest first."""
        with self._database.reading() as rows:
            found = rows.execute(_SELECT, (recipe, limit)).fetchall()
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
            return any_underway(rows, self._clock())

    def _unended(self, owner: str, heard_at: float) -> str:
        return RUNNING if _lives(owner, heard_at, self._clock()) else LOST


def any_underway(rows: sqlite3.Connection, now: float) -> bool:
    """Whether some run goes on at `now` (seconds since 1970), in this process or another."""
    found = rows.execute("SELECT owner, coalesce(beat_at, begun_at) FROM runs WHERE ended_at IS NULL").fetchall()
    return any(_lives(owner, heard_at, now) for owner, heard_at in found)


def _lives(owner: str, heard_at: float, now: float) -> bool:
    # A heartbeat in the future says that a clock is wrong, not that the process lives until then.
    return not is_dead(owner, silent=abs(now - heard_at))


def _mark(of: list[JSONValue]) -> str:
    return hashlib.sha256(encoded(of).encode("ascii")).hexdigest()[:4]

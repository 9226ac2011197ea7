"""What each of the last runs came to, as bytes that somebody else reads."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable

from nano_banana.core.json import JSONObject
from nano_banana.store.database import Database
from nano_banana.store.encoding import encoded

KEPT = 20
"""Snapshots that a recipe keeps: those of its last runs."""

LEAST = 2
"""Snapshots of a recipe that no sweep takes, so that its last run can be compared with the one before."""

_OLDER = """
    DELETE FROM snapshots WHERE number IN (
        SELECT number FROM snapshots WHERE recipe = ? ORDER BY number DESC LIMIT -1 OFFSET ?
    )
"""

_SWEPT = """
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
            rows.execute(_OLDER, (recipe, KEPT))

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
            found = rows.execute(_DOCUMENTS, (encoded(sorted(set(beginnings))),)).fetchall()
        return {beginning: json.loads(document) for beginning, document in found}

    def held(self, digests: Iterable[str]) -> set[str]:
        """Those of these pictures whose bytes the store has, as far as it knows without looking at a file."""
        query = "SELECT digest FROM blobs WHERE digest IN (SELECT value FROM json_each(?))"
        with self._database.reading() as rows:
            return {digest for (digest,) in rows.execute(query, (encoded(sorted(set(digests))),)).fetchall()}

    def drop(self, run: str) -> None:
        """Forget what a run came to; that it was stays in the log of runs."""
        with self._database.writing() as rows:
            rows.execute("DELETE FROM snapshots WHERE run = ?", (run,))


def drop_older(rows: sqlite3.Connection, before: float) -> int:
    """Drop what was kept at `before` (seconds since 1970) or earlier, but the last `LEAST` of a recipe; how many."""
    return rows.execute(_SWEPT, (before, LEAST)).rowcount

"""Texts by name that outlive a run, quick to read again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import IO

from nano_banana.store.database import Database
from nano_banana.store.wall import wall

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

        with wall(self._database.folder), TemporaryFile(dir=self._database.folder) as spool:
            size = sum(spool.write(piece.encode()) for piece in pieces)
            spool.seek(0)
            with self._database.writing(durable=True) as rows:
                _fill(rows, name, spool, size)

    def read(self, name: str) -> str | None:
        """The text under `name`, or None."""
        with self._database.reading() as rows:
            found = rows.execute("SELECT CAST(text AS TEXT) FROM notes WHERE name = ?", (name,))
            row: tuple[str] | None = found.fetchone()
        return row[0] if row else None


def _fill(rows: sqlite3.Connection, name: str, spool: IO[bytes], size: int) -> None:
    row = rows.execute("INSERT OR REPLACE INTO notes VALUES (?, zeroblob(?))", (name, size)).lastrowid
    with rows.blobopen("notes", "text", row or 0) as place:
        while chunk := spool.read(_CHUNK):
            place.write(chunk)

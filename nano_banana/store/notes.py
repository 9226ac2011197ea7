"""Small texts by name that outlive a run, quick to read again."""

from __future__ import annotations

from nano_banana.store.database import Database


class Notes:
    """What a run wants the next one to know."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, name: str, text: str) -> None:
        """Keep `text` under `name`, in place of what was there; outlives a loss of power on return."""
        with self._database.writing(durable=True) as rows:
            rows.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, text))

    def read(self, name: str) -> str | None:
        """The text under `name`, or None."""
        with self._database.reading() as rows:
            row: tuple[str] | None = rows.execute("SELECT text FROM notes WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

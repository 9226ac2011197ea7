"""Which call stood where in a recipe's last run, to tell what changed."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.store.database import Database


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

"""The table of trained adapters: names, versions, tags, and their uses."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from nano_banana.formats.file_writing import atomic_write
from nano_banana.model.call import Blob
from nano_banana.model.json_values import JSONObject
from nano_banana.store.database import StorePart, json_text, translate_errors

FILE = "shelf"
"""A file in the store's folder that is written whenever the shelf changes, so that cached copies can be checked."""

_SELECT = "SELECT name, version, digest, size, subject, card, kept_at FROM adapters"
_SAME = """
    SELECT name, version FROM adapters WHERE digest = ?1 AND (name = ?2 OR (?3 AND subject = ?4))
    ORDER BY name != ?2, name, version
"""
_COUNT = "INSERT INTO adapter_names VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET last = last + 1"
_RENAME = (
    "UPDATE adapters SET name = ? WHERE name = ?",
    "UPDATE adapter_names SET name = ? WHERE name = ?",
    "UPDATE adapter_tags SET name = ? WHERE name = ?",
)
_DRAWN = """
    SELECT f.digest, f.size, f.media FROM documents AS d JOIN replies AS r USING (key) JOIN reply_files AS f USING (key)
    WHERE instr(d.document, ?1) AND r.provider != 'compute' AND f.media LIKE 'image/%'
    GROUP BY f.digest ORDER BY max(r.made_at) DESC, f.digest LIMIT ?2
"""
_SOURCES = """
    SELECT DISTINCT input.value FROM reply_files AS f JOIN documents AS d USING (key),
    json_each(d.document, '$.inputs') AS input WHERE f.digest = ? ORDER BY input.value
"""
_USES = """
    SELECT input.value, coalesce(runs.recipe, ''), r.run, count(DISTINCT r.key), max(r.made_at)
    FROM replies AS r JOIN documents AS d USING (key), json_each(d.document, '$.inputs') AS input
    LEFT JOIN runs ON runs.id = r.run
    WHERE r.provider != 'compute' AND input.value IN (SELECT digest FROM adapters)
    GROUP BY input.value, r.run ORDER BY input.value, max(r.made_at) DESC, r.run
"""
_USERS = """
    SELECT DISTINCT input.value, t.recipe
    FROM trail AS t JOIN documents AS d USING (key), json_each(d.document, '$.inputs') AS input
    WHERE input.value IN (SELECT digest FROM adapters) ORDER BY input.value, t.recipe
"""


class AdapterRow(NamedTuple):
    """One version of a name. `card` describes it, `subject` is the person it shows (empty: unknown)."""

    name: str
    version: int
    digest: str
    size: int
    subject: str
    card: JSONObject
    kept_at: float
    tags: tuple[str, ...] = ()


class AdapterUse(NamedTuple):
    """The `calls` with the adapter `digest` in one run of `recipe`; the last was made at `last_at` (since 1970)."""

    digest: str
    recipe: str
    run: str
    calls: int
    last_at: float


class Adapters(StorePart):
    """The rows of the adapter shelf. A version's number is never reused, even if the version is gone."""

    @property
    def file(self) -> Path:
        """The file that changes with the shelf; see `FILE`."""
        return self._database.folder / FILE

    def all(self) -> list[AdapterRow]:
        """Every version on the shelf, by name and version."""
        with self._database.reading() as rows:
            found = rows.execute(f"{_SELECT} ORDER BY name, version").fetchall()
            tagged = rows.execute("SELECT name, version, tag FROM adapter_tags ORDER BY tag").fetchall()
        tags: dict[tuple[str, int], list[str]] = defaultdict(list)
        for name, version, tag in tagged:
            tags[name, version].append(tag)
        return [
            AdapterRow(
                name, version, digest, size, subject, json.loads(card), kept_at, tuple(tags.get((name, version), ()))
            )
            for name, version, digest, size, subject, card, kept_at in found
        ]

    def keep(self, name: str, blob: Blob, *, subject: str, card: JSONObject, anywhere: bool) -> tuple[str, int]:
        """Put a blob on the shelf as the next version of `name`, and return its name and version.

        If `name` has these bytes already, nothing changes and that version is returned; with `anywhere`, also if
        another name of the same subject has them.
        """
        with self._database.writing(durable=True) as rows:
            same = (blob.digest, name, anywhere, subject)
            if found := rows.execute(_SAME, same).fetchone():
                return str(found[0]), int(found[1])
            rows.execute(_COUNT, (name,))
            (version,) = rows.execute("SELECT last FROM adapter_names WHERE name = ?", (name,)).fetchone()
            values = (name, version, blob.digest, blob.size, subject, json_text(card), self._clock())
            rows.execute("INSERT INTO adapters VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        self.changed()
        return name, int(version)

    def update(self, cards: Mapping[tuple[str, int], JSONObject]) -> None:
        """Replace the cards of these versions."""
        changed = [(json_text(card), name, version) for (name, version), card in cards.items()]
        with self._database.writing() as rows:
            rows.executemany("UPDATE adapters SET card = ? WHERE name = ? AND version = ?", changed)

    def rename(self, old: str, new: str) -> bool:
        """Rename every version of `old`. Returns False, and does nothing, if `new` was ever in use."""
        with self._database.writing(durable=True) as rows:
            if rows.execute("SELECT 1 FROM adapter_names WHERE name = ?", (new,)).fetchone():
                return False
            for statement in _RENAME:
                rows.execute(statement, (new, old))
        self.changed()
        return True

    def tag(self, name: str, tag: str, version: int | None) -> None:
        """Let `name@tag` stand for this version, or remove the tag (None)."""
        with self._database.writing(durable=True) as rows:
            rows.execute("DELETE FROM adapter_tags WHERE name = ? AND tag = ?", (name, tag))
            if version is not None:
                rows.execute("INSERT INTO adapter_tags VALUES (?, ?, ?)", (name, tag, version))
        self.changed()

    def remove(self, name: str, version: int) -> None:
        """Take one version off the shelf with its tags; gc removes the bytes once nothing refers to them."""
        with self._database.writing(durable=True) as rows:
            rows.execute("DELETE FROM adapters WHERE name = ? AND version = ?", (name, version))
            rows.execute("DELETE FROM adapter_tags WHERE name = ? AND version = ?", (name, version))
        self.changed()

    def drawn(self, digest: str, *, limit: int) -> list[tuple[str, int, str]]:
        """Digest, size and media type of the last pictures that a provider drew with it, newest first."""
        with self._database.reading() as rows:
            return rows.execute(_DRAWN, (f'"{digest}"', limit)).fetchall()

    def sources(self, digest: str) -> list[str]:
        """The digests of the inputs of the calls that produced these bytes."""
        return [name for (name,) in self._database.select(_SOURCES, digest)]

    def uses(self) -> list[AdapterUse]:
        """The calls made with each adapter on the shelf, by run, the latest first."""
        return [AdapterUse(*row) for row in self._database.select(_USES)]

    def users(self) -> dict[str, list[str]]:
        """The recipes whose last run used each adapter on the shelf, by its digest."""
        with self._database.reading() as rows:
            found = rows.execute(_USERS).fetchall()
        users: dict[str, list[str]] = defaultdict(list)
        for digest, recipe in found:
            users[digest].append(recipe)
        return users

    def changed(self) -> None:
        """Rewrite `file`, after a change of the rows. Raises Unusable."""
        with translate_errors(self._database.folder), atomic_write(self.file) as fresh:
            fresh.write_text(f"{self._clock()}\n", encoding="ascii")

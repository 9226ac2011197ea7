"""The table of trained adapters: names, versions, tags, and their uses."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nano_banana.formats.file_writing import atomic_write
from nano_banana.model.call import Blob
from nano_banana.model.json_values import JSONObject
from nano_banana.store.database import Database, json_text, translate_errors

FILE = "shelf"
"""A file in the store's folder that is written whenever the shelf changes, for those who remember what was on it."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterRow:
    """One version of a name. `card` is what is told of it, `subject` whom it shows (empty: not known)."""

    name: str
    version: int
    digest: str
    size: int
    subject: str
    card: JSONObject
    kept_at: float
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterUse:
    """Calls with the adapter `digest` that one run of `recipe` had answered, the last in seconds since 1970."""

    digest: str
    recipe: str
    run: str
    calls: int
    last_at: float


class Adapters:
    """The shelf's rows. A version's number is never given twice, also where the version is gone."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    @property
    def file(self) -> Path:
        """The file that changes with the shelf; see `FILE`."""
        return self._database.folder / FILE

    def all(self) -> list[AdapterRow]:
        """Every version on the shelf, by name and version."""
        with self._database.reading() as rows:
            found = rows.execute(f"{_SELECT} ORDER BY name, version").fetchall()
            tagged = rows.execute("SELECT name, version, tag FROM adapter_tags ORDER BY tag").fetchall()
        tags: dict[tuple[str, int], list[str]] = {}
        for name, version, tag in tagged:
            tags.setdefault((name, version), []).append(tag)
        return [
            AdapterRow(
                name=name,
                version=version,
                digest=digest,
                size=size,
                subject=subject,
                card=json.loads(card),
                kept_at=kept_at,
                tags=tuple(tags.get((name, version), ())),
            )
            for name, version, digest, size, subject, card, kept_at in found
        ]

    def keep(self, name: str, blob: Blob, *, subject: str, card: JSONObject, anywhere: bool) -> tuple[str, int]:
        """Put bytes that are in the store on the shelf as the next version of `name`; return name and version.

        Where `name` has these bytes already, that is theirs, and nothing changes; where `anywhere`, also another name
        that the same subject's are under.
        """
        with self._database.writing(durable=True) as rows:
            same = (blob.digest, name, anywhere, subject)
            if found := rows.execute(_SAME, same).fetchone():
                return str(found[0]), int(found[1])
            rows.execute(_COUNT, (name,))
            (version,) = rows.execute("SELECT last FROM adapter_names WHERE name = ?", (name,)).fetchone()
            told = (name, version, blob.digest, blob.size, subject, json_text(card), self._clock())
            rows.execute("INSERT INTO adapters VALUES (?, ?, ?, ?, ?, ?, ?)", told)
        self.changed()
        return name, int(version)

    def update(self, cards: Mapping[tuple[str, int], JSONObject]) -> None:
        """Put other cards in place of those of these versions."""
        changed = [(json_text(card), name, version) for (name, version), card in cards.items()]
        with self._database.writing() as rows:
            rows.executemany("UPDATE adapters SET card = ? WHERE name = ? AND version = ?", changed)

    def rename(self, old: str, new: str) -> bool:
        """Give every version of `old` another name; False (and nothing done) where that was ever one."""
        with self._database.writing(durable=True) as rows:
            if rows.execute("SELECT 1 FROM adapter_names WHERE name = ?", (new,)).fetchone():
                return False
            for statement in _RENAME:
                rows.execute(statement, (new, old))
        self.changed()
        return True

    def tag(self, name: str, tag: str, version: int | None) -> None:
        """Let `name@tag` stand for that version; for none, where it is None."""
        with self._database.writing(durable=True) as rows:
            rows.execute("DELETE FROM adapter_tags WHERE name = ? AND tag = ?", (name, tag))
            if version is not None:
                rows.execute("INSERT INTO adapter_tags VALUES (?, ?, ?)", (name, tag, version))
        self.changed()

    def remove(self, name: str, version: int) -> None:
        """Take one version off the shelf with its tags; the bytes go with the next sweep, where nothing names them."""
        with self._database.writing(durable=True) as rows:
            rows.execute("DELETE FROM adapters WHERE name = ? AND version = ?", (name, version))
            rows.execute("DELETE FROM adapter_tags WHERE name = ? AND version = ?", (name, version))
        self.changed()

    def drawn(self, digest: str, *, limit: int) -> list[tuple[str, int, str]]:
        """Digest, size and media type of the last pictures that a provider drew with it, newest first."""
        with self._database.reading() as rows:
            return rows.execute(_DRAWN, (f'"{digest}"', limit)).fetchall()

    def sources(self, digest: str) -> list[str]:
        """The digests of what went into the calls that made these bytes."""
        with self._database.reading() as rows:
            found = rows.execute(_SOURCES, (digest,)).fetchall()
        return [source for (source,) in found]

    def uses(self) -> list[AdapterUse]:
        """What was drawn with each adapter on the shelf, by run, the latest first."""
        with self._database.reading() as rows:
            found = rows.execute(_USES).fetchall()
        return [
            AdapterUse(digest=digest, recipe=recipe, run=run, calls=calls, last_at=last_at)
            for digest, recipe, run, calls, last_at in found
        ]

    def users(self) -> dict[str, list[str]]:
        """The recipes whose last run drew with each adapter on the shelf, by its digest."""
        with self._database.reading() as rows:
            found = rows.execute(_USERS).fetchall()
        users: dict[str, list[str]] = {}
        for digest, recipe in found:
            users.setdefault(digest, []).append(recipe)
        return users

    def changed(self) -> None:
        """Let those know who remember what was on the shelf; who writes its rows calls this after. Raises Unusable."""
        with translate_errors(self._database.folder), atomic_write(self.file) as fresh:
            fresh.write_text(f"{self._clock()}\n", encoding="ascii")

"""The adapter shelf: adapters by name, version or tag, with their cards.

References are `ana` (the newest version), `ana@3`, `ana@latest` and `ana@tag`. The bytes are blobs of the store.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from nano_banana.formats.file_writing import atomic_write
from nano_banana.model.call import Blob
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import Invalid, Unusable, did_you_mean, problem
from nano_banana.store.blobs import Blobs
from nano_banana.store.database import Database, StorePart, json_text, translate_errors

SHELF_FILE = "shelf"
"""A file in the store's folder that is written whenever the shelf changes, so that cached copies can be checked."""

MAX_WORDS = 200
"""Characters of a trigger, a noun or a name."""
MAX_SETTING = 10_000
"""Characters of a text among the settings."""
MAX_SETTING_DEPTH = 8
"""The maximum nesting of lists and objects among the settings."""
MAX_SETTING_NUMBER = 2**64
"""The largest number among the settings: a seed may be that large."""
MAX_COUNT = 1e12
"""Above any plausible count or price."""
MAX_TIMESTAMP = 253_402_300_799.0
"""The end of the year 9999, in seconds since 1970, which is the last date."""


class AdapterOrigin(StrEnum):
    """Where an adapter on the shelf came from."""

    TRAINED = "trained"
    IMPORTED = "imported"
    """From an archive (`.nbm`) of this program."""
    FILE = "file"
    """From a plain `.safetensors` file."""


class AdapterCard(Struct, frozen=True, kw_only=True):
    """The description of an adapter, which goes with it to other projects.

    `base` is the model family as in the catalog, or `local` for the local provider's; `provider` is the one that
    trained it (empty: unknown). `settings` are the trainer's arguments, `training_set` the digest of photos and
    captions as in a lock, `photos` their number (None: unknown).
    `likeness` is the median likeness (0 … 1) of first attempts drawn with it to photos that were held out of the
    training, and `judged` the number of these attempts. Rejected ones count as well, since only first attempts show
    what the adapter does by itself. None if no gate compared with held-out photos.
    `cost_usd` is None if unknown; `made_at` is in seconds since 1970.
    """

    base: str
    provider: str = ""
    subject: str = ""
    trigger: str = ""
    noun: str = ""
    trainer: str = ""
    settings: JSONObject = field(default_factory=dict)
    training_set: str = ""
    photos: int | None = None
    likeness: float | None = None
    judged: int = 0
    cost_usd: float | None = None
    made_at: float = 0.0
    origin: AdapterOrigin = AdapterOrigin.TRAINED
    recipe: str = ""
    run: str = ""


class ShelvedAdapter(Struct, frozen=True, kw_only=True):
    """One version of a name on the shelf: its bytes by digest (SHA-256, hex) and size, and its card."""

    name: str
    version: int
    digest: str
    size: int
    card: AdapterCard
    tags: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """The permanent reference for recipes and locks: `ana@3`."""
        return f"{self.name}@{self.version}"


def card_json(card: AdapterCard) -> JSONObject:
    """The card as JSON, with every field."""
    data: JSONObject = msgspec.to_builtins(card)
    return data


def parse_card(data: JSONObject) -> AdapterCard:
    """The card from its JSON, without fields of later versions. Raises ValueError."""
    return msgspec.convert({"base": "", **data}, AdapterCard, strict=False)


def _parse_stored_card(data: JSONObject) -> AdapterCard:
    """The card from a store's JSON. Implausible numbers become unknown, and so does a card that can't be read."""
    try:
        card = parse_card(data)
    except ValueError:
        return AdapterCard(base="")
    return replace(card, **{name: getattr(AdapterCard(base=""), name) for name in implausible_fields(card)})


def implausible_fields(card: AdapterCard) -> list[str]:
    """The fields with implausible numbers: negative, not finite, beyond any date, a likeness above 1."""
    ranges = {
        "photos": MAX_COUNT,
        "judged": MAX_COUNT,
        "cost_usd": MAX_COUNT,
        "made_at": MAX_TIMESTAMP,
        "likeness": 1.0,
    }
    found = {name: getattr(card, name) for name in ranges}
    return [
        name
        for name, value in found.items()
        if value is not None and not (-1 if name == "likeness" else 0) <= value <= ranges[name]
    ]


def is_acceptable_setting(value: JSONValue, depth: int = MAX_SETTING_DEPTH) -> bool:
    """Whether a value is acceptable among the settings: limited in nesting, length and size of numbers."""
    if isinstance(value, Mapping):
        return depth > 0 and all(
            is_acceptable_text(name) and is_acceptable_setting(item, depth - 1) for name, item in value.items()
        )
    if isinstance(value, str):
        return len(value) <= MAX_SETTING
    if isinstance(value, Sequence):
        return depth > 0 and all(is_acceptable_setting(item, depth - 1) for item in value)
    return value is None or abs(value) <= MAX_SETTING_NUMBER


def is_acceptable_text(text: str) -> bool:
    """Whether a text is acceptable in a card: short, one line, no control characters."""
    return len(text) <= MAX_WORDS and text.isprintable()


LATEST = "latest"
ADAPTER_MEDIA = "application/octet-stream"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""Like names in recipes, so that a subject's name is one."""

_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
"""A tag begins with a letter, so that it can't be mistaken for a version."""


_ALL = "SELECT name, version, digest, size, card FROM adapters ORDER BY name, version"
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
_REMOVE = (
    "DELETE FROM adapters WHERE name = ? AND version = ?",
    "DELETE FROM adapter_tags WHERE name = ? AND version = ?",
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


class AdapterUse(NamedTuple):
    """The `calls` with the adapter `digest` in one run of `recipe`; the last was made at `last_at` (since 1970)."""

    digest: str
    recipe: str
    run: str
    calls: int
    last_at: float


class AdapterShelf(StorePart):
    """The adapters of one store. A version's number is never reused, even if the version is gone."""

    def __init__(self, database: Database, blobs: Blobs, clock: Callable[[], float]) -> None:
        super().__init__(database, clock)
        self._blobs = blobs
        self.file = database.folder / SHELF_FILE
        """A file that changes whenever the shelf does; it may not exist yet."""

    def all(self) -> list[ShelvedAdapter]:
        """Everything on the shelf, by name and version."""
        with self._database.reading() as rows:
            found = rows.execute(_ALL).fetchall()
            tagged = rows.execute("SELECT name, version, tag FROM adapter_tags ORDER BY tag").fetchall()
        tags: dict[tuple[str, int], list[str]] = defaultdict(list)
        for name, version, tag in tagged:
            tags[name, version].append(tag)
        return [
            ShelvedAdapter(
                name=name,
                version=version,
                digest=digest,
                size=size,
                card=_parse_stored_card(json.loads(card)),
                tags=tuple(tags[name, version]),
            )
            for name, version, digest, size, card in found
        ]

    def find(self, reference: str) -> ShelvedAdapter | None:
        """The version that `reference` stands for, if it is on the shelf."""
        name, _, which = reference.partition("@")
        versions = [shelved for shelved in self.all() if shelved.name == name]
        if which in ("", LATEST):
            return versions[-1] if versions and not reference.endswith("@") else None
        return next((found for found in versions if which in (str(found.version), *found.tags)), None)

    def get(self, reference: str) -> ShelvedAdapter:
        """The version that `reference` stands for. Raises Invalid: `not_on_shelf`, `no_such_version`, `shelf_empty`."""
        found = self.find(reference)
        if found is None:
            raise unknown_reference(self.all(), reference)
        return found

    def path(self, shelved: ShelvedAdapter) -> Path:
        """A readable, verified file of its bytes. Raises Unusable: `blob_missing`, `blob_damaged`."""
        return self._blobs.path(Blob(digest=shelved.digest, size=shelved.size, media=ADAPTER_MEDIA))

    def put(self, file: Path) -> Blob:
        """Store a file's bytes, to be put on the shelf. Raises Unusable."""
        return self._blobs.put(file, media=ADAPTER_MEDIA)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A temporary folder on the store's disk for files that are not trusted yet."""
        from tempfile import TemporaryDirectory

        with TemporaryDirectory(prefix="import-", dir=self._database.folder, ignore_cleanup_errors=True) as folder:
            yield Path(folder)

    def keep(self, name: str, blob: Blob, card: AdapterCard, *, anywhere: bool = False) -> ShelvedAdapter:
        """Put a blob on the shelf as the next version of `name`, unless `name` has these bytes already.

        With `anywhere`, also unless another name of the same subject has them. Raises Invalid (`shelf_name`).
        """
        check_adapter_name(name)
        subject = card.subject or name
        with self._database.writing(durable=True) as rows:
            found = rows.execute(_SAME, (blob.digest, name, anywhere, subject)).fetchone()
            is_new = found is None
            if is_new:
                # Without RETURNING, which SQLite has since 3.35: some systems have an older one.
                rows.execute(_COUNT, (name,))
                found = (name, *rows.execute("SELECT last FROM adapter_names WHERE name = ?", (name,)).fetchone())
                values = (*found, blob.digest, blob.size, subject, json_text(card_json(card)), self._clock())
                rows.execute("INSERT INTO adapters VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        if is_new:
            self.changed()
        return self.get(f"{found[0]}@{found[1]}")

    def amend(self, shelved: ShelvedAdapter, card: AdapterCard) -> ShelvedAdapter:
        """Replace its card."""
        if card != shelved.card:
            values = (json_text(card_json(card)), shelved.name, shelved.version)
            with self._database.writing() as rows:
                rows.execute("UPDATE adapters SET card = ? WHERE name = ? AND version = ?", values)
        return replace(shelved, card=card)

    def rename(self, old: str, new: str) -> None:
        """Rename all versions of `old`. Raises Invalid: `not_on_shelf`, `shelf_name`, `shelf_name_taken`."""
        self.get(old.partition("@")[0])
        check_adapter_name(new)
        if "@" in old:
            raise Invalid([problem("rename_version", reference=old, name=old.partition("@")[0])])
        with self._database.writing(durable=True) as rows:
            if rows.execute("SELECT 1 FROM adapter_names WHERE name = ?", (new,)).fetchone():
                raise Invalid([problem("shelf_name_taken", name=new)])
            for statement in _RENAME:
                rows.execute(statement, (new, old))
        self.changed()

    def tag(self, reference: str, tag: str) -> ShelvedAdapter:
        """Let `name@tag` stand for this version. Raises Invalid: `shelf_tag`, and as `get` does."""
        found = self.get(reference)
        if not _TAG.fullmatch(tag) or tag == LATEST:
            raise Invalid([problem("shelf_tag", tag=tag)])
        self._write("INSERT OR REPLACE INTO adapter_tags VALUES (?, ?, ?)", found.name, tag, found.version)
        return self.get(found.reference)

    def untag(self, name: str, tag: str) -> ShelvedAdapter:
        """Remove the tag `name@tag`; return the version that it stood for. Raises Invalid as `get` does."""
        found = self.get(f"{name}@{tag}")
        self._write("DELETE FROM adapter_tags WHERE name = ? AND tag = ?", name, tag)
        return found

    def remove(self, reference: str) -> ShelvedAdapter:
        """Take one version off the shelf with its tags. Its number is never reused. Raises Invalid as `get` does.

        gc removes the bytes once nothing refers to them.
        """
        found = self.get(reference)
        with self._database.writing(durable=True) as rows:
            for statement in _REMOVE:
                rows.execute(statement, (found.name, found.version))
        self.changed()
        return found

    def drawn(self, shelved: ShelvedAdapter, *, limit: int) -> list[Path]:
        """Files of the last pictures that a provider drew with it, newest first, without those that are gone."""
        found = []
        for digest, size, media in self._database.select(_DRAWN, f'"{shelved.digest}"', limit):
            with suppress(Unusable):
                found.append(self._blobs.path(Blob(digest=digest, size=size, media=media)))
        return found

    def training_zip(self, shelved: ShelvedAdapter) -> Path | None:
        """The zip that it was trained from, if the store still has it."""
        for (digest,) in self._database.select(_SOURCES, shelved.digest):
            with suppress(Unusable):
                return self._blobs.path(Blob(digest=digest, size=0, media="application/zip"))
        return None

    def uses(self) -> list[AdapterUse]:
        """The calls made with each adapter, by run, the latest first."""
        return [AdapterUse(*row) for row in self._database.select(_USES)]

    def users(self) -> Mapping[str, Sequence[str]]:
        """The recipes whose last run used each adapter, by its digest."""
        users: dict[str, list[str]] = defaultdict(list)
        for digest, recipe in self._database.select(_USERS):
            users[digest].append(recipe)
        return users

    def changed(self) -> None:
        """Rewrite `file`, after a change of the rows. Raises Unusable."""
        with translate_errors(self._database.folder), atomic_write(self.file) as fresh:
            fresh.write_text(f"{self._clock()}\n", encoding="ascii")

    def _write(self, statement: str, *values: str | float) -> None:
        with self._database.writing(durable=True) as rows:
            rows.execute(statement, values)
        self.changed()


def check_adapter_name(name: str) -> None:
    """Raise Invalid (`shelf_name`) if this can't be a name on the shelf."""
    if not _NAME.fullmatch(name):
        raise Invalid([problem("shelf_name", name=name)])


def unknown_reference(known: list[ShelvedAdapter], reference: str) -> Invalid:
    """The error for a reference whose name is unknown, or has no such version or tag."""
    name, _, which = reference.partition("@")
    names = list(dict.fromkeys(shelved.name for shelved in known))
    if not names:
        return Invalid([problem("shelf_empty", name=reference)])
    if name not in names:
        near = did_you_mean(name, names)
        return Invalid([problem("not_on_shelf", suggestions=near, name=name, known=", ".join(names))])
    versions = [shelved for shelved in known if shelved.name == name]
    offered = [str(shelved.version) for shelved in versions] + [tag for found in versions for tag in found.tags]
    near = tuple(f"{name}@{each}" for each in did_you_mean(which, offered))
    return Invalid([problem("no_such_version", suggestions=near, name=name, version=which, known=", ".join(offered))])

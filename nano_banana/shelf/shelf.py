"""The shelf of adapters: what is on it, by name, version or tag."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

from nano_banana.core.blob import Blob
from nano_banana.core.errors import Invalid, Unusable, trouble
from nano_banana.core.problem import did_you_mean
from nano_banana.shelf.card import Card, Shelved, card_json, stored_card
from nano_banana.store.adapters import FILE, Row, Use
from nano_banana.store.store import Store

LATEST = "latest"
MEDIA = "application/octet-stream"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""Names are a recipe's names, so that a subject's is one."""

_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
"""A tag begins with a letter, so that it is never a version."""


class Shelf:
    """The adapters of one store. References are `ana` (its newest), `ana@3`, `ana@latest` and `ana@tag`."""

    FILE = FILE
    """The name, in the store's folder, of a file that is written whenever the shelf changes; see `file`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @classmethod
    @contextmanager
    def opened(cls, folder: Path) -> Iterator[Self]:
        """The shelf of the store in a folder, for a while. Raises Unusable as `Store.open` does."""
        with Store.open(folder) as store:
            yield cls(store)

    @property
    def file(self) -> Path:
        """A file that changes whenever the shelf does; it may not be there yet."""
        return self._store.adapters.file

    def all(self) -> list[Shelved]:
        """Everything on the shelf, by name and version."""
        return [_shelved(row) for row in self._store.adapters.all()]

    def find(self, reference: str) -> Shelved | None:
        """The version that `reference` stands for, if it is on the shelf."""
        name, _, which = reference.partition("@")
        versions = [shelved for shelved in self.all() if shelved.name == name]
        if which in ("", LATEST):
            return versions[-1] if versions and not reference.endswith("@") else None
        return next((found for found in versions if which in (str(found.version), *found.tags)), None)

    def get(self, reference: str) -> Shelved:
        """The version that `reference` stands for. Raises Invalid: `not_on_shelf`, `no_such_version`, `shelf_empty`."""
        found = self.find(reference)
        if found is None:
            raise missing(self.all(), reference)
        return found

    def path(self, shelved: Shelved) -> Path:
        """A readable, verified file of its bytes. Raises Unusable: `blob_missing`, `blob_damaged`."""
        return self._store.path(Blob(digest=shelved.digest, size=shelved.size, media=MEDIA))

    def put(self, file: Path) -> Blob:
        """Keep a file's bytes in the store, to be put on the shelf. Raises Unusable as the store does."""
        return self._store.put(file, media=MEDIA)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder on the store's disk for files that are not trusted yet; gone afterwards, whatever happens."""
        from tempfile import TemporaryDirectory

        with TemporaryDirectory(prefix="import-", dir=self._store.folder, ignore_cleanup_errors=True) as folder:
            yield Path(folder)

    def keep(self, name: str, blob: Blob, card: Card, *, anywhere: bool = False) -> Shelved:
        """Put bytes that are in the store on the shelf, as the next version of `name` unless they are under it already.

        `anywhere`: also where the same subject's are under another name they stay as they are. Raises Invalid
        (`shelf_name`).
        """
        check_name(name)
        subject = card.subject or name
        kept, version = self._store.adapters.keep(name, blob, subject=subject, card=card_json(card), anywhere=anywhere)
        return self.get(f"{kept}@{version}")

    def amend(self, shelved: Shelved, card: Card) -> Shelved:
        """Put another card in place of its own: what is known of it by now."""
        if card != shelved.card:
            self._store.adapters.update({(shelved.name, shelved.version): card_json(card)})
        return replace(shelved, card=card)

    def rename(self, old: str, new: str) -> None:
        """Give all versions of `old` another name. Raises Invalid: `not_on_shelf`, `shelf_name`, `shelf_name_taken`."""
        self.get(old.partition("@")[0])
        check_name(new)
        if "@" in old:
            raise Invalid([trouble("rename_version", reference=old, name=old.partition("@")[0])])
        if not self._store.adapters.rename(old, new):
            raise Invalid([trouble("shelf_name_taken", name=new)])

    def tag(self, reference: str, tag: str) -> Shelved:
        """Let `name@tag` stand for that version, and no longer for another. Raises Invalid: `shelf_tag`, as `get`."""
        found = self.get(reference)
        if not _TAG.fullmatch(tag) or tag == LATEST:
            raise Invalid([trouble("shelf_tag", tag=tag)])
        self._store.adapters.tag(found.name, tag, found.version)
        return self.get(found.reference)

    def untag(self, name: str, tag: str) -> Shelved:
        """Let `name@tag` stand for nothing any more; return what it stood for. Raises Invalid as `get` does."""
        found = self.get(f"{name}@{tag}")
        self._store.adapters.tag(name, tag, None)
        return found

    def remove(self, reference: str) -> Shelved:
        """Take one version off the shelf; its number is never given again. Raises Invalid as `get` does."""
        found = self.get(reference)
        self._store.adapters.remove(found.name, found.version)
        return found

    def drawn(self, shelved: Shelved, *, most: int) -> list[Path]:
        """Files of the last pictures that were drawn with it, newest first; those that are gone are passed over."""
        found = []
        for digest, size, media in self._store.adapters.drawn(shelved.digest, most=most):
            with suppress(Unusable):
                found.append(self._store.path(Blob(digest=digest, size=size, media=media)))
        return found

    def training_zip(self, shelved: Shelved) -> Path | None:
        """The zip that it was trained from, where the store still has it."""
        for digest in self._store.adapters.sources(shelved.digest):
            with suppress(Unusable):
                return self._store.path(Blob(digest=digest, size=0, media="application/zip"))
        return None

    def uses(self) -> list[Use]:
        """What was drawn with each adapter, by run, the latest first."""
        return self._store.adapters.uses()

    def users(self) -> Mapping[str, Sequence[str]]:
        """The recipes whose last run drew with each adapter, by its digest."""
        return self._store.adapters.users()


def check_name(name: str) -> None:
    """Raise Invalid (`shelf_name`) where that can't be a name on the shelf."""
    if not _NAME.fullmatch(name):
        raise Invalid([trouble("shelf_name", name=name)])


def missing(known: list[Shelved], reference: str) -> Invalid:
    """The error of a reference that stands for nothing: the name is unknown, or has no such version or tag."""
    name, _, which = reference.partition("@")
    names = list(dict.fromkeys(shelved.name for shelved in known))
    if not names:
        return Invalid([trouble("shelf_empty", name=reference)])
    if name not in names:
        near = did_you_mean(name, names)
        return Invalid([trouble("not_on_shelf", hint=near, name=name, known=", ".join(names))])
    versions = [shelved for shelved in known if shelved.name == name]
    offered = [str(shelved.version) for shelved in versions] + [tag for found in versions for tag in found.tags]
    near = tuple(f"{name}@{each}" for each in did_you_mean(which, offered))
    return Invalid([trouble("no_such_version", hint=near, name=name, version=which, known=", ".join(offered))])


def _shelved(row: Row) -> Shelved:
    return Shelved(
        name=row.name,
        version=row.version,
        digest=row.digest,
        size=row.size,
        card=stored_card(row.card),
        tags=row.tags,
    )

"""Finds and deletes files of our making that show a subject."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import IO

from msgspec import Struct, field

from nano_banana.formats.untrusted import MAX_FILE_BYTES
from nano_banana.formats.zip_reader import ZIP_ERRORS
from nano_banana.model.problem import Invalid
from nano_banana.provenance.embedding import original_digest, record_in
from nano_banana.provenance.generation_record import GenerationRecord
from nano_banana.session.lock_file import load_lock
from nano_banana.store.database import OUTPUT_ERRORS, translate_errors
from nano_banana.store.personal_data import DataSubject

SHEET_FILES = ("sheet.html", "sheet.pdf", "sheet.png", "sheet-page*.png")
ARCHIVE_SUFFIXES = (".zip", ".nbm")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif")
LOCK_SUFFIX = ".lock"

_MARK_SIGN = b"nano-banana"
"""What is in every mark of ours."""
_MARK_BYTES = 1 << 20
"""Bytes at either end of a picture file in which a mark lies."""


class ProjectPlaces(Struct, frozen=True, kw_only=True):
    """Where this project's files may lie: its root, its `out` folder, the `exports` (folders and files of copies).

    A path belongs to the project if it lies in one of its `homes`, links resolved. Nothing else is ever deleted.
    """

    root: Path
    out: Path
    homes: Collection[Path]
    exports: Collection[Path] = ()
    stores: Collection[Path] = ()

    def holds(self, path: Path) -> bool:
        """Whether the path belongs to this project."""
        real = path.parent.resolve() / path.name
        return any(real.is_relative_to(home.resolve()) for home in self.homes)

    def hands_out(self, path: Path) -> bool:
        """Whether the path lies in the output folder or where the project exports to."""
        return any(path.is_relative_to(place) for place in (self.out, *self.exports))


class SubjectFiles(Struct, frozen=True, kw_only=True):
    """Files that show a subject.

    Pictures in output folders, sheets with them, exported copies, ZIPs, and locks without a recipe go; `others` in the
    project (copies that somebody made by hand, exported adapters, pages) and files `elsewhere` stay.
    """

    pictures: tuple[Path, ...] = ()
    sheets: tuple[Path, ...] = ()
    copies: tuple[Path, ...] = ()
    archives: tuple[Path, ...] = ()
    locks: tuple[Path, ...] = ()
    others: tuple[Path, ...] = ()
    elsewhere: tuple[Path, ...] = ()

    @property
    def all(self) -> tuple[Path, ...]:
        """All that go."""
        return (*self.pictures, *self.sheets, *self.copies, *self.archives, *self.locks)


class SubjectMatcher(Struct, frozen=True, kw_only=True):
    """Decides whether a file shows a subject, by its metadata: their name, a trigger or a digest."""

    who: DataSubject
    digests: Collection[str] = field(default_factory=frozenset)

    def in_file(self, path: Path) -> bool:
        """Whether a picture, an archive or a page shows the subject; False if it can't be read."""
        suffix = path.suffix.lower()
        try:
            if suffix in ARCHIVE_SUFFIXES:
                return self._in_archive(path)
            if suffix in (".html", LOCK_SUFFIX):
                return (suffix != LOCK_SUFFIX or _is_orphan_lock(path)) and self.who.mentions(
                    path.read_text("utf-8", "replace")
                )
            with path.open("rb") as file:
                return suffix in PICTURE_SUFFIXES and self._in_picture(file, path.stat().st_size)
        except OSError:
            return False

    def _in_archive(self, path: Path) -> bool:
        try:
            with zipfile.ZipFile(path) as archive:
                return any(self._in_member(archive, entry) for entry in archive.infolist())
        except ZIP_ERRORS:
            return False

    def _in_member(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
        suffix = Path(entry.filename).suffix.lower()
        if entry.file_size > MAX_FILE_BYTES:
            return False
        if suffix == ".json":
            return self.who.mentions(archive.read(entry).decode("utf-8", "replace"))
        if suffix not in PICTURE_SUFFIXES:
            return False
        with archive.open(entry) as member:
            return self._in_picture(member, entry.file_size)

    def _in_picture(self, file: IO[bytes], size: int) -> bool:
        if size > MAX_FILE_BYTES:
            return False
        data = file.read(_MARK_BYTES)
        if _MARK_SIGN not in data:
            file.seek(max(0, size - _MARK_BYTES))
            if _MARK_SIGN not in file.read(_MARK_BYTES):
                return False
        file.seek(0)
        return self.in_data(file.read(MAX_FILE_BYTES))

    def in_data(self, data: bytes) -> bool:
        """Whether a picture's bytes show them."""
        try:
            return original_digest(data) in self.digests or self._is_of(record_in(data))
        except Invalid:
            return False

    def _is_of(self, account: GenerationRecord | None) -> bool:
        if account is None:
            return False
        if any(person.name == self.who.name or person.trigger in self.who.triggers for person in account.people):
            return True
        files = (digest for call in account.calls for digest in (*call.inputs.values(), *call.outputs.values()))
        return not set(self.digests).isdisjoint(files)


def find_subject_files(
    likeness: SubjectMatcher, places: ProjectPlaces, outputs: Iterable[str], exported: Iterable[Path]
) -> SubjectFiles:
    """Find every file of theirs: the known `outputs`, the `exported` copies, and what lies in the project's folders."""
    known = {path for path in map(Path, outputs) if path.is_file()}
    copies = {path for path in exported if path.is_file() and likeness.in_file(path)}
    seen = {path for path in _searched_files(places) if path not in known and likeness.in_file(path)} - copies
    locks = {path for path in seen if path.suffix == LOCK_SUFFIX and places.holds(path)}
    seen -= locks
    given = {path for path in seen if places.hands_out(path)}
    pictures = {path for path in known | given if path in known or path.is_relative_to(places.out)}
    copies |= given - pictures
    ours = sorted(path for path in pictures if places.holds(path))
    recipes = {path.relative_to(places.out).parts[0] for path in ours if path.is_relative_to(places.out)}
    sheets = sorted(
        {path for recipe in recipes for pattern in SHEET_FILES for path in (places.out / recipe).glob(pattern)}
    )
    held = sorted(path for path in copies if places.holds(path))
    return SubjectFiles(
        pictures=tuple(path for path in ours if path not in sheets),
        sheets=tuple(sheets),
        copies=tuple(path for path in held if path.suffix != ".zip"),
        archives=tuple(path for path in held if path.suffix == ".zip"),
        locks=tuple(sorted(locks)),
        others=tuple(sorted(path for path in seen - given if path not in sheets)),
        elsewhere=tuple(sorted(path for path in pictures | copies if not places.holds(path))),
    )


def delete_subject_files(files: SubjectFiles) -> None:
    """Delete them, and the folders that are empty then. Raises Unusable where a folder can't be written."""
    for path in files.all:
        with translate_errors(path.parent, OUTPUT_ERRORS):
            path.unlink(missing_ok=True)
            if not any(path.parent.iterdir()):
                path.parent.rmdir()


def _searched_files(places: ProjectPlaces) -> Iterator[Path]:
    """The pictures, archives and pages in the project's folders; links to folders and hidden folders are left out."""
    suffixes = (*PICTURE_SUFFIXES, *ARCHIVE_SUFFIXES, ".html", LOCK_SUFFIX)
    skipped = {store.resolve() for store in places.stores}
    seen: set[Path] = set()
    for top in (places.root, places.out, *places.exports):
        if top in seen:
            continue
        for folder, below, names in os.walk(top):
            here = Path(folder)
            below[:] = [name for name in below if not name.startswith(".") and here / name not in seen | skipped]
            seen.add(here)
            paths = (here / name for name in names if Path(name).suffix.lower() in suffixes)
            # A pipe is never opened: that would wait for a writer.
            yield from (path for path in paths if path.is_file())


def _is_orphan_lock(path: Path) -> bool:
    """Whether this is a lock of ours whose recipe is gone."""
    if any(path.with_suffix(suffix).exists() for suffix in (".yaml", ".yml")):
        return False
    try:
        load_lock(path)
    except Invalid:
        return False
    return True

"""Blobs: files by digest, written once, checked and healed."""

from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path

from msgspec import Struct

from nano_banana.formats.file_stamps import FileStamp, hash_files, stamp_of
from nano_banana.formats.file_writing import flush_to_disk
from nano_banana.model.call import Blob, blob_of
from nano_banana.model.problem import Unusable, problem
from nano_banana.store.database import Database, StorePart, json_set, translate_errors

BLOBS_FOLDER = "blobs"
NEW_FOLDER = "new"
"""The folder of files that are still being written, on the same file system as blobs."""

_CHUNK = 1 << 20
_REMEMBER = """
    INSERT INTO blobs VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE SET size = excluded.size,
    mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns, inode = excluded.inode
"""


class CheckedBlobs(Struct, frozen=True, kw_only=True):
    """Digests whose file has the right bytes, has wrong bytes (and is now dropped), or is missing."""

    sound: frozenset[str]
    damaged: frozenset[str]
    missing: frozenset[str]


class Blobs(StorePart):
    """Files `blobs/ab/cdef…`, read-only, and each one's stamp from when its content was last known.

    A file is served without reading it only while its stamp is unchanged. Files are added, dropped and replaced only
    inside a write transaction of the database, so that two processes never undo each other's work.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        super().__init__(database, clock)
        self._numbers = count()
        self._flushed: set[Path] = set()
        """Folders whose own names are on the disk by now."""
        self.root = str(database.folder / BLOBS_FOLDER)

    def place(self, digest: str) -> str:
        """The path of the bytes with this digest, whether they exist or not."""
        return f"{self.root}/{digest[:2]}/{digest[2:]}"

    def put(self, data: bytes | Path, *, media: str) -> Blob:
        """Store these bytes, or a copy of this file. They survive a loss of power.

        Raises Unusable: `store_full`, `store_read_only`, …; `input_unreadable` for the given file.
        """
        if isinstance(data, bytes):
            blob = blob_of(data, media=media)
            # Most bytes are new, so look without the lock that all writers wait for.
            with self._database.reading() as rows:
                known = self._trusted(rows, blob.digest)
            if known and self._again(blob.digest):
                return blob
        with translate_errors(self._database.folder):
            fresh = self._fresh()
            try:
                digest, size = _write(fresh, data, self._database.mode & 0o444)
                self._settle(fresh, digest)
            finally:
                fresh.unlink(missing_ok=True)
        return Blob(digest=digest, size=size, media=media)

    def known(self, digests: Iterable[str]) -> set[str]:
        """Those of these digests whose bytes the database lists; no file is looked at."""
        query = "SELECT digest FROM blobs WHERE digest IN (SELECT value FROM json_each(?))"
        return {name for (name,) in self._database.select(query, json_set(digests))}

    def count(self) -> int:
        """How many blobs the database lists."""
        return int(self._database.select("SELECT count(*) FROM blobs")[0][0])

    def files(self) -> Iterator[tuple[str, os.stat_result]]:
        """Every file in the folder of blobs, listed in the database or not: its digest by its name, and its stat."""
        for folder in _entries(self.root):
            for entry in _entries(folder.path) if folder.name != NEW_FOLDER else ():
                yield folder.name + entry.name, entry.stat()

    def unfinished(self) -> list[Path]:
        """Files of blobs that are being written, or whose process died before they were finished."""
        return [Path(entry.path) for entry in _entries(f"{self.root}/{NEW_FOLDER}")]

    def path(self, blob: Blob) -> Path:
        """A readable file with exactly these bytes. Raises Unusable: `blob_missing`, `blob_damaged`."""
        with self._database.reading() as rows:
            stamp = _stamp(rows, blob.digest)
        checked = self.check({blob.digest: stamp})
        if not checked.sound:
            kind = "blob_damaged" if checked.damaged else "blob_missing"
            raise Unusable([problem(kind, digest=blob.digest, folder=str(self._database.folder))])
        return Path(self.place(blob.digest))

    def check(self, known: Mapping[str, FileStamp | None], *, trust: bool = True) -> CheckedBlobs:
        """Check the files of these digests. A file is only read if its stamp has changed, or without `trust`.

        A file with wrong bytes is dropped; one with the right bytes gets its new stamp remembered.
        """
        sound: set[str] = set()
        doubtful: dict[str, str] = {}
        missing: set[str] = set()
        with translate_errors(self._database.folder):
            for digest, stamp in known.items():
                place = self.place(digest)
                try:
                    if stamp_of(place) == stamp and trust:
                        sound.add(digest)
                    else:
                        doubtful[place] = digest
                except FileNotFoundError:
                    missing.add(digest)
        read = self._read(doubtful) if doubtful else frozenset()
        return CheckedBlobs(
            sound=frozenset(sound | read),
            damaged=frozenset(doubtful.values()) - read,
            missing=frozenset(missing),
        )

    def _read(self, places: Mapping[str, str]) -> frozenset[str]:
        """The digests among `places` (path → digest) whose files have the right bytes."""
        found = list(hash_files(list(places)))
        if self._database.read_only:
            return frozenset(places[hashed.path] for hashed in found if hashed.digest == places[hashed.path])
        now = self._clock()
        sound = set()
        with self._database.writing() as rows:
            for hashed in found:
                digest = places[hashed.path]
                # A bad sector is damage; another error (such as no permission) is no reason to drop a paid picture.
                if hashed.error is not None and hashed.error.errno not in (errno.EIO, errno.ENOENT):
                    raise hashed.error
                if hashed.digest == digest:
                    rows.execute(_REMEMBER, (digest, *hashed.stamp, now))
                    sound.add(digest)
                elif hashed.error is not None or _unchanged(hashed.path, hashed.stamp):
                    self.drop(rows, digest)
        return frozenset(sound)

    def drop(self, rows: sqlite3.Connection, digest: str) -> None:
        """Remove the file and its row, inside the caller's transaction."""
        Path(self.place(digest)).unlink(missing_ok=True)
        rows.execute("DELETE FROM blobs WHERE digest = ?", (digest,))

    def _trusted(self, rows: sqlite3.Connection, digest: str) -> bool:
        stamp = _stamp(rows, digest)
        return stamp is not None and _unchanged(self.place(digest), stamp)

    def _again(self, digest: str) -> bool:
        """Mark a blob as put again; False if it was removed in the meantime."""
        with self._database.writing() as rows:
            trusted = self._trusted(rows, digest)
            if trusted:
                self._touch(rows, digest)
        if trusted:
            with translate_errors(self._database.folder):
                self._flush_names(Path(self.place(digest)).parent)
        return trusted

    def _touch(self, rows: sqlite3.Connection, digest: str) -> None:
        rows.execute("UPDATE blobs SET put_at = ? WHERE digest = ?", (self._clock(), digest))

    def _fresh(self) -> Path:
        """A new, empty file. Process id and number make its name unique."""
        folder = Path(self.root, NEW_FOLDER)
        while True:
            path = folder / f"{os.getpid()}-{next(self._numbers)}"
            try:
                path.touch(0o600, exist_ok=False)
            except FileExistsError:
                continue
            except FileNotFoundError:
                self._database.make_folder(folder.parent)
                self._database.make_folder(folder)
                continue
            return path

    def _settle(self, fresh: Path, digest: str) -> None:
        place = Path(self.place(digest))
        folder = place.parent
        with self._database.writing() as rows:
            if not self._trusted(rows, digest):
                if not folder.is_dir():
                    self._database.make_folder(folder)
                fresh.replace(place)
                rows.execute(_REMEMBER, (digest, *stamp_of(str(place)), self._clock()))
            self._touch(rows, digest)
        self._flush_names(folder)

    def _flush_names(self, folder: Path) -> None:
        """Make the names in one of our folders outlive a loss of power, its own as well.

        Also for a blob that was there: the process that put it may have died, or not have come to this yet. To flush
        a folder without changes costs next to nothing.
        """
        above = () if folder in self._flushed else (folder.parent, self._database.folder)
        for path in (folder, *above):
            flush_to_disk(path)
        self._flushed.add(folder)


def _stamp(rows: sqlite3.Connection, digest: str) -> FileStamp | None:
    query = "SELECT size, mtime_ns, ctime_ns, inode FROM blobs WHERE digest = ?"
    row: FileStamp | None = rows.execute(query, (digest,)).fetchone()
    return row


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    if Path(folder).is_dir():
        with os.scandir(folder) as entries:
            yield from entries


def _unchanged(path: str, stamp: FileStamp) -> bool:
    try:
        return stamp_of(path) == stamp
    except OSError:
        return False


def _write(fresh: Path, data: bytes | Path, mode: int) -> tuple[str, int]:
    """Write the file, make it read-only and wait until the disk has it: (digest, size)."""
    sha = hashlib.sha256()
    size = 0
    with fresh.open("wb") as file:
        for chunk in _chunks(data):
            sha.update(chunk)
            size += file.write(chunk)
        file.flush()
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())
    return sha.hexdigest(), size


def _chunks(data: bytes | Path) -> Iterator[bytes]:
    if isinstance(data, bytes):
        yield data
        return
    try:
        with data.open("rb", buffering=0) as source:
            while chunk := source.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise Unusable([problem("input_unreadable", path=str(data), reason=error.strerror or str(error))]) from error

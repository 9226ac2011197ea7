"""Files outside the store, recognised by stat: inputs and outputs.

A path's digest is believed while its stamp stays the same. Outputs are copies of blobs, with metadata, written as a
whole; the store remembers what each was made from.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from nano_banana.formats.file_stamps import FileStamp, HashedFile, hash_files, stamp_of, stamp_or_none
from nano_banana.formats.file_writing import atomic_write
from nano_banana.model.call import Blob
from nano_banana.model.problem import Unusable, problem
from nano_banana.store.blobs import Blobs
from nano_banana.store.database import OUTPUT_ERRORS, StorePart, json_set, translate_errors

CLOCK_GRAIN = 0.05
"""Seconds. Kernels stamp files by a clock that ticks every 1–10 ms, so a file that changed within this time may change
again without a new stamp."""

_SECOND = 1_000_000_000
_SELECT = """
    SELECT size, mtime_ns, ctime_ns, inode, m.path, digest, made_of
    FROM json_each(?) AS asked CROSS JOIN memo AS m ON m.path = asked.value
"""
_REMEMBER = """
    INSERT INTO memo (path, digest, size, mtime_ns, ctime_ns, inode, ours, made_of) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (path) DO UPDATE SET
    made_of = CASE WHEN excluded.ours OR digest <> excluded.digest THEN excluded.made_of ELSE made_of END,
    digest = excluded.digest, size = excluded.size, mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns,
    inode = excluded.inode, ours = max(ours, excluded.ours)
"""


class _Content(NamedTuple):
    """A file's digest, the stamp that it had then, and what we made it from (see `adopt`)."""

    digest: str
    stamp: FileStamp
    made_of: str = ""


class FileDigests(StorePart):
    """Path → digest, believed while size, mtime, ctime and inode stay the same. Links are followed.

    A file that was only touched is read again and found unchanged; an edited file is always noticed.
    """

    def digests(self, paths: Mapping[Path, str]) -> dict[Path, Blob]:
        """The content of these files (path → media type). Raises Unusable (`input_unreadable`) with all problems."""
        seen = self._look(paths)
        errors = {path: each for path, each in seen.items() if isinstance(each, OSError)}
        if errors:
            raise Unusable(
                problem("input_unreadable", path=str(path), reason=error.strerror or str(error))
                for path, error in errors.items()
            )
        found = {path: each for path, each in seen.items() if isinstance(each, _Content)}
        return {path: Blob(digest=each.digest, size=each.stamp.size, media=paths[path]) for path, each in found.items()}

    def digest(self, path: Path, *, media: str) -> Blob:
        """The content of one file; see `digests`."""
        return self.digests({path: media})[path]

    def present(self, targets: Mapping[Path, str]) -> set[Path]:
        """Those files (path → `content_name`) that exist with that digest, or as we made them (see `adopt`)."""
        found = {path: each for path, each in self._look(targets).items() if isinstance(each, _Content)}
        return {path for path, each in found.items() if targets[path] in (each.digest, each.made_of)}

    def adopt(self, path: Path, digest: str, stamp: FileStamp, *, made_of: str = "") -> None:
        """Remember a file that we wrote ourselves, so that we may replace it later; its stamp is believed at once.

        `made_of` names what it was made from, if it isn't a mere copy.
        """
        with self._database.writing() as rows:
            rows.execute(_REMEMBER, (self._name(_absolute(path)), digest, *stamp, 1, made_of))

    def is_ours(self, path: Path) -> bool:
        """Whether we ever wrote a file at this path."""
        name = self._name(_absolute(path))
        with self._database.reading() as rows:
            return rows.execute("SELECT 1 FROM memo WHERE path = ? AND ours", (name,)).fetchone() is not None

    def disturbed(self, paths: Iterable[Path]) -> set[Path]:
        """Those of these paths where we wrote a file that is gone or has another stamp by now."""
        places = {path: _absolute(path) for path in paths}
        known = self._known(set(places.values()))
        return {path for path, place in places.items() if place in known and stamp_or_none(place) != known[place].stamp}

    def _look(self, paths: Iterable[Path]) -> dict[Path, _Content | OSError]:
        """The content of each file, read if its stamp is not the known one, or why it can't be read."""
        places = {path: _absolute(path) for path in paths}
        known = self._known(set(places.values()))
        found: dict[str, _Content | OSError] = {}
        unknown: list[str] = []
        for place in dict.fromkeys(places.values()):
            try:
                now = stamp_of(place)
            except OSError as error:
                found[place] = error
                continue
            if place in known and known[place].stamp == now:
                found[place] = known[place]
            else:
                unknown.append(place)
        begun = self._clock()
        read = list(hash_files(unknown))
        for hashed in read:
            before = known.get(hashed.path)
            made_of = before.made_of if before and before.digest == hashed.digest else ""
            found[hashed.path] = hashed.error or _Content(hashed.digest, hashed.stamp, made_of)
        self._remember(read, begun)
        return {path: found[place] for path, place in places.items()}

    def _known(self, places: Iterable[str]) -> dict[str, _Content]:
        names = {self._name(place): place for place in places}
        rows = self._database.select(_SELECT, json_set(names))
        return {names[row[4]]: _Content(row[5], FileStamp(*row[:4]), row[6]) for row in rows}

    def _remember(self, found: Iterable[HashedFile], begun: float) -> None:
        """Remember files that were read from `begun` on; the end of reading may be much later."""
        sure = [each for each in found if each.steady and _settled(each.stamp, begun)]
        if sure and not self._database.read_only:
            with self._database.writing() as rows:
                rows.executemany(_REMEMBER, [(self._name(each.path), each.digest, *each.stamp, 0, "") for each in sure])

    def _name(self, place: str) -> str:
        """The path as text for the database, even if its bytes are not UTF-8."""
        return os.fsencode(self._database.relative_path(place)).decode("utf-8", "backslashreplace")


def _absolute(path: Path) -> str:
    return os.path.abspath(path)  # noqa: PTH100  # Path.resolve asks the disk about every folder on the way


def _settled(stamp: FileStamp, now: float) -> bool:
    """Whether the file last changed so long ago that a new change would get a new stamp."""
    _, mtime_ns, ctime_ns, _ = stamp
    coarse = mtime_ns % _SECOND == 0 and ctime_ns % _SECOND == 0
    return now - ctime_ns / _SECOND > (2.0 if coarse else CLOCK_GRAIN)


_FICLONE = 0x40049409
_CHUNK = 1 << 20


class MetadataWriter(Struct, frozen=True, kw_only=True):
    """Metadata for an output, besides the blob's bytes.

    `name` identifies the metadata. `apply` adds it to the bytes, and is only called if the file isn't there yet.
    `is_same` says whether a file's bytes are this blob's with any metadata, so that one of our runs wrote it.
    """

    name: str
    apply: Callable[[bytes], bytes]
    is_same: Callable[[bytes], bool]


def content_name(digest: str, metadata: MetadataWriter | None = None) -> str:
    """The name of an output's content: the blob's digest and the name of its metadata."""
    return digest if metadata is None else f"{digest} {metadata.name}"


class OutputFiles:
    """Writes outputs to where the user wants them."""

    def __init__(self, blobs: Blobs, memo: FileDigests) -> None:
        self._blobs = blobs
        self._memo = memo

    def write(
        self,
        blob: Blob,
        target: Path,
        *,
        metadata: MetadataWriter | None = None,
        replace: bool = False,
        look: bool = True,
    ) -> FileStamp:
        """Write these bytes, with metadata, to `target` as a whole; a target that has them is left alone.

        Without `look`, the caller has just seen that it hasn't (`FileDigests.present`). A mere copy shares the blob's
        disk space if the file system can (reflink).

        Raises Unusable: `target_taken` if the file there isn't ours and not `replace` (a file that we once wrote is
        ours, whatever its content now); `target_full`, …; `blob_missing`, `blob_damaged`; and what `metadata.apply`
        raises.
        """
        name = content_name(blob.digest, metadata)
        if not look or target not in self._memo.present({target: name}):
            source = self._blobs.path(blob)
            data = None if metadata is None else metadata.apply(source.read_bytes())
            if not replace and self._taken(blob, target, metadata):
                raise Unusable([problem("target_taken", path=str(target))])
            with translate_errors(target.parent, OUTPUT_ERRORS):
                target.parent.mkdir(parents=True, exist_ok=True)
                with atomic_write(target) as fresh:
                    if data is None:
                        _clone_or_copy(source, fresh)
                    else:
                        fresh.write_bytes(data)
            digest = blob.digest if data is None else hashlib.sha256(data).hexdigest()
        else:
            digest = blob.digest if metadata is None else ""
        with translate_errors(target.parent, OUTPUT_ERRORS):
            stamp = stamp_of(str(target))
        if digest:
            self._memo.adopt(target, digest, stamp, made_of="" if name == digest else name)
        return stamp

    def _taken(self, blob: Blob, target: Path, metadata: MetadataWriter | None) -> bool:
        """Whether a file that isn't ours is there. One with the same bytes may be from a parallel run."""
        if not os.path.lexists(target) or self._memo.is_ours(target):
            return False
        if target in self._memo.present({target: blob.digest}):
            return False
        try:
            return metadata is None or not metadata.is_same(target.read_bytes())
        except OSError:
            return True


def _clone_or_copy(source: Path, target: Path) -> None:
    with source.open("rb", buffering=0) as reader, target.open("xb") as writer:
        try:
            fcntl.ioctl(writer.fileno(), _FICLONE, reader.fileno())
        except OSError:
            while chunk := reader.read(_CHUNK):
                writer.write(chunk)

"""File stamps: what stat says about a file, and the digest of its content.

A file is hashed once and then recognised by size, mtime, ctime and inode. Pipes and devices are never opened, since
reading them could block forever.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct


def is_regular(path: str, found: os.stat_result) -> bool:
    """Whether `path` with the stat `found` is a regular file on a disk.

    Pipes, sockets and devices are not, nor the kernel's own files, which look like regular files of size 0.
    """
    if not stat.S_ISREG(found.st_mode):
        return False
    return found.st_size > 0 or not os.path.realpath(path).startswith(("/proc/", "/sys/"))


_MAX_THREADS = 8
_SIGNED_64 = (1 << 63) - 1
"""SQLite's integers have a sign; inodes don't."""


class FileStamp(NamedTuple):
    """What stat says about a file: size in bytes, times in ns since 1970. Equal stamps mean unchanged content.

    No program can set a ctime back, so an edit always shows.
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, found: os.stat_result) -> FileStamp:
        """The stamp in a stat result."""
        return cls(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino & _SIGNED_64)


_NO_STAMP = FileStamp(0, 0, 0, 0)


class HashedFile(Struct, frozen=True, kw_only=True):
    """The SHA-256 of a file's bytes, or the error while reading them.

    `steady` means that the stamp was the same before and after, so that it may stand for the digest.
    """

    path: str
    digest: str = ""
    stamp: FileStamp = _NO_STAMP
    steady: bool = False
    error: OSError | None = None


def stamp_of(path: str) -> FileStamp:
    """The stamp of a regular file; links are followed. Raises OSError, also for pipes, devices and folders."""
    try:
        found = os.stat(path)  # noqa: PTH116  # making a Path costs more than the stat, 10,000 times a run
    except ValueError as error:
        raise OSError(errno.EINVAL, str(error), path) from error
    if not is_regular(path, found):
        raise OSError(errno.EINVAL, "not a regular file", path)
    return FileStamp.of(found)


def stamp_or_none(path: str | Path) -> FileStamp | None:
    """The stamp of a file or folder of any kind; None if there is none, or none that we may look at."""
    try:
        return FileStamp.of(os.stat(path))  # noqa: PTH116 - as above
    except (OSError, ValueError):
        return None


def hash_file(path: str) -> HashedFile:
    """Read and hash a file; an OSError becomes part of the result."""
    try:
        before = stamp_of(path)
        with Path(path).open("rb", buffering=0) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return HashedFile(path=path, digest=digest, stamp=before, steady=stamp_of(path) == before)
    except OSError as error:
        return HashedFile(path=path, error=error)


def hash_files(paths: Sequence[str]) -> Iterator[HashedFile]:
    """Hash files in order, on as many threads as there are cores (hashing releases the GIL)."""
    workers = min(len(paths), os.cpu_count() or 1, _MAX_THREADS)
    if workers <= 1:
        yield from map(hash_file, paths)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(hash_file, paths)

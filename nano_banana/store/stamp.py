"""A file's stamp: what stat says of it, and its content's digest."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from nano_banana.core.regular import is_regular

Stamp: TypeAlias = tuple[int, int, int, int]
"""(size in bytes, mtime in ns, ctime in ns, inode). No program can set a ctime back, so an edit always shows."""

_MOST_THREADS = 8
_SIGNED_64 = (1 << 63) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashed:
    """What hashing a file gave: the SHA-256 of its bytes, or the error that kept them from us.

    `steady` is whether the stamp was the same before and after, so that it may stand for the digest.
    """

    path: str
    digest: str = ""
    stamp: Stamp = (0, 0, 0, 0)
    steady: bool = False
    error: OSError | None = None


def stamp_of(path: str) -> Stamp:
    """The stamp of a regular file (links are followed). Raises OSError, also for what is no regular file."""
    try:
        found = os.stat(path)  # noqa: PTH116  # making a Path costs more than the stat, 10,000 times a run
    except ValueError as error:
        raise OSError(errno.EINVAL, str(error), path) from error
    if not is_regular(path, found):
        raise OSError(errno.EINVAL, "not a regular file", path)
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino & _SIGNED_64)


def hash_file(path: str) -> Hashed:
    """Read the file once; an OSError becomes part of the answer."""
    try:
        before = stamp_of(path)
        with Path(path).open("rb", buffering=0) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Hashed(path=path, digest=digest, stamp=before, steady=stamp_of(path) == before)
    except OSError as error:
        return Hashed(path=path, error=error)


def hash_files(paths: Sequence[str]) -> Iterator[Hashed]:
    """Hash many files, in their order, on as many threads as there are cores (hashing lets go of the GIL)."""
    workers = min(len(paths), os.cpu_count() or 1, _MOST_THREADS)
    if workers <= 1:
        yield from map(hash_file, paths)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(hash_file, paths)

"""The wall: what SQLite and the system complain of becomes a problem here."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.errors import Unusable, trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """The kinds of problem that a folder of one sort has."""

    full: str
    read_only: str
    failed: str


STORE = Kinds(full="store_full", read_only="store_read_only", failed="store_failed")
OUTPUT = Kinds(full="target_full", read_only="target_read_only", failed="target_failed")

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


@contextmanager
def wall(folder: Path, kinds: Kinds = STORE) -> Iterator[None]:
    """Raise Unusable with the folder and what the system said, in place of OSError and sqlite3.Error."""
    try:
        yield
    except OSError as error:
        kind = _of_system(error, kinds)
        raise Unusable([trouble(kind, folder=str(folder), reason=error.strerror or str(error))]) from error
    except sqlite3.Error as error:
        raise Unusable([trouble(_of_sqlite(error, folder), folder=str(folder), reason=str(error))]) from error


def _of_system(error: OSError, kinds: Kinds) -> str:
    if error.errno in _FULL:
        return kinds.full
    return kinds.read_only if error.errno in _READ_ONLY else kinds.failed


def _of_sqlite(error: sqlite3.Error, folder: Path) -> str:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return "store_corrupt"
    if code == sqlite3.SQLITE_FULL:
        return "store_full"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "store_busy"
    # SQLite can't say why a file won't open: a folder that refuses its -wal file looks like one that is gone.
    refused = folder.is_dir() and not os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
    if code == sqlite3.SQLITE_READONLY or refused:
        return "store_read_only"
    return "store_failed"

"""The store's SQLite file: opened, migrated, written by one at a time.

Errors of SQLite and of the system are translated to problems here (`translate_errors`), for the store's folder as for
output folders.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from nano_banana.formats.file_writing import (
    copy_mode,
    deny_others,
    file_mode,
    flush_to_disk,
    is_shared,
    make_private_folder,
    share_with_group,
)
from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import Unusable, problem

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory


class ErrorKinds(Struct, frozen=True, kw_only=True):
    """The kinds of problem that a folder of one sort has."""

    full: str
    read_only: str
    failed: str


STORE_ERRORS = ErrorKinds(full="store_full", read_only="store_read_only", failed="store_failed")
OUTPUT_ERRORS = ErrorKinds(full="target_full", read_only="target_read_only", failed="target_failed")

_EFFECTIVE = os.access in os.supports_effective_ids
_FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_READ_ONLY_ERRNOS = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_SQLITE_KINDS = {
    sqlite3.SQLITE_CORRUPT: "store_corrupt",
    sqlite3.SQLITE_NOTADB: "store_corrupt",
    sqlite3.SQLITE_FULL: "store_full",
    sqlite3.SQLITE_BUSY: "store_busy",
    sqlite3.SQLITE_LOCKED: "store_busy",
    sqlite3.SQLITE_READONLY: "store_read_only",
}


@contextmanager
def translate_errors(folder: Path, kinds: ErrorKinds = STORE_ERRORS) -> Iterator[None]:
    """Raise Unusable with the folder and what the system said, in place of OSError and sqlite3.Error."""
    try:
        yield
    except OSError as error:
        refused = kinds.read_only if error.errno in _READ_ONLY_ERRNOS else kinds.failed
        kind = kinds.full if error.errno in _FULL_ERRNOS else refused
        raise Unusable([problem(kind, folder=str(folder), reason=error.strerror or str(error))]) from error
    except sqlite3.Error as error:
        raise Unusable([problem(_sqlite_kind(error, folder), folder=str(folder), reason=str(error))]) from error


def _sqlite_kind(error: sqlite3.Error, folder: Path) -> str:
    kind = _SQLITE_KINDS.get(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF)
    # SQLite can't say why a file won't open: a folder that refuses its -wal file looks like one that is gone.
    refused = folder.is_dir() and not os.access(folder, os.W_OK, effective_ids=_EFFECTIVE)
    return kind or ("store_read_only" if refused else "store_failed")


def json_text(value: JSONValue) -> str:
    """The JSON of `value`, in its own order; `json.loads` gives an equal value back."""
    return json.dumps(value, separators=(",", ":"), default=_as_plain_dict)


def json_set(names: Iterable[str]) -> str:
    """A JSON array of distinct names for `json_each`, sorted so that pages of a large table are read once."""
    return json_text(sorted(set(names)))


def _as_plain_dict(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"not JSON: {type(value).__name__}")


SQLValue: TypeAlias = str | float | bytes | None

DATABASE_FILE = "store.sqlite"
BUSY_SECONDS = 30.0
_IGNORE_ALL = "*\n"

MIGRATIONS = (
    """
    CREATE TABLE blobs (
        digest TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,
        inode INTEGER NOT NULL, put_at REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE replies (
        key TEXT PRIMARY KEY, provider TEXT NOT NULL, endpoint TEXT NOT NULL, data TEXT NOT NULL,
        seconds REAL NOT NULL, cost_usd REAL, made_at REAL NOT NULL, run TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE documents (key TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE reply_files (
        key TEXT NOT NULL, place TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL, media TEXT NOT NULL,
        PRIMARY KEY (key, place)
    ) WITHOUT ROWID;
    CREATE INDEX reply_files_by_digest ON reply_files (digest);
    CREATE TABLE claims (key TEXT PRIMARY KEY, owner TEXT NOT NULL, beat_at REAL NOT NULL) WITHOUT ROWID;
    CREATE TABLE memo (
        path TEXT PRIMARY KEY, digest TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
        ctime_ns INTEGER NOT NULL, inode INTEGER NOT NULL, ours INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE TABLE notes (name TEXT PRIMARY KEY, text TEXT NOT NULL);
    CREATE TABLE runs (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, recipe TEXT NOT NULL, owner TEXT NOT NULL,
        arguments TEXT NOT NULL, begun_at REAL NOT NULL, ended_at REAL, status TEXT, summary TEXT
    );
    CREATE TABLE trail (
        recipe TEXT NOT NULL, position TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (recipe, position)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE tickets (
        number INTEGER PRIMARY KEY, key TEXT NOT NULL, document TEXT NOT NULL, provider TEXT NOT NULL,
        service TEXT NOT NULL, endpoint TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL, run TEXT NOT NULL,
        recipe TEXT NOT NULL, stage TEXT NOT NULL, node TEXT NOT NULL, subject TEXT NOT NULL, begun_at REAL NOT NULL,
        ended_at REAL, request_id TEXT NOT NULL, urls TEXT NOT NULL, estimate_usd REAL, units REAL, cost_usd REAL,
        reason TEXT NOT NULL
    );
    CREATE INDEX tickets_by_key ON tickets (key);
    CREATE UNIQUE INDEX one_open_ticket ON tickets (key) WHERE state IN ('sending', 'sent', 'unknown');
    CREATE INDEX open_tickets ON tickets (provider, service) WHERE state IN ('sending', 'sent', 'unknown');
    CREATE INDEX tickets_by_request ON tickets (service, request_id);
    CREATE TABLE uploads (
        service TEXT NOT NULL, digest TEXT NOT NULL, url TEXT NOT NULL, expires_at REAL, PRIMARY KEY (service, digest)
    ) WITHOUT ROWID;
    CREATE TABLE savings (
        run TEXT NOT NULL, recipe TEXT NOT NULL, subject TEXT NOT NULL, endpoint TEXT NOT NULL,
        calls INTEGER NOT NULL, usd REAL NOT NULL, noted_at REAL NOT NULL, PRIMARY KEY (run, recipe, subject, endpoint)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE adapters (
        name TEXT NOT NULL, version INTEGER NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL,
        subject TEXT NOT NULL, card TEXT NOT NULL, kept_at REAL NOT NULL, PRIMARY KEY (name, version)
    ) WITHOUT ROWID;
    CREATE INDEX adapters_by_digest ON adapters (digest);
    CREATE TABLE adapter_names (name TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE adapter_tags (
        name TEXT NOT NULL, tag TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (name, tag)
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE memo ADD COLUMN made_of TEXT NOT NULL DEFAULT '';
    """,
    """
    CREATE TABLE snapshots (
        number INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, recipe TEXT NOT NULL, kept_at REAL NOT NULL,
        data BLOB NOT NULL
    );
    CREATE INDEX snapshots_by_recipe ON snapshots (recipe);
    """,
    """
    UPDATE OR REPLACE memo SET path = relative_name(path);
    """,
    """
    ALTER TABLE runs ADD COLUMN beat_at REAL;
    """,
)
"""Each step takes a store from version n to n + 1; a new one is added at the end, none is ever changed.

`relative_name` is a function of ours: see `Database.relative_path`.
"""


_VIEWS = """
    CREATE TEMP VIEW referenced AS SELECT digest FROM reply_files UNION SELECT digest FROM adapters;
    CREATE TEMP VIEW ledger AS
        SELECT run, recipe, subject, endpoint, begun_at AS at, 1 AS requests,
               state IN ('sending', 'sent') AS underway,
               state NOT IN ('sending', 'sent') AND cost_usd IS NULL AS unpriced, cost_usd AS spent_usd,
               iif(cost_usd IS NULL, NULL, estimate_usd) AS estimated_usd,
               cost_usd IS NOT NULL AND estimate_usd IS NULL AS unestimated, 0 AS saved_calls, 0.0 AS saved_usd
        FROM tickets WHERE state != 'withdrawn'
        UNION ALL
        SELECT run, recipe, subject, endpoint, noted_at, 0, 0, 0, NULL, NULL, 0, calls, usd FROM savings;
"""
"""Views of this connection: the digests of files that a reply or an adapter names; all requests and savings."""


class Database:
    """One connection behind one lock: any thread may use it, one at a time.

    Processes wait for one another up to `BUSY_SECONDS`. Every SQLite error becomes Unusable.
    """

    def __init__(self, folder: Path, *, group: str = "") -> None:
        """Open or make the store's database in `folder`; `group` is the setting `store_group`. Raises Unusable."""
        self.folder = folder
        self._above = f"{folder.parent}{os.sep}"
        self._within = f"{folder}{os.sep}"
        self._lock = threading.Lock()
        self._copy: TemporaryDirectory[str] | None = None
        with translate_errors(folder):
            if _may_only_read(folder):
                self._copy = _copy_database(folder)
            else:
                _make_folder(folder, group)
                _make_file(folder / DATABASE_FILE, file_mode(folder))
            self.mode = file_mode(folder)
            home = Path(self._copy.name) if self._copy else folder
            self._connection = sqlite3.connect(
                home / DATABASE_FILE, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self._connection.create_function("relative_name", 1, self.relative_path)
                _migrate(self._connection, home)
                with suppress(sqlite3.DatabaseError):  # a damaged file fails at the first query, or in `verify`
                    self._connection.executescript(_VIEWS)
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Close the file; the last process to do so folds the write-ahead log into it."""
        with translate_errors(self.folder), self._lock:
            self._connection.close()
            if self._copy is not None:
                self._copy.cleanup()

    @property
    def read_only(self) -> bool:
        """Whether we may read this store but not write it: then we read a copy of its database.

        Values that can be computed again need not be saved in that case.
        """
        return self._copy is not None

    def relative_path(self, path: str) -> str:
        """An absolute path as the store saves it: relative to the store's folder, so that both can move together."""
        if path.startswith(self._above) and not path.startswith(self._within):
            return f"..{os.sep}{path[len(self._above) :]}"  # what `relpath` gives, without its cost for each of 10,000
        return os.path.relpath(path, self.folder)

    def absolute_path(self, name: str) -> str:
        """The absolute path for a result of `relative_path`."""
        return os.path.normpath(self.folder / name)

    def make_folder(self, path: Path) -> None:
        """Make a folder in the store with the store's own permissions. Raises OSError."""
        path.mkdir(exist_ok=True)
        copy_mode(path, self.folder)

    def select(self, query: str, *values: SQLValue) -> list[sqlite3.Row]:
        """All rows of a query, as tuples; their type stands for values of any type."""
        with self.reading() as rows:
            return rows.execute(query, values).fetchall()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, for queries. Fetch all rows inside the block: other threads wait for its end."""
        with translate_errors(self.folder), self._lock:
            yield self._connection

    @contextmanager
    def writing(self, *, durable: bool = False, keep: bool = True) -> Iterator[sqlite3.Connection]:
        """One write transaction, rolled back after an error or if not `keep`. Other processes wait for its end.

        Raises Unusable (`store_read_only`) for a read-only store, unless `keep` is false. A committed transaction
        survives this process; a `durable` one also a loss of power (one more fsync).
        """
        if self.read_only and keep:
            raise Unusable([problem("store_read_only", folder=str(self.folder), reason="you may only read it")])
        with translate_errors(self.folder), self._lock:
            connection = self._connection
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT" if keep else "ROLLBACK")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")


class StorePart:
    """A part of a store: one topic's tables in its database. `clock` gives seconds since 1970."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock


def _may_only_read(folder: Path) -> bool:
    """Whether there is a store here that we can't write.

    That includes a store whose log files we can't write: SQLite would make new ones of ours and lock out their owner.
    """
    if not (folder / DATABASE_FILE).is_file():
        return False
    there = [path for path in (folder, *_files(folder)) if path.exists()]
    return not all(os.access(path, os.W_OK, effective_ids=_EFFECTIVE) for path in there)


def _copy_database(folder: Path) -> TemporaryDirectory[str]:
    """Copy the database into a folder that only we can read."""
    # Imported here, because a run with nothing to do needs neither.
    import shutil
    from tempfile import TemporaryDirectory

    copy = TemporaryDirectory(prefix="nano-banana-")
    try:
        file, log, shared = _files(folder)
        (Path(copy.name) / ".gitignore").touch()
        if shared.exists():
            # Another process has it open and may be writing.
            source = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)
            with closing(source), closing(sqlite3.connect(Path(copy.name) / DATABASE_FILE)) as target:
                source.backup(target)
        else:
            for path in (file, log):
                if path.exists():
                    shutil.copyfile(path, Path(copy.name) / path.name)
    except BaseException:
        copy.cleanup()
        raise
    return copy


def _files(folder: Path) -> tuple[Path, Path, Path]:
    """The database's file, and the log files that it has while a process has it open."""
    return folder / DATABASE_FILE, folder / f"{DATABASE_FILE}-wal", folder / f"{DATABASE_FILE}-shm"


def _make_folder(folder: Path, group: str) -> None:
    """Make the store's folder, closed to others; one that is there without a store in it is closed, too."""
    make_private_folder(folder, group)
    is_ours = folder.stat().st_uid == os.geteuid()
    if is_ours and not (folder / DATABASE_FILE).exists() and not is_shared(folder, group):
        deny_others(folder)
    if is_ours and group and not is_shared(folder):
        share_with_group(folder, group)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text(_IGNORE_ALL, encoding="ascii")
        ignore.chmod(file_mode(folder))


def _make_file(file: Path, mode: int) -> None:
    """Make the database's file, or mend its mode; SQLite gives its log files the mode of this one.

    SQLite itself makes files that the group can't write, and a log that one user leaves would lock out the others.
    """
    if not file.exists():
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    for path in _files(file.parent):
        # Another user's file, or one that was folded in just now, is not ours to mend.
        with suppress(PermissionError, FileNotFoundError):
            found = stat.S_IMODE(path.stat().st_mode)
            if found | mode != found:
                path.chmod(found | mode)


def _migrate(connection: sqlite3.Connection, folder: Path) -> None:
    if _version(connection, folder) == len(MIGRATIONS):
        return
    # SQLite does not wait for other processes while it changes a file to WAL mode, so we lock them out.
    with (folder / ".gitignore").open("rb") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not _version(connection, folder):
            _flush_new_store(folder)
        connection.execute("PRAGMA journal_mode = WAL")
        for number in range(_version(connection, folder), len(MIGRATIONS)):
            connection.executescript(
                f"BEGIN IMMEDIATE; {MIGRATIONS[number]} PRAGMA user_version = {number + 1}; COMMIT;"
            )


def _flush_new_store(folder: Path) -> None:
    """Make the store's folder outlive a loss of power before anything in it is promised to.

    SQLite flushes its own files and their names, and nothing above them. A process that made the folder and died may
    have left `.gitignore` empty.
    """
    (folder / ".gitignore").write_text(_IGNORE_ALL, encoding="ascii")
    flush_to_disk(folder / ".gitignore")
    for path in (folder, *folder.parents):
        with suppress(PermissionError):  # a folder that we can't read isn't one that we just made
            flush_to_disk(path)


def _version(connection: sqlite3.Connection, folder: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise Unusable([problem("store_newer", folder=str(folder), version=version, known=len(MIGRATIONS))])
    return version

"""Maintenance of a store: statistics, verification, garbage collection.

Garbage collection removes what nothing names any more; what was paid for stays.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nano_banana.model.problem import Unusable, problem
from nano_banana.store.blobs import NEW_FOLDER, Blobs
from nano_banana.store.database import Database, translate_errors
from nano_banana.store.run_log import Runs, drop_old_snapshots

_ENDPOINTS = """
    SELECT provider, endpoint, count(*), total(cost_usd), sum(cost_usd IS NULL), total(seconds), (
        SELECT coalesce(sum(size), 0) FROM (
            SELECT DISTINCT f.digest, f.size FROM reply_files AS f JOIN replies AS r USING (key)
            WHERE r.provider = replies.provider AND r.endpoint = replies.endpoint
        )
    ) FROM replies GROUP BY provider, endpoint ORDER BY provider, endpoint
"""
_UNREFERENCED_SIZE = """
    SELECT coalesce(sum(size), 0) FROM blobs
    WHERE digest NOT IN (SELECT digest FROM reply_files UNION SELECT digest FROM adapters)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointStats:
    """What one endpoint gave. `cost_usd` adds up the known costs; `unpriced` replies have none."""

    provider: str
    endpoint: str
    replies: int
    bytes: int
    seconds: float
    cost_usd: float
    unpriced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStats:
    """`bytes` are those of all blobs, `wasted` those of blobs that nothing names; `oldest` in seconds since 1970."""

    replies: int
    blobs: int
    bytes: int
    wasted: int
    oldest: float | None
    endpoints: tuple[EndpointStats, ...]


def store_stats(database: Database) -> StoreStats:
    """Count what the database knows of; no file is looked at."""
    with database.reading() as rows:
        replies, oldest = rows.execute("SELECT count(*), min(made_at) FROM replies").fetchone()
        blobs, size = rows.execute("SELECT count(*), coalesce(sum(size), 0) FROM blobs").fetchone()
        (wasted,) = rows.execute(_UNREFERENCED_SIZE).fetchone()
        endpoints = tuple(
            EndpointStats(
                provider=provider,
                endpoint=endpoint,
                replies=number,
                cost_usd=cost_usd,
                unpriced=unpriced,
                seconds=seconds,
                bytes=held,
            )
            for provider, endpoint, number, cost_usd, unpriced, seconds, held in rows.execute(_ENDPOINTS)
        )
    return StoreStats(replies=replies, blobs=blobs, bytes=size, wasted=wasted, oldest=oldest, endpoints=endpoints)


_BROKEN = """
    SELECT DISTINCT key, provider, endpoint, cost_usd FROM replies JOIN reply_files USING (key)
    WHERE digest NOT IN (SELECT digest FROM blobs) ORDER BY provider, endpoint, key
"""

_ADAPTERS = """
    SELECT name, version FROM adapters WHERE digest NOT IN (SELECT digest FROM blobs) ORDER BY name, version
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LostCall:
    """A call that will be made again when something asks for it; `cost_usd` is what it cost last time."""

    key: str
    provider: str
    endpoint: str
    cost_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """How many blobs were read, the digests of those newly found damaged (dropped) and missing.

    `lost` are the calls whose files are no more, whenever that was found, `adapters` those on the shelf (`ana@3`).
    """

    blobs: int
    bytes: int
    damaged: tuple[str, ...]
    missing: tuple[str, ...]
    lost: tuple[LostCall, ...]
    adapters: tuple[str, ...] = ()


def verify_store(database: Database, blobs: Blobs) -> VerifyReport:
    """Read the database and every blob. Raises Unusable (`store_corrupt`) where SQLite itself finds damage."""
    with database.reading() as rows:
        (verdict,) = rows.execute("PRAGMA quick_check(1)").fetchone()
        known = {digest for (digest,) in rows.execute("SELECT digest FROM blobs")}
        asked = [
            digest for (digest,) in rows.execute("SELECT digest FROM reply_files UNION SELECT digest FROM adapters")
        ]
    if verdict != "ok":
        raise Unusable([problem("store_corrupt", folder=str(database.folder), reason=verdict)])
    checked = blobs.check(dict.fromkeys([*known, *asked]), trust=False)
    with database.writing() as rows:
        # Those that are not known were found missing before; their calls are told of until they are made again.
        missing = checked.missing & known
        rows.executemany("DELETE FROM blobs WHERE digest = ?", [(digest,) for digest in missing])
        lost = tuple(
            LostCall(key=key, provider=provider, endpoint=endpoint, cost_usd=cost_usd)
            for key, provider, endpoint, cost_usd in rows.execute(_BROKEN)
        )
        adapters = tuple(f"{name}@{version}" for name, version in rows.execute(_ADAPTERS))
        number, size = rows.execute("SELECT count(*), coalesce(sum(size), 0) FROM blobs").fetchone()
    return VerifyReport(
        blobs=number,
        bytes=size,
        damaged=tuple(sorted(checked.damaged)),
        missing=tuple(sorted(missing)),
        lost=lost,
        adapters=adapters,
    )


MIN_AGE = 3600.0
"""Seconds. What is younger may be the work of a run that has not said yet what it is for."""

_DAY = 86400.0
_DROP = """
    DELETE FROM replies WHERE key NOT IN (SELECT key FROM trail) AND made_at <= ?1
    AND (?2 OR coalesce(cost_usd, 1) = 0)
"""
_KEPT = "SELECT count(*) FROM replies WHERE key NOT IN (SELECT key FROM trail) AND made_at <= ?"
_ORPHANS = """
    SELECT digest, size FROM blobs
    WHERE put_at <= ? AND digest NOT IN (SELECT digest FROM reply_files UNION SELECT digest FROM adapters)
"""
_REFERENCED = "SELECT digest FROM blobs UNION SELECT digest FROM reply_files UNION SELECT digest FROM adapters"


@dataclass(frozen=True, slots=True, kw_only=True)
class GcReport:
    """What went (or would go): replies, blobs and their bytes, files half written, memories of files that are gone.

    `paid_kept` replies stay only because they cost money, or may have. `underway` says that replies and blobs
    were left alone because a run goes on.
    """

    replies: int
    blobs: int
    bytes: int
    leftovers: int
    memories: int
    paid_kept: int
    underway: bool
    dry_run: bool
    snapshots: int = 0
    """Records of what runs came to; only where the sweep says how old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GcOptions:
    """How far to go: also replies that cost money; only replies at least so old."""

    dry_run: bool
    paid: bool = False
    older_than_days: float | None = None


def collect_garbage(database: Database, blobs: Blobs, *, clock: Callable[[], float], sweep: GcOptions) -> GcReport:
    """Sweep in one transaction, so that whoever puts or records waits; a dry run is the same, undone."""
    now = clock()
    young = now - MIN_AGE
    before = min(young, now - (sweep.older_than_days or 0.0) * _DAY)
    gone: list[str] = []
    underway = Runs(database, clock).underway()
    with translate_errors(database.folder), database.writing(keep=not sweep.dry_run) as rows:
        leftovers = [entry.path for entry in _entries(f"{blobs.root}/{NEW_FOLDER}") if _changed_at(entry) <= young]
        memories = _drop_gone_paths(rows, database)
        snapshots = 0 if sweep.older_than_days is None else drop_old_snapshots(rows, before)
        replies = kept = size = 0
        if not underway:
            replies, kept = _drop_replies(rows, before, paid=sweep.paid)
            orphans = dict(rows.execute(_ORPHANS, (young,)).fetchall()) | _files_without_row(rows, blobs, young)
            rows.executemany("DELETE FROM blobs WHERE digest = ?", [(digest,) for digest in orphans])
            gone = [blobs.place(digest) for digest in orphans]
            size = sum(orphans.values())
        if not sweep.dry_run:
            for path in (*leftovers, *gone):
                Path(path).unlink(missing_ok=True)
    return GcReport(
        replies=replies,
        blobs=len(gone),
        bytes=size,
        leftovers=len(leftovers),
        memories=memories,
        paid_kept=kept,
        underway=underway,
        dry_run=sweep.dry_run,
        snapshots=snapshots,
    )


def _drop_replies(rows: sqlite3.Connection, before: float, *, paid: bool) -> tuple[int, int]:
    """Delete the replies outside every trail: (how many, how many stayed for their cost)."""
    dropped = rows.execute(_DROP, (before, paid)).rowcount
    rows.execute("DELETE FROM documents WHERE key NOT IN (SELECT key FROM replies)")
    rows.execute("DELETE FROM reply_files WHERE key NOT IN (SELECT key FROM replies)")
    (kept,) = rows.execute(_KEPT, (before,)).fetchone()
    return dropped, kept


def _files_without_row(rows: sqlite3.Connection, blobs: Blobs, young: float) -> dict[str, int]:
    """Blobs that lie in the folder but in no row (a process died in between): digest → size."""
    known = {digest for (digest,) in rows.execute(_REFERENCED)}
    found = {}
    for folder in _entries(blobs.root):
        for entry in _entries(folder.path) if folder.name != NEW_FOLDER else ():
            digest = folder.name + entry.name
            if digest not in known and _changed_at(entry) <= young:
                found[digest] = entry.stat().st_size
    return found


def _drop_gone_paths(rows: sqlite3.Connection, database: Database) -> int:
    found = rows.execute("SELECT path FROM memo").fetchall()
    gone = [(name,) for (name,) in found if not os.path.lexists(database.absolute_path(name))]
    rows.executemany("DELETE FROM memo WHERE path = ?", gone)
    return len(gone)


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    if Path(folder).is_dir():
        with os.scandir(folder) as entries:
            yield from entries


def _changed_at(entry: os.DirEntry[str]) -> float:
    """When the file last changed, in seconds since 1970."""
    found = entry.stat()
    return max(found.st_mtime, found.st_ctime)

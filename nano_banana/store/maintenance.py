"""Maintenance of a store: statistics, verification, garbage collection.

Garbage collection removes data that nothing refers to any more. It keeps what was paid for.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from nano_banana.model.problem import Unusable, problem
from nano_banana.store.blobs import Blobs
from nano_banana.store.database import Database, translate_errors
from nano_banana.store.run_log import drop_old_snapshots, is_any_run_underway

_ENDPOINTS = """
    SELECT provider, endpoint, count(*), (
        SELECT coalesce(sum(size), 0) FROM (
            SELECT DISTINCT f.digest, f.size FROM reply_files AS f JOIN replies AS r USING (key)
            WHERE r.provider = replies.provider AND r.endpoint = replies.endpoint
        )
    ), total(seconds), total(cost_usd), sum(cost_usd IS NULL)
    FROM replies GROUP BY provider, endpoint ORDER BY provider, endpoint
"""
_UNREFERENCED_SIZE = "SELECT coalesce(sum(size), 0) FROM blobs WHERE digest NOT IN (SELECT digest FROM referenced)"


class EndpointStats(NamedTuple):
    """The stored replies of one endpoint. `cost_usd` is the sum of known costs; `unpriced` replies have none."""

    provider: str
    endpoint: str
    replies: int
    bytes: int
    seconds: float
    cost_usd: float
    unpriced: int


class StoreStats(Struct, frozen=True, kw_only=True):
    """Sizes of a store. `bytes` counts all blobs, `wasted` those that nothing refers to; `oldest` is since 1970."""

    replies: int
    blobs: int
    bytes: int
    wasted: int
    oldest: float | None
    endpoints: tuple[EndpointStats, ...]


def store_stats(database: Database) -> StoreStats:
    """Count what the database lists; no file is looked at."""
    with database.reading() as rows:
        replies, oldest = rows.execute("SELECT count(*), min(made_at) FROM replies").fetchone()
        blobs, size = rows.execute("SELECT count(*), coalesce(sum(size), 0) FROM blobs").fetchone()
        (wasted,) = rows.execute(_UNREFERENCED_SIZE).fetchone()
        endpoints = tuple(EndpointStats(*row) for row in rows.execute(_ENDPOINTS))
    return StoreStats(replies=replies, blobs=blobs, bytes=size, wasted=wasted, oldest=oldest, endpoints=endpoints)


_BROKEN = """
    SELECT DISTINCT key, provider, endpoint, cost_usd FROM replies JOIN reply_files USING (key)
    WHERE digest NOT IN (SELECT digest FROM blobs) ORDER BY provider, endpoint, key
"""

_ADAPTERS = """
    SELECT name, version FROM adapters WHERE digest NOT IN (SELECT digest FROM blobs) ORDER BY name, version
"""


class LostCall(NamedTuple):
    """A call whose files are gone: the next run that needs it makes it again. `cost_usd` is what it cost before."""

    key: str
    provider: str
    endpoint: str
    cost_usd: float | None


class VerifyReport(Struct, frozen=True, kw_only=True):
    """How many blobs were read, and the digests of those newly found damaged (and dropped) or missing.

    `lost` are all calls whose files are gone, whenever that was found, and `adapters` such adapters (`ana@3`).
    """

    blobs: int
    bytes: int
    damaged: tuple[str, ...]
    missing: tuple[str, ...]
    lost: tuple[LostCall, ...]
    adapters: tuple[str, ...] = ()


def verify_store(database: Database, blobs: Blobs) -> VerifyReport:
    """Read the database and every blob. Raises Unusable (`store_corrupt`) if SQLite finds damage in its file."""
    with database.reading() as rows:
        (verdict,) = rows.execute("PRAGMA quick_check(1)").fetchone()
        known = {digest for (digest,) in rows.execute("SELECT digest FROM blobs")}
        referenced = [digest for (digest,) in rows.execute("SELECT digest FROM referenced")]
    if verdict != "ok":
        raise Unusable([problem("store_corrupt", folder=str(database.folder), reason=verdict)])
    checked = blobs.check(dict.fromkeys([*known, *referenced]), trust=False)
    with database.writing() as rows:
        # A blob without a row was found missing before. Its calls are reported until they are made again.
        missing = checked.missing & known
        rows.executemany("DELETE FROM blobs WHERE digest = ?", [(digest,) for digest in missing])
        lost = tuple(LostCall(*row) for row in rows.execute(_BROKEN))
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
"""Seconds. Younger data may belong to a run that has not saved its references yet."""

_DAY = 86400.0
_DROP = """
    DELETE FROM replies WHERE key NOT IN (SELECT key FROM trail) AND made_at <= ?1
    AND (?2 OR coalesce(cost_usd, 1) = 0)
"""
_KEPT = "SELECT count(*) FROM replies WHERE key NOT IN (SELECT key FROM trail) AND made_at <= ?"
_KNOWN = "SELECT digest FROM blobs UNION SELECT digest FROM referenced"
_ORPHANS = "SELECT digest, size FROM blobs WHERE put_at <= ? AND digest NOT IN (SELECT digest FROM referenced)"


class GcReport(Struct, frozen=True, kw_only=True):
    """What was removed (or would be): replies, blobs and their bytes, unfinished files, paths of files that are gone.

    `paid_kept` replies stay only because they cost money, or may have. If a run is `underway`, replies and blobs stay.
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
    """Snapshots of runs; only removed if the options say how old."""


def collect_garbage(
    database: Database, blobs: Blobs, *, now: float, dry_run: bool, paid: bool, older_than_days: float | None
) -> GcReport:
    """Remove in one transaction, so that writers wait for it; a dry run is the same, rolled back.

    Replies that cost money are removed only if `paid`, and only replies of at least the given age.
    """
    young = now - MIN_AGE
    before = min(young, now - (older_than_days or 0.0) * _DAY)
    orphans: dict[str, int] = {}
    with translate_errors(database.folder), database.writing(keep=not dry_run) as rows:
        underway = is_any_run_underway(rows, now)
        leftovers = [path for path in blobs.unfinished() if _changed_at(path.stat()) <= young]
        memories = _drop_gone_paths(rows, database)
        snapshots = 0 if older_than_days is None else drop_old_snapshots(rows, before)
        replies = kept = 0
        if not underway:
            replies, kept = _drop_replies(rows, before, paid=paid)
            orphans = dict(rows.execute(_ORPHANS, (young,)).fetchall())
            known = {digest for (digest,) in rows.execute(_KNOWN)}
            # Files without a row: a process died in between.
            orphans |= {
                digest: found.st_size
                for digest, found in blobs.files()
                if digest not in known and _changed_at(found) <= young
            }
            rows.executemany("DELETE FROM blobs WHERE digest = ?", [(digest,) for digest in orphans])
        if not dry_run:
            for path in (*leftovers, *map(Path, map(blobs.place, orphans))):
                path.unlink(missing_ok=True)
    return GcReport(
        replies=replies,
        blobs=len(orphans),
        bytes=sum(orphans.values()),
        leftovers=len(leftovers),
        memories=memories,
        paid_kept=kept,
        underway=underway,
        dry_run=dry_run,
        snapshots=snapshots,
    )


def _drop_replies(rows: sqlite3.Connection, before: float, *, paid: bool) -> tuple[int, int]:
    """Delete the replies outside every trail: (how many, how many stayed for their cost)."""
    dropped = rows.execute(_DROP, (before, paid)).rowcount
    rows.execute("DELETE FROM documents WHERE key NOT IN (SELECT key FROM replies)")
    rows.execute("DELETE FROM reply_files WHERE key NOT IN (SELECT key FROM replies)")
    (kept,) = rows.execute(_KEPT, (before,)).fetchone()
    return dropped, kept


def _drop_gone_paths(rows: sqlite3.Connection, database: Database) -> int:
    found = rows.execute("SELECT path FROM memo").fetchall()
    gone = [(name,) for (name,) in found if not os.path.lexists(database.absolute_path(name))]
    rows.executemany("DELETE FROM memo WHERE path = ?", gone)
    return len(gone)


def _changed_at(found: os.stat_result) -> float:
    """When the file last changed, in seconds since 1970."""
    return max(found.st_mtime, found.st_ctime)

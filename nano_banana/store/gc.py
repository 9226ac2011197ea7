"""The sweep: what nothing names any more goes; what was paid for stays."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nano_banana.store.blobs import FRESH, Blobs
from nano_banana.store.database import Database
from nano_banana.store.runs import Runs
from nano_banana.store.snapshots import drop_older
from nano_banana.store.wall import wall

YOUNG = 3600.0
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
_NAMED = "SELECT digest FROM blobs UNION SELECT digest FROM reply_files UNION SELECT digest FROM adapters"


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
class Sweep:
    """How far to go: also replies that cost money; only replies at least so old."""

    dry_run: bool
    paid: bool = False
    older_than_days: float | None = None


def collect(database: Database, blobs: Blobs, *, clock: Callable[[], float], sweep: Sweep) -> GcReport:
    """Sweep in one transaction, so that whoever puts or records waits; a dry run is the same, undone."""
    now = clock()
    young = now - YOUNG
    before = min(young, now - (sweep.older_than_days or 0.0) * _DAY)
    gone: list[str] = []
    underway = Runs(database, clock).underway()
    with wall(database.folder), database.writing(keep=not sweep.dry_run) as rows:
        leftovers = [entry.path for entry in _entries(f"{blobs.root}/{FRESH}") if _changed_at(entry) <= young]
        memories = _forget(rows, database)
        snapshots = 0 if sweep.older_than_days is None else drop_older(rows, before)
        replies = kept = size = 0
        if not underway:
            replies, kept = _drop_replies(rows, before, paid=sweep.paid)
            orphans = dict(rows.execute(_ORPHANS, (young,)).fetchall()) | _unknown(rows, blobs, young)
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


def _unknown(rows: sqlite3.Connection, blobs: Blobs, young: float) -> dict[str, int]:
    """Blobs that lie in the folder but in no row (a process died in between): digest → size."""
    known = {digest for (digest,) in rows.execute(_NAMED)}
    found = {}
    for folder in _entries(blobs.root):
        for entry in _entries(folder.path) if folder.name != FRESH else ():
            digest = folder.name + entry.name
            if digest not in known and _changed_at(entry) <= young:
                found[digest] = entry.stat().st_size
    return found


def _forget(rows: sqlite3.Connection, database: Database) -> int:
    found = rows.execute("SELECT path FROM memo").fetchall()
    gone = [(name,) for (name,) in found if not os.path.lexists(database.path_of(name))]
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

"""Everything read and held against its digest; what is wrong is dropped."""

from __future__ import annotations

from dataclasses import dataclass

from nano_banana.core.errors import Unusable, trouble
from nano_banana.store.blobs import Blobs
from nano_banana.store.database import Database

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
class Report:
    """How many blobs were read, the digests of those newly found damaged (dropped) and missing.

    `lost` are the calls whose files are no more, whenever that was found, `adapters` those on the shelf (`ana@3`).
    """

    blobs: int
    bytes: int
    damaged: tuple[str, ...]
    missing: tuple[str, ...]
    lost: tuple[LostCall, ...]
    adapters: tuple[str, ...] = ()


def verify(database: Database, blobs: Blobs) -> Report:
    """Read the database and every blob. Raises Unusable (`store_corrupt`) where SQLite itself finds damage."""
    with database.reading() as rows:
        (verdict,) = rows.execute("PRAGMA quick_check(1)").fetchone()
        known = {digest for (digest,) in rows.execute("SELECT digest FROM blobs")}
        asked = [
            digest for (digest,) in rows.execute("SELECT digest FROM reply_files UNION SELECT digest FROM adapters")
        ]
    if verdict != "ok":
        raise Unusable([trouble("store_corrupt", folder=str(database.folder), reason=verdict)])
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
    return Report(
        blobs=number,
        bytes=size,
        damaged=tuple(sorted(checked.damaged)),
        missing=tuple(sorted(missing)),
        lost=lost,
        adapters=adapters,
    )

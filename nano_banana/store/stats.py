"""How much the store holds, and of what."""

from __future__ import annotations

from dataclasses import dataclass

from nano_banana.store.database import Database

_ENDPOINTS = """
    SELECT provider, endpoint, count(*), total(cost_usd), sum(cost_usd IS NULL), total(seconds), (
        SELECT coalesce(sum(size), 0) FROM (
            SELECT DISTINCT f.digest, f.size FROM reply_files AS f JOIN replies AS r USING (key)
            WHERE r.provider = replies.provider AND r.endpoint = replies.endpoint
        )
    ) FROM replies GROUP BY provider, endpoint ORDER BY provider, endpoint
"""
_WASTED = """
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


def stats_of(database: Database) -> StoreStats:
    """Count what the database knows of; no file is looked at."""
    with database.reading() as rows:
        replies, oldest = rows.execute("SELECT count(*), min(made_at) FROM replies").fetchone()
        blobs, size = rows.execute("SELECT count(*), coalesce(sum(size), 0) FROM blobs").fetchone()
        (wasted,) = rows.execute(_WASTED).fetchone()
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

"""Which bytes lie at a service already, and for how much longer."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from nano_banana.core.upload import Upload
from nano_banana.store.database import Database
from nano_banana.store.encoding import encoded

MARGIN = 600.0
"""Seconds that an upload must still have, so that it is there when its request's turn comes."""

_SELECT = """
    SELECT service, digest, url, expires_at FROM uploads WHERE service = ?
    AND digest IN (SELECT value FROM json_each(?)) AND coalesce(expires_at > ?, 1)
"""


class Uploads:
    """Service and digest → where the bytes lie there. To forget one costs no more than to send it again."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def get(self, service: str, digests: Iterable[str], *, margin: float = MARGIN) -> dict[str, Upload]:
        """By digest, those of these that lie there for more than `margin` seconds from now."""
        asked = (service, encoded(sorted(set(digests))), self._clock() + margin)
        with self._database.reading() as rows:
            found = rows.execute(_SELECT, asked).fetchall()
        return {
            digest: Upload(service=of, digest=digest, url=url, expires_at=expires_at)
            for of, digest, url, expires_at in found
        }

    def keep(self, uploads: Iterable[Upload]) -> None:
        """Remember these, each in place of an older one of the same bytes; those that expired are dropped."""
        kept = [(upload.service, upload.digest, upload.url, upload.expires_at) for upload in uploads]
        with self._database.writing() as rows:
            rows.execute("DELETE FROM uploads WHERE expires_at <= ?", (self._clock(),))
            rows.executemany("INSERT OR REPLACE INTO uploads VALUES (?, ?, ?, ?)", kept)

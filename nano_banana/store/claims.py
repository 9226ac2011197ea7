"""Who answers which call: no two processes ever hold one key."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence

from nano_banana.store.database import Database
from nano_banana.store.encoding import encoded
from nano_banana.store.owner import is_dead

_HELD = "SELECT c.key, owner, beat_at FROM json_each(?) AS asked CROSS JOIN claims AS c ON c.key = asked.value"


class Claims:
    """Keys with their owners. The dead lose theirs to whoever asks next."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def claim(self, keys: Sequence[str], *, owner: str) -> set[str]:
        """Those of `keys` that `owner` may answer now, because nobody who lives holds them.

        Whoever held one may have recorded its reply and let go: look the granted keys up once more.
        """
        now = self._clock()
        dead: dict[str, bool] = {owner: True}
        granted = set(keys)
        with self._database.writing() as rows:
            for key, holder, beat_at in rows.execute(_HELD, (encoded(list(granted)),)).fetchall():
                if holder not in dead:
                    dead[holder] = is_dead(holder, silent=now - beat_at)
                if not dead[holder]:
                    granted.discard(key)
            claims = [(key, owner, now) for key in granted]
            rows.executemany("INSERT OR REPLACE INTO claims VALUES (?, ?, ?)", claims)
        return granted

    def release(self, keys: Sequence[str], *, owner: str) -> None:
        """Let go of those of `keys` that `owner` holds."""
        with self._database.writing() as rows:
            rows.executemany("DELETE FROM claims WHERE key = ? AND owner = ?", [(key, owner) for key in keys])

    def beat(self, *, owner: str) -> None:
        """Say that `owner` lives; at least every `STALE_AFTER / 3` seconds, for those who can't look at it."""
        with self._database.writing() as rows:
            rows.execute("UPDATE claims SET beat_at = ? WHERE owner = ?", (self._clock(), owner))

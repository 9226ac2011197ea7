"""Claims: which process answers which call; no two ever hold one key.

A process has a name that tells its death: on this host it is looked at, elsewhere its missing heartbeat decides.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from nano_banana.store.database import Database, json_text

STALE_AFTER = 60.0
"""Seconds without a heartbeat after which a process that can't be looked at counts as dead."""

PROC = Path("/proc")

_NO_START = "-"


def owner_id(proc: Path = PROC) -> str:
    """This process as `host/namespace:pid:start`, where `start` is in clock ticks since boot.

    Containers may share a host's name but not its process namespace. Where there is no `proc`, both are `-`.
    """
    pid = os.getpid()
    return f"{_host(proc)}:{pid}:{_started(pid, proc)}"


def is_owner_dead(owner: str, *, silent: float, proc: Path = PROC) -> bool:
    """Whether this owner is gone; `silent` is the seconds since its last heartbeat.

    On this host the process itself is looked at. Elsewhere, and where start times are unknown while
    some process has that id, the silence decides.
    """
    host, pid, started = ("", "", *owner.rsplit(":", 2))[-3:]
    if host != _host(proc) or not pid.isdecimal():
        return silent > STALE_AFTER
    if not _exists(int(pid)):
        return True
    now = _started(int(pid), proc)
    return silent > STALE_AFTER if _NO_START in (now, started) else now != started


def _host(proc: Path) -> str:
    try:
        namespace = str((proc / "self/ns/pid").readlink()).removeprefix("pid:")
    except OSError:
        namespace = _NO_START
    return f"{os.uname().nodename}/{namespace}"


def _started(pid: int, proc: Path) -> str:
    """The process's start time; empty for one that died and that its parent has not asked after yet."""
    try:
        fields = (proc / f"{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return _NO_START
    return "" if fields[0] in (b"Z", b"X") else fields[19].decode("ascii")


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError) as error:
        return isinstance(error, PermissionError)
    return True


HEARTBEAT_DUE = STALE_AFTER / 2
"""Seconds in which a process that lives has surely sent a heartbeat."""

_HELD = "SELECT c.key, owner, beat_at FROM json_each(?) AS asked CROSS JOIN claims AS c ON c.key = asked.value"


class Claims:
    """Keys with their owners. The dead lose theirs to whoever asks next."""

    def __init__(self, database: Database, clock: Callable[[], float], steady: Callable[[], float]) -> None:
        """`steady` counts seconds and never jumps, as `clock` may."""
        self._database = database
        self._clock = clock
        self._steady = steady
        self._watched: dict[str, tuple[str, float, float]] = {}
        """Key → its holder, the holder's last heartbeat, and since when we have seen that one (by `steady`)."""

    def claim(self, keys: Sequence[str], *, owner: str) -> set[str]:
        """Those of `keys` that `owner` may answer now, because nobody who lives holds them.

        Whoever held one may have recorded its reply and let go: look the granted keys up once more.
        """
        now = self._clock()
        dead: dict[str, bool] = {owner: True}
        granted = set(keys)
        with self._database.writing() as rows:
            for key, holder, beat_at in rows.execute(_HELD, (json_text(list(granted)),)).fetchall():
                if holder not in dead:
                    dead[holder] = is_owner_dead(holder, silent=self._silence(key, holder, beat_at))
                if not dead[holder]:
                    granted.discard(key)
            claims = [(key, owner, now) for key in granted]
            rows.executemany("INSERT OR REPLACE INTO claims VALUES (?, ?, ?)", claims)
        return granted

    def _silence(self, key: str, holder: str, beat_at: float) -> float:
        """How long the holder has been silent, in seconds.

        Its clock may be wrong by a day, so what counts is how long we have seen its heartbeat stay the same. If its
        clock says that it stopped long ago, one missed heartbeat is enough.
        """
        now = self._steady()
        if self._watched.get(key, ("", 0.0, 0.0))[:2] != (holder, beat_at):
            self._watched[key] = (holder, beat_at, now)
        watched = now - self._watched[key][2]
        by_its_clock = self._clock() - beat_at
        return by_its_clock if by_its_clock > STALE_AFTER and watched > HEARTBEAT_DUE else watched

    def release(self, keys: Sequence[str], *, owner: str) -> None:
        """Let go of those of `keys` that `owner` holds."""
        with self._database.writing() as rows:
            rows.executemany("DELETE FROM claims WHERE key = ? AND owner = ?", [(key, owner) for key in keys])

    def beat(self, *, owner: str) -> None:
        """Say that `owner` lives; at least every `STALE_AFTER / 3` seconds, for those who can't look at it."""
        with self._database.writing() as rows:
            rows.execute("UPDATE claims SET beat_at = ? WHERE owner = ?", (self._clock(), owner))
            rows.execute("UPDATE runs SET beat_at = ? WHERE owner = ? AND ended_at IS NULL", (self._clock(), owner))

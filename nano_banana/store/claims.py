"""Claims: which process answers which call; no two ever hold one key.

The name of a process shows whether it is dead: on this host we look for the process, on others at its heartbeat.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from nano_banana.store.database import Database, StorePart, json_set

STALE_AFTER = 60.0
"""Seconds without a heartbeat after which a process on another host counts as dead."""

PROC = Path("/proc")

_NO_START = "-"


def owner_id(proc: Path = PROC) -> str:
    """This process as `host/namespace:pid:start`, where `start` is in clock ticks since boot.

    Containers may share a host's name but not its process namespace. Without a `proc`, namespace and start are `-`.
    """
    pid = os.getpid()
    return f"{_host(proc)}:{pid}:{_started(pid, proc)}"


def is_owner_dead(owner: str, *, silent: float, proc: Path = PROC) -> bool:
    """Whether this process is dead; `silent` is the number of seconds since its last heartbeat.

    On this host we look for the process itself. The heartbeat decides on other hosts, and if a process has that id
    but start times are unknown.
    """
    host, pid, started = ("", "", *owner.rsplit(":", 2))[-3:]
    if host != _host(proc) or not pid.isdecimal():
        return silent > STALE_AFTER
    if not process_exists(int(pid)):
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
    """The process's start time; empty for a zombie."""
    try:
        fields = (proc / f"{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return _NO_START
    return "" if fields[0] in (b"Z", b"X") else fields[19].decode("ascii")


def process_exists(pid: int) -> bool:
    """Whether a process with this id exists on this host."""
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError) as error:
        return isinstance(error, PermissionError)
    return True


HEARTBEAT_DUE = STALE_AFTER / 2
"""Seconds within which a living process has certainly sent a heartbeat."""

_HELD = "SELECT c.key, owner, beat_at FROM json_each(?) AS asked CROSS JOIN claims AS c ON c.key = asked.value"


class Claims(StorePart):
    """Keys of calls, each with the process that may answer it. Claims of dead processes pass to the next that asks."""

    def __init__(self, database: Database, clock: Callable[[], float], steady: Callable[[], float]) -> None:
        """`steady` counts seconds and never jumps, as `clock` may."""
        super().__init__(database, clock)
        self._steady = steady
        self._watched: dict[str, tuple[str, float, float]] = {}
        """By key: the holder, its last heartbeat, and when we first saw that heartbeat (by `steady`)."""

    def claim(self, keys: Sequence[str], *, owner: str) -> set[str]:
        """Claim those of `keys` that no living process holds, and return them.

        A former holder may have recorded a reply and released its claim: look the claimed keys up once more.
        """
        now = self._clock()
        dead: dict[str, bool] = {owner: True}
        granted = set(keys)
        with self._database.writing() as rows:
            for key, holder, beat_at in rows.execute(_HELD, (json_set(granted),)).fetchall():
                if holder not in dead:
                    dead[holder] = is_owner_dead(holder, silent=self._silence(key, holder, beat_at))
                if not dead[holder]:
                    granted.discard(key)
            claims = [(key, owner, now) for key in granted]
            rows.executemany("INSERT OR REPLACE INTO claims VALUES (?, ?, ?)", claims)
        return granted

    def _silence(self, key: str, holder: str, beat_at: float) -> float:
        """Seconds since the holder's last heartbeat.

        Its clock may be wrong by a day, so we count how long we have seen the same heartbeat. If its clock says that
        it stopped long ago, one missed heartbeat is enough.
        """
        now = self._steady()
        if self._watched.get(key, ("", 0.0, 0.0))[:2] != (holder, beat_at):
            self._watched[key] = (holder, beat_at, now)
        watched = now - self._watched[key][2]
        by_its_clock = self._clock() - beat_at
        return by_its_clock if by_its_clock > STALE_AFTER and watched > HEARTBEAT_DUE else watched

    def release(self, keys: Sequence[str], *, owner: str) -> None:
        """Release those of `keys` that `owner` holds."""
        with self._database.writing() as rows:
            rows.executemany("DELETE FROM claims WHERE key = ? AND owner = ?", [(key, owner) for key in keys])

    def beat(self, *, owner: str) -> None:
        """Record a heartbeat of `owner`: needed every `STALE_AFTER / 3` seconds, for processes on other hosts."""
        with self._database.writing() as rows:
            rows.execute("UPDATE claims SET beat_at = ? WHERE owner = ?", (self._clock(), owner))
            rows.execute("UPDATE runs SET beat_at = ? WHERE owner = ? AND ended_at IS NULL", (self._clock(), owner))

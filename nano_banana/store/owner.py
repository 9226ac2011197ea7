"""Who is at work: a process by name, so that its death can be told."""

from __future__ import annotations

import os
from pathlib import Path

STALE_AFTER = 60.0
"""Seconds without a heartbeat after which a process that can't be looked at counts as dead."""

PROC = Path("/proc")

_UNKNOWN = "-"


def owner_id(proc: Path = PROC) -> str:
    """This process as `host/namespace:pid:start`, where `start` is in clock ticks since boot.

    Containers may share a host's name but not its process namespace. Where there is no `proc`, both are `-`.
    """
    pid = os.getpid()
    return f"{_host(proc)}:{pid}:{_started(pid, proc)}"


def is_dead(owner: str, *, silent: float, proc: Path = PROC) -> bool:
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
    return silent > STALE_AFTER if _UNKNOWN in (now, started) else now != started


def _host(proc: Path) -> str:
    try:
        namespace = str((proc / "self/ns/pid").readlink()).removeprefix("pid:")
    except OSError:
        namespace = _UNKNOWN
    return f"{os.uname().nodename}/{namespace}"


def _started(pid: int, proc: Path) -> str:
    """The process's start time; empty for one that died and that its parent has not asked after yet."""
    try:
        fields = (proc / f"{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return _UNKNOWN
    return "" if fields[0] in (b"Z", b"X") else fields[19].decode("ascii")


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError) as error:
        return isinstance(error, PermissionError)
    return True

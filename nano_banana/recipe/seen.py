"""What a file looked like from outside, to tell later whether it changed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A file's or folder's stat, links followed. Equal means: nothing changed, as far as stat can tell.

    Times are in nanoseconds, `size` in bytes. All zero where nothing was there.
    """

    missing: bool
    size: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0
    inode: int = 0


MISSING = Seen(missing=True)


def see(path: Path) -> Seen:
    """Look at `path` now. One that cannot be looked at counts as missing."""
    try:
        return seen_of(path.stat())
    except (OSError, ValueError):
        return MISSING


def seen_of(stat: os.stat_result) -> Seen:
    """The parts of `stat` that tell whether something changed."""
    return Seen(
        missing=False, size=stat.st_size, mtime_ns=stat.st_mtime_ns, ctime_ns=stat.st_ctime_ns, inode=stat.st_ino
    )

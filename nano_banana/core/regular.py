"""Files that can be read without waiting for ever."""

from __future__ import annotations

import os
import stat


def is_regular(path: str, found: os.stat_result) -> bool:
    """Whether `path`, of which stat says `found`, is a regular file of a disk.

    Pipes, sockets and devices are not. The kernel's own files pass for regular ones of no size.
    """
    if not stat.S_ISREG(found.st_mode):
        return False
    return found.st_size > 0 or not os.path.realpath(path).startswith(("/proc/", "/sys/"))

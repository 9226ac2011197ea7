"""A file written whole or not at all, by a name of its own until then."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
from itertools import count
from pathlib import Path

_NUMBERS = count()


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A path to write to, in the folder of `target`, which must be there; at the end it takes the place of `target`.

    After an error, or where it was never written, `target` is as it was. No other process and no other thread writes
    by that name. Raises OSError.
    """
    fresh = target.with_name(f".nb-{os.getpid()}-{next(_NUMBERS)}.tmp")
    # A process of that number may have died before this one was born.
    fresh.unlink(missing_ok=True)
    try:
        yield fresh
        if fresh.exists():
            fresh.replace(target)
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)

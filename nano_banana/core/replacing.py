"""A file written whole or not at all, by a name of its own until then."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

_NUMBERS = count()


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A path to write to, in the folder of `target`, which must be there; at the end it takes the place of `target`.

    After an error, or where it was never written, `target` is as it was. No other process and no other thread writes
    by that name. What is no file (`/dev/stdout`, a pipe) is written into and stays what it is. Raises OSError.
    """
    if _is_special(target):
        with _into(target) as fresh:
            yield fresh
        return
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


def _is_special(target: Path) -> bool:
    try:
        mode = target.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


@contextmanager
def _into(target: Path) -> Iterator[Path]:
    """A temporary file whose bytes go into `target` at the end."""
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory(prefix="nano-banana-") as folder:
        fresh = Path(folder, target.name)
        yield fresh
        if fresh.exists():
            with fresh.open("rb") as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink)

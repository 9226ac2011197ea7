"""A loop that keeps much and drops little, spared the hunt for circles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def calm() -> Iterator[None]:
    """Keep Python from searching again and again through a hundred thousand things that all stay.

    Without this the time of a forecast grows faster than the number of its takes (measured: 1.5 times as
    long for 100,000 of them).
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

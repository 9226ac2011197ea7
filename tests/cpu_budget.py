"""Bounds on work that hold on any machine: in units of what this one does meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cpu_budget(units: float) -> Iterator[None]:
    """Insist that the block takes at most `units` times the processor time of an empty loop of a million turns.

    A slow machine is as slow at the loop, and other processes count for neither.
    """
    unit = min(_timed_loop() for _ in range(3))
    begun = time.process_time()
    yield
    spent = (time.process_time() - begun) / unit
    assert spent <= units, f"took {spent:.0f} units of work, and may take {units}"


def _timed_loop() -> float:
    begun = time.process_time()
    for _ in range(1_000_000):
        pass
    return time.process_time() - begun

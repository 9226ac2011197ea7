"""The way of a run that has nothing to do."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.project.wish import Wish, digests_of
from nano_banana.reports.fresh import Trace
from nano_banana.settings import Settings
from nano_banana.workshop.crew import local_revision
from nano_banana.workshop.remembered import remembered


def unchanged(wish: Wish, settings: Settings, environ: Mapping[str, str]) -> Trace | None:
    """The trace of the run that fulfilled this wish, where all it read and wrote is as it was; else None.

    A lock is never held to this way: what it says is compared with calls, not with what files look like.
    """
    if wish.locked:
        return None
    trace = remembered(settings.store, wish.note(settings, local_revision()))
    if trace is None or not trace.holds(digests_of(trace.environment, environ)):
        return None
    return trace

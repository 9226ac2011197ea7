"""The way of a run that has nothing to do."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.project.wish import Wish
from nano_banana.project.wish import digests_of
from nano_banana.reports.fresh import Trace
from nano_banana.reports.fresh import load
from nano_banana.settings import Settings
from nano_banana.store.store import Store


def local_revision() -> int:
    """The version of the local provider's pictures on this machine."""
    from nano_banana.workshop.crew import local_revision as revision

    return revision()


def unchanged(wish: Wish, settings: Settings, revision: int, environ: Mapping[str, str]) -> Trace | None:
    """The trace of the run that fulfilled this wish, where all it read and wrote is as it was; else None."""
    if not settings.store.is_dir():
        return None
    with Store.open(settings.store) as store:
        trace = load(store.notes(wish.note(settings, revision)))
    if trace is None or not trace.holds(digests_of(trace.environment, environ)):
        return None
    return trace

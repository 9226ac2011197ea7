"""One store and its runs' reports: searched for somebody, then cleaned."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.somebody import Somebody
from nano_banana.core.ticket import Ticket, TicketState
from nano_banana.core.upload import Upload
from nano_banana.reports.manifest import leave_out
from nano_banana.reports.snapshot import KEY
from nano_banana.store.store import Store
from nano_banana.store.traces import Hints, Traces
from nano_banana.workshop.forget.heard import Mentions, folders_of, heard, leave_out_of_runs

_MAYBE = {TicketState.SENDING, TicketState.UNKNOWN, TicketState.ABANDONED}
"""States of requests that a service may have, also where their id was never heard of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one store has of somebody. `manifests` (their folders) and `runs` are those that mention them."""

    who: Somebody
    store: Path
    traces: Traces
    manifests: tuple[Path, ...]
    runs: int
    hints: Hints

    @property
    def empty(self) -> bool:
        """Whether there is nothing."""
        return self.traces.empty and not self.manifests and not self.runs

    @property
    def requests(self) -> tuple[Ticket, ...]:
        """Their requests that a service took, or may have taken."""
        return tuple(ticket for ticket in self.traces.requests if ticket.request_id or ticket.state in _MAYBE)

    @property
    def uploads(self) -> tuple[Upload, ...]:
        """Their files at a service."""
        return self.traces.uploads


def look(store: Store, out: Path, who: Somebody) -> Found:
    """Find everything, and change nothing. Raises Unusable as a store does."""
    hints = heard(store, out, who.name)
    traces = store.oblivion().forget(who, hints, dry_run=True)
    mentions = _mentions(who, traces)
    return Found(
        who=who,
        store=store.folder,
        traces=traces,
        manifests=tuple(
            folder for folder in folders_of(out) if leave_out(folder, who.name, mentions.in_entry, dry_run=True)
        ),
        runs=leave_out_of_runs(store, mentions, dry_run=True),
        hints=hints,
    )


def check(store: Store, found: Found, *, abandon: bool = False) -> None:
    """Raise Unusable where nothing can be deleted now: `forget_underway`, `forget_open`."""
    store.oblivion().check(found.who, found.traces, abandon=abandon)


def abandon(store: Store, found: Found) -> None:
    """Give up their requests of which nobody knows the end; look again after it. Raises `forget_underway`."""
    store.oblivion().abandon(found.traces)


def forget(store: Store, found: Found, removed: Collection[Path]) -> None:
    """Delete what was found, once the files (`removed`) are deleted. After a crash, look and forget again.

    What leads to the rest goes last: the store's rows, its files, the snapshots, then the manifests.
    Raises Unusable: `forget_underway`, `forget_open` (nothing is deleted then), and what a full or read-only disk does.
    """
    oblivion, who = store.oblivion(), found.who
    oblivion.forget(who, found.hints, dry_run=False, removed={str(path) for path in removed})
    mentions = _mentions(who, found.traces)
    leave_out_of_runs(store, mentions, dry_run=False)
    oblivion.finish()
    for folder in found.manifests:
        leave_out(folder, who.name, mentions.in_entry)


def tidy(store: Store) -> bool:
    """End a forgetting that was cut short; return whether there was one."""
    oblivion = store.oblivion()
    if not oblivion.pending:
        return False
    oblivion.finish()
    return True


def _mentions(who: Somebody, traces: Traces) -> Mentions:
    return Mentions(name=who.name, keys={key[:KEY] for key in traces.keys}, digests=traces.digests)

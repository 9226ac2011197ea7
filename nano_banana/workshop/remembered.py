"""What a run left in the store for the next, read without a workshop."""

from __future__ import annotations

from pathlib import Path

from nano_banana.reports.fresh import Trace, load
from nano_banana.store.store import Store


def remembered(folder: Path, note: str) -> Trace | None:
    """The trace under that name in the store in `folder`; None where there is no store or no such trace."""
    if not folder.is_dir():
        return None
    with Store.open(folder) as store:
        return load(store.notes(note))

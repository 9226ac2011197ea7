"""The store in a folder: one class over its parts."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Self

from nano_banana.store.adapter_shelf import AdapterShelf
from nano_banana.store.blobs import Blobs
from nano_banana.store.claims import Claims
from nano_banana.store.database import Database
from nano_banana.store.reply_cache import ReplyCache
from nano_banana.store.run_log import Notes, Runs, Snapshots, Trail
from nano_banana.store.tickets import KnownUploads, Ledger, Tickets
from nano_banana.store.tracked_files import FileDigests, OutputFiles

if TYPE_CHECKING:
    from nano_banana.store.erasure import Erasure
    from nano_banana.store.maintenance import GcReport, StoreStats, VerifyReport


class Store:
    """One folder with everything that was made. Any thread and any number of processes may use it at once.

    Each attribute is one part of the store. Errors of SQLite and of the system become Unusable (`store_…`).
    """

    def __init__(self, database: Database, clock: Callable[[], float], steady: Callable[[], float]) -> None:
        """Use `Store.open` instead."""
        self.folder = database.folder
        self._database = database
        self._clock = clock
        self.blobs = Blobs(database, clock)
        self.replies = ReplyCache(database, self.blobs, clock)
        self.claims = Claims(database, clock, steady)
        self.files = FileDigests(database, clock)
        self.outputs = OutputFiles(self.blobs, self.files)
        self.notes = Notes(database, clock)
        self.runs = Runs(database, clock)
        self.trail = Trail(database, clock)
        self.tickets = Tickets(database, clock)
        self.uploads = KnownUploads(database, clock)
        self.ledger = Ledger(database, clock)
        self.shelf = AdapterShelf(database, self.blobs, clock)
        self.snapshots = Snapshots(database, clock)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        group: str = "",
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> Self:
        """Open the store in `folder`, or make one.

        A new store is the user's alone, or shared with a `group` (see `is_shared`). `clock` gives seconds since 1970,
        `steady` seconds that never jump.

        Raises Unusable: `store_newer`, `store_read_only`, `store_full`, `store_corrupt`, `store_busy`, `store_failed`.
        """
        return cls(Database(folder.absolute(), group=group), clock, steady)

    def check_writable(self) -> None:
        """Raise Unusable (`store_read_only`, `store_busy`, …) if nothing can be saved in this store."""
        with self._database.writing():
            pass

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def __enter__(self) -> Self:
        """The store, which is closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def erasure(self) -> Erasure:
        """Removal of a person's data from this store, for good."""
        from nano_banana.store.erasure import Erasure

        return Erasure(self._database, self.blobs, self.shelf, self._clock)

    def stats(self) -> StoreStats:
        """Sizes and counts."""
        from nano_banana.store.maintenance import store_stats

        return store_stats(self._database)

    def verify(self) -> VerifyReport:
        """Read everything and drop what is damaged; see `verify_store`."""
        from nano_banana.store.maintenance import verify_store

        return verify_store(self._database, self.blobs)

    def gc(self, *, dry_run: bool, paid: bool = False, older_than_days: float | None = None) -> GcReport:
        """Remove what nothing refers to any more; see `collect_garbage`."""
        from nano_banana.store.maintenance import collect_garbage

        now = self._clock()
        return collect_garbage(
            self._database, self.blobs, now=now, dry_run=dry_run, paid=paid, older_than_days=older_than_days
        )

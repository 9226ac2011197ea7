"""The store in a folder: one class over its parts."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Self

from nano_banana.store.adapter_table import Adapters
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
    """One folder of everything that was made. Any thread and any number of processes may use it at once.

    Each method is one line here; the part behind it says what it promises. What SQLite or the system
    refuses comes out as Unusable with a kind `store_…`. What is bought has doors of its own: `tickets`, `uploads`
    and the `ledger`; so have the `adapters` on the shelf, and the
    `snapshots` of runs.
    """

    def __init__(self, database: Database, clock: Callable[[], float], steady: Callable[[], float]) -> None:
        """Put the parts together; callers use `Store.open`."""
        self.folder = database.folder
        self._database = database
        self._clock = clock
        self.blobs = Blobs(database, clock)
        self.replies = ReplyCache(database, self.blobs, clock)
        self.claims = Claims(database, clock, steady)
        self.files = FileDigests(database, clock)
        self.outputs = OutputFiles(self.blobs, self.files)
        self.notes = Notes(database)
        self.runs = Runs(database, clock)
        self.trail = Trail(database)
        self.tickets = Tickets(database, clock)
        self.uploads = KnownUploads(database, clock)
        self.ledger = Ledger(database, self.tickets, clock)
        self.adapters = Adapters(database, clock)
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
        """The store in `folder`, made if there is none.

        `clock` gives seconds since 1970, `steady` seconds that never jump.

        A new store is the user's alone, or shared with a `group`; see `modes.is_shared`.

        Raises Unusable: `store_newer`, `store_read_only`, `store_full`, `store_corrupt`, `store_busy`, `store_failed`.
        """
        return cls(Database(folder.absolute(), group=group), clock, steady)

    def check_writable(self) -> None:
        """Raise Unusable (`store_read_only`, `store_busy`, …) if nothing can be kept in this store."""
        with self._database.writing():
            pass

    def close(self) -> None:
        """Give the files back."""
        self._database.close()

    def __enter__(self) -> Self:
        """Close it at the end of a `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def erasure(self) -> Erasure:
        """The one who takes somebody out of the store, for good."""
        from nano_banana.store.erasure import Erasure

        return Erasure(self._database, self.blobs, self._clock)

    def stats(self) -> StoreStats:
        """How much there is, and of what."""
        from nano_banana.store.maintenance import store_stats

        return store_stats(self._database)

    def verify(self) -> VerifyReport:
        """Read everything; drop what is damaged; see `verify.verify`."""
        from nano_banana.store.maintenance import verify_store

        return verify_store(self._database, self.blobs)

    def gc(self, *, dry_run: bool, paid: bool = False, older_than_days: float | None = None) -> GcReport:
        """Remove what nothing names any more; see `gc.collect`."""
        from nano_banana.store.maintenance import GcOptions, collect_garbage

        sweep = GcOptions(dry_run=dry_run, paid=paid, older_than_days=older_than_days)
        return collect_garbage(self._database, self.blobs, clock=self._clock, sweep=sweep)

"""The store in a folder: one class over its parts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from nano_banana.model.call import Blob, Reply
from nano_banana.model.json_values import JSONObject
from nano_banana.store.adapter_table import Adapters
from nano_banana.store.blobs import Blobs
from nano_banana.store.claims import Claims
from nano_banana.store.database import Database
from nano_banana.store.reply_cache import FileOrigin, RecordedCall, ReplyCache
from nano_banana.store.run_log import Notes, Run, Runs, Snapshots, Trail
from nano_banana.store.tickets import KnownUploads, Ledger, Tickets
from nano_banana.store.tracked_files import FileDigests, MetadataWriter, OutputFiles, OutputStat

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
        self._blobs = Blobs(database, clock)
        self._replies = ReplyCache(database, self._blobs, clock)
        self.claims = Claims(database, clock, steady)
        self._memo = FileDigests(database, clock)
        self._links = OutputFiles(self._blobs, self._memo)
        self._notes = Notes(database)
        self._runs = Runs(database, clock)
        self._trail = Trail(database)
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

    def put(self, data: bytes | Path, *, media: str) -> Blob:
        """Keep bytes, or a file's; see `Blobs.put`."""
        return self._blobs.put(data, media=media)

    def path(self, blob: Blob) -> Path:
        """A readable, verified file with these bytes; see `Blobs.path`."""
        return self._blobs.path(blob)

    def replies(self, keys: Iterable[str]) -> dict[str, Reply]:
        """The stored replies whose files are all sound; see `Replies.get`."""
        return self._replies.get(keys)

    def record(self, entries: Sequence[RecordedCall]) -> None:
        """Keep answers, all or none, for good; see `Replies.record`."""
        self._replies.record(entries)

    def documents(self, keys: Iterable[str]) -> dict[str, JSONObject]:
        """What answered calls were asked; see `Replies.documents`."""
        return self._replies.documents(keys)

    def makers(self, keys: Iterable[str]) -> dict[str, str]:
        """The run that made each call; see `Replies.makers`."""
        return self._replies.makers(keys)

    def origins(self, digests: Iterable[str]) -> dict[str, list[FileOrigin]]:
        """The calls that these files came out of; see `Replies.origins`."""
        return self._replies.origins(digests)

    def digest(self, path: Path, *, media: str) -> Blob:
        """Name a user's file; see `Memo.digests`."""
        return self._memo.digests({path: media})[path]

    def digests(self, paths: Mapping[Path, str]) -> dict[Path, Blob]:
        """Name many files (path → media type) at once; see `Memo.digests`."""
        return self._memo.digests(paths)

    def note(self, name: str, text: str | Iterable[str]) -> None:
        """Keep a text, whole or in pieces; see `Notes.write`."""
        self._notes.write(name, text)

    def notes(self, name: str) -> str | None:
        """Read a text again; see `Notes.read`."""
        return self._notes.read(name)

    def begin(self, recipe: str, *, arguments: JSONObject) -> str:
        """Open a run; see `Runs.begin`."""
        return self._runs.begin(recipe, arguments=arguments)

    def end(self, run: str, *, status: str, summary: JSONObject) -> None:
        """Close a run; see `Runs.end`."""
        self._runs.end(run, status=status, summary=summary)

    def runs(self, recipe: str | None = None, limit: int = 20) -> list[Run]:
        """The last runs, newest first; see `Runs.latest`."""
        return self._runs.latest(recipe, limit=limit)

    def trail(self, recipe: str) -> dict[str, str]:
        """Position → key of a recipe's last run; see `Trail.get`."""
        return self._trail.get(recipe)

    def set_trail(self, recipe: str, keys: Mapping[str, str], *, whole: bool) -> None:
        """Note position → key, for some positions or the whole recipe; see `Trail.set`."""
        self._trail.set(recipe, keys, whole=whole)

    def link_out(
        self, blob: Blob, target: Path, *, dress: MetadataWriter | None = None, replace: bool = False, look: bool = True
    ) -> OutputStat:
        """Put bytes where the user wants them, at once; see `Links.out`."""
        return self._links.out(blob, target, dress=dress, replace=replace, look=look)

    def present(self, targets: Mapping[Path, str]) -> set[Path]:
        """The targets (path → `content`) that still hold what they should; see `Links.present`."""
        return self._links.present(targets)

    def disturbed(self, targets: Iterable[Path]) -> set[Path]:
        """The targets where a file was put that is gone or was touched since; see `Links.disturbed`."""
        return self._links.disturbed(targets)

    def oblivion(self) -> Erasure:
        """The one who takes somebody out of the store, for good."""
        from nano_banana.store.erasure import Erasure

        return Erasure(self._database, self._blobs, self._clock)

    def stats(self) -> StoreStats:
        """How much there is, and of what."""
        from nano_banana.store.maintenance import store_stats

        return store_stats(self._database)

    def verify(self) -> VerifyReport:
        """Read everything; drop what is damaged; see `verify.verify`."""
        from nano_banana.store.maintenance import verify_store

        return verify_store(self._database, self._blobs)

    def gc(self, *, dry_run: bool, paid: bool = False, older_than_days: float | None = None) -> GcReport:
        """Remove what nothing names any more; see `gc.collect`."""
        from nano_banana.store.maintenance import GcOptions, collect_garbage

        sweep = GcOptions(dry_run=dry_run, paid=paid, older_than_days=older_than_days)
        return collect_garbage(self._database, self._blobs, clock=self._clock, sweep=sweep)

"""Pictures in the output folder, under readable names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from nano_banana.reports.record import Record
from nano_banana.store.link import How
from nano_banana.store.link import LinkStat
from nano_banana.store.store import Store


class Outputs:
    """Puts pictures in place and knows what it put where."""

    def __init__(self, store: Store, folder: Path, how: How) -> None:
        """`folder` is the recipe's own; `how` is a setting of the store's (`copy`, `hardlink`)."""
        self._store = store
        self._how = how
        self.folder = folder
        self.stats: dict[str, LinkStat] = {}
        """The file under each name, as it was when it was put or found there."""

    def put(self, records: Iterable[Record]) -> int:
        """Put every picture of the records in place; return how many were not there before.

        Raises Unusable where a file that is not ours is in the way, or the folder can't be written.
        """
        wanted = {self.folder / picture.name: picture for record in records for picture in record.pictures}
        there = self._store.present({path: picture.blob.digest for path, picture in wanted.items()})
        for path, picture in wanted.items():
            if path in there:
                self.stats[picture.name] = _stat(path)
            else:
                self.stats[picture.name] = self._store.link_out(picture.blob, path, how=self._how, look=False)
        return len(wanted) - len(there)


def _stat(path: Path) -> LinkStat:
    found = path.stat()
    return LinkStat(size=found.st_size, mtime_ns=found.st_mtime_ns, ctime_ns=found.st_ctime_ns, inode=found.st_ino)

"""Pictures in the output folder, under readable names, marked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

from nano_banana.reports.record import Picture, Record
from nano_banana.store.link import Dress, LinkStat, content
from nano_banana.store.store import Store

Dressing: TypeAlias = Callable[[Record, Picture], Dress]
"""What a take's picture has on, in the output folder."""


class Outputs:
    """Puts pictures in place and knows what it put where."""

    def __init__(self, store: Store, folder: Path, dressing: Dressing) -> None:
        """`folder` is the recipe's own."""
        self._store = store
        self._dressing = dressing
        self.folder = folder
        self.stats: dict[str, LinkStat] = {}
        """The file under each name, as it was when it was put or found there."""

    def put(self, records: Iterable[Record]) -> int:
        """Put every picture of the records in place; return how many had been there and were gone or changed.

        Raises Unusable where a file that is not ours is in the way, or the folder can't be written; Invalid
        (`unmarkable`) where a picture can't say what it is.
        """
        wanted = {
            self.folder / picture.name: (picture, self._dressing(record, picture))
            for record in records
            for picture in record.pictures
        }
        names = {path: content(picture.blob.digest, dress) for path, (picture, dress) in wanted.items()}
        disturbed = self._store.disturbed(names)
        there = self._store.present(names)
        for path, (picture, dress) in wanted.items():
            if path in there:
                self.stats[picture.name] = LinkStat.of(path)
            else:
                self.stats[picture.name] = self._store.link_out(picture.blob, path, dress=dress, look=False)
        return len(disturbed - there)

"""Blobs under readable names: outputs, put there whole."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Literal
from typing import TypeAlias

from nano_banana.core.blob import Blob
from nano_banana.core.errors import Unusable
from nano_banana.core.errors import trouble
from nano_banana.store.blobs import Blobs
from nano_banana.store.memo import Memo
from nano_banana.store.stamp import stamp_of
from nano_banana.store.wall import OUTPUT
from nano_banana.store.wall import wall

How: TypeAlias = Literal["copy", "hardlink"]

_FICLONE = 0x40049409
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStat:
    """What stat says of an output: size in bytes, times in ns since 1970."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


class Links:
    """Puts outputs where the user wants them, and says which are still as they were put."""

    def __init__(self, blobs: Blobs, memo: Memo) -> None:
        self._blobs = blobs
        self._memo = memo
        self._numbers = count()

    def out(self, blob: Blob, target: Path, *, how: How = "copy", replace: bool = False, look: bool = True) -> LinkStat:
        """Make `target` hold these bytes, at once or not at all; a target that does is left alone.

        Without `look` the caller has just seen by `present` that it does not.

        A copy shares the blob's disk space where the file system can (reflink). A hard link always does,
        but is not the default: an editor that writes in place through it would destroy a paid blob. So
        hard links are read-only, and a blob whose stamp changed is read before it is served again.

        Raises Unusable: `target_taken` where another's file is in the way and not `replace` (one that we put
        there is ours, whatever it holds now); `target_full`, …; `blob_missing`, `blob_damaged`.
        """
        if not look or target not in self._memo.present({target: blob.digest}):
            if not replace and self._taken(blob, target):
                raise Unusable([trouble("target_taken", path=str(target))])
            source = str(self._blobs.path(blob))
            with wall(target.parent, OUTPUT):
                target.parent.mkdir(parents=True, exist_ok=True)
                self._place(source, target, how=how)
            if how == "hardlink":
                with wall(target.parent, OUTPUT):
                    self._blobs.remember(blob.digest, stamp_of(source))
        with wall(target.parent, OUTPUT):
            stamp = stamp_of(str(target))
        self._memo.adopt(target, blob.digest, stamp)
        size, mtime_ns, ctime_ns, inode = stamp
        return LinkStat(size=size, mtime_ns=mtime_ns, ctime_ns=ctime_ns, inode=inode)

    def _taken(self, blob: Blob, target: Path) -> bool:
        """Whether another's file is there. One with these very bytes may be a run's beside us, not yet remembered."""
        if not os.path.lexists(target) or self._memo.is_ours(target):
            return False
        return target not in self._memo.present({target: blob.digest})

    def present(self, targets: Mapping[Path, str]) -> set[Path]:
        """Those targets that are there with the given digest; one query and a stat each, unless one changed."""
        return self._memo.present(targets)

    def _place(self, source: str, target: Path, *, how: How) -> None:
        fresh = target.parent / f".nb-{os.getpid()}-{next(self._numbers)}.tmp"
        fresh.unlink(missing_ok=True)
        try:
            if not (how == "hardlink" and _hardlink(source, fresh)):
                _copy(source, fresh)
            fresh.replace(target)
        finally:
            # Renaming a hard link over another one of the same file does nothing, and leaves it.
            fresh.unlink(missing_ok=True)


def _hardlink(source: str, target: Path) -> bool:
    try:
        os.link(source, target)
    except OSError:
        return False
    return True


def _copy(source: str, target: Path) -> None:
    with Path(source).open("rb", buffering=0) as reader, target.open("xb", buffering=0) as writer:
        try:
            fcntl.ioctl(writer.fileno(), _FICLONE, reader.fileno())
        except OSError:
            while chunk := reader.read(_CHUNK):
                left = memoryview(chunk)
                while left:
                    left = left[writer.write(left) :]

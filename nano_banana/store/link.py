"""Blobs under readable names: outputs, marked, put there whole."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.blob import Blob
from nano_banana.core.errors import Unusable, trouble
from nano_banana.core.replacing import replacing
from nano_banana.store.blobs import Blobs
from nano_banana.store.memo import Memo
from nano_banana.store.stamp import stamp_of
from nano_banana.store.wall import OUTPUT, wall

_FICLONE = 0x40049409
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStat:
    """What stat says of an output: size in bytes, times in ns since 1970."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> LinkStat:
        """What stat says of the file now (links are followed). Raises OSError."""
        found = path.stat()
        return cls(size=found.st_size, mtime_ns=found.st_mtime_ns, ctime_ns=found.st_ctime_ns, inode=found.st_ino)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dress:
    """What an output has on besides the blob's bytes.

    `name` tells one dress from another; `on` dresses the bytes, and is only called where the file is not there;
    `same` says whether a file's bytes are this blob's in some dress, so that it was surely one of us who put it there.
    """

    name: str
    on: Callable[[bytes], bytes]
    same: Callable[[bytes], bool]


def content(digest: str, dress: Dress | None = None) -> str:
    """The name of what an output holds: a blob's digest, and its dress."""
    return digest if dress is None else f"{digest} {dress.name}"


class Links:
    """Puts outputs where the user wants them, and says which are still as they were put."""

    def __init__(self, blobs: Blobs, memo: Memo) -> None:
        self._blobs = blobs
        self._memo = memo

    def out(
        self, blob: Blob, target: Path, *, dress: Dress | None = None, replace: bool = False, look: bool = True
    ) -> LinkStat:
        """Make `target` hold these bytes, dressed, at once or not at all; a target that does is left alone.

        Without `look` the caller has just seen by `present` that it does not. A copy as it is shares the blob's disk
        space where the file system can (reflink).

        Raises Unusable: `target_taken` where another's file is in the way and not `replace` (one that we put
        there is ours, whatever it holds now); `target_full`, …; `blob_missing`, `blob_damaged`; and what `dress.on`
        raises.
        """
        name = content(blob.digest, dress)
        if not look or target not in self._memo.present({target: name}):
            source = self._blobs.path(blob)
            data = None if dress is None else dress.on(source.read_bytes())
            if not replace and self._taken(blob, target, dress):
                raise Unusable([trouble("target_taken", path=str(target))])
            with wall(target.parent, OUTPUT):
                target.parent.mkdir(parents=True, exist_ok=True)
                with replacing(target) as fresh:
                    if data is None:
                        _copy(source, fresh)
                    else:
                        fresh.write_bytes(data)
            digest = blob.digest if data is None else hashlib.sha256(data).hexdigest()
            self._adopt(target, digest, name)
        elif dress is None:
            self._adopt(target, blob.digest, name)
        with wall(target.parent, OUTPUT):
            size, mtime_ns, ctime_ns, inode = stamp_of(str(target))
        return LinkStat(size=size, mtime_ns=mtime_ns, ctime_ns=ctime_ns, inode=inode)

    def _adopt(self, target: Path, digest: str, name: str) -> None:
        with wall(target.parent, OUTPUT):
            stamp = stamp_of(str(target))
        self._memo.adopt(target, digest, stamp, made_of="" if name == digest else name)

    def _taken(self, blob: Blob, target: Path, dress: Dress | None) -> bool:
        """Whether another's file is there. One with these very bytes may be a run's beside us, not yet remembered."""
        if not os.path.lexists(target) or self._memo.is_ours(target):
            return False
        if target in self._memo.present({target: blob.digest}):
            return False
        try:
            return dress is None or not dress.same(target.read_bytes())
        except OSError:
            return True

    def present(self, targets: Mapping[Path, str]) -> set[Path]:
        """Those targets that are there with the given `content`; one query and a stat each, unless one changed."""
        return self._memo.present(targets)

    def disturbed(self, targets: Iterable[Path]) -> set[Path]:
        """Those targets where a file was put that is gone or was touched since."""
        return self._memo.disturbed(targets)


def _copy(source: Path, target: Path) -> None:
    with source.open("rb", buffering=0) as reader, target.open("xb", buffering=0) as writer:
        try:
            fcntl.ioctl(writer.fileno(), _FICLONE, reader.fileno())
        except OSError:
            while chunk := reader.read(_CHUNK):
                left = memoryview(chunk)
                while left:
                    left = left[writer.write(left) :]

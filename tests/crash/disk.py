"""A disk that may lose what was not synced: what a journal of `record_writes.c` leaves after a loss of power.

The rules are those of POSIX, which promises little: a file's content is safe once the file is synced, a name (new,
changed or removed) once its folder is synced. Everything later may be there, or not, or in part.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from pathlib import Path
from random import Random
from typing import Self, TypeAlias

BLOCK = 4096
_STEP = struct.Struct("<2I4Q4I")


class Kind(IntEnum):
    """What a step did, as in `record_writes.c`."""

    CREATE = 1
    WRITE = 2
    TRUNCATE = 3
    UNLINK = 4
    RENAME = 5
    MKDIR = 6
    SYNC = 7
    LINK = 8


class Loss(StrEnum):
    """What a loss of power takes."""

    NOTHING = "nothing"
    """Only the process died."""
    UNSYNCED = "unsynced"
    """All that was not synced."""
    CONTENT = "content"
    """Names and sizes survive; content that was not synced reads as zeros, as on ext4 and XFS."""
    CHANCE = "chance"
    """Some blocks, some names: each folder's changes up to one of them, each file's blocks as they come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One entry of the journal. `at` is an offset or a size in bytes."""

    kind: Kind
    inode: int
    parent: int
    other_parent: int
    at: int
    name: str
    other_name: str
    data: bytes


def read_journal(file: Path) -> Iterator[Step]:
    """The steps, in the order in which they were done."""
    data = file.read_bytes() if file.exists() else b""
    position = 0
    while position < len(data):
        kind, _, inode, parent, other, at, *sizes, _ = _STEP.unpack_from(data, position)
        position += _STEP.size
        parts = []
        for size in sizes:
            parts.append(data[position : position + size])
            position += size
        name, other_name = (part.decode() for part in parts[:2])
        yield Step(
            kind=Kind(kind),
            inode=inode,
            parent=parent,
            other_parent=other,
            at=at,
            name=name,
            other_name=other_name,
            data=parts[2],
        )


@dataclass(slots=True)
class _File:
    """`safe` is what is synced, `now` what programs see."""

    inode: int
    safe: bytes = b""
    now: bytearray = field(default_factory=bytearray)

    def write(self, at: int, data: bytes) -> None:
        if at > len(self.now):
            self.now.extend(bytes(at - len(self.now)))
        self.now[at : at + len(data)] = data

    def truncate(self, size: int) -> None:
        del self.now[size:]
        self.now.extend(bytes(size - len(self.now)))

    def sync(self) -> None:
        self.safe = bytes(self.now)

    def after(self, loss: Loss, dice: Random) -> bytes:
        """The content after a loss of power."""
        if loss is Loss.NOTHING:
            return bytes(self.now)
        if loss is Loss.UNSYNCED:
            return self.safe
        size = len(self.now) if loss is Loss.CONTENT else dice.choice([len(self.now), len(self.safe)])
        safe, now = (text[:size].ljust(size, b"\0") for text in (self.safe, bytes(self.now)))
        if loss is Loss.CONTENT:
            return safe
        blocks = range(0, size, BLOCK)
        return b"".join(dice.choice([safe, now])[start : start + BLOCK] for start in blocks)


@dataclass(slots=True)
class _Folder:
    """Names and what they mean: as synced, and every change since (None: the name is gone)."""

    inode: int
    safe: dict[str, _File | _Folder] = field(default_factory=dict)
    changes: list[dict[str, _File | _Folder | None]] = field(default_factory=list)

    def sync(self) -> None:
        self.safe = self.after(Loss.NOTHING, Random(0))
        self.changes = []

    def after(self, loss: Loss, dice: Random) -> dict[str, _File | _Folder]:
        """The entries after a loss of power."""
        kept = 0 if loss is Loss.UNSYNCED else len(self.changes)
        if loss is Loss.CHANCE:
            kept = dice.randint(0, len(self.changes))
        found: dict[str, _File | _Folder | None] = dict(self.safe)
        for change in self.changes[:kept]:
            found.update(change)
        return {name: thing for name, thing in found.items() if thing is not None}


_Thing: TypeAlias = _File | _Folder


class Disk:
    """The folder `root`, as it is now and all of it synced; `play` lets things happen to it."""

    def __init__(self, root: Path) -> None:
        self._things: dict[int, _Thing] = {}
        self._root = self._seen(root)

    def stands_for(self, inode: int) -> None:
        """Take steps in another folder, of this inode, for steps in the root."""
        self._things[inode] = self._root

    def play(self, steps: Iterable[Step]) -> Self:
        """Do these steps."""
        for step in steps:
            self._do(step)
        return self

    def content(self, name: str) -> bytes:
        """What programs see in a file of the root; nothing if it is not there."""
        assert isinstance(self._root, _Folder)
        thing = self._root.after(Loss.NOTHING, Random(0)).get(name)
        return bytes(thing.now) if isinstance(thing, _File) else b""

    def build(self, root: Path, loss: Loss, dice: Random) -> dict[Path, int]:
        """Fill `root` anew with what is there after a loss of power: each file's path → the inode that it had."""
        for path in root.iterdir() if root.exists() else ():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        assert isinstance(self._root, _Folder)
        return dict(_built(self._root, root, loss, dice))

    def _seen(self, path: Path) -> _Thing:
        inode = path.stat().st_ino
        if path.is_dir():
            thing: _Thing = _Folder(inode, {child.name: self._seen(child) for child in sorted(path.iterdir())})
        else:
            data = path.read_bytes()
            thing = self._things.get(inode) or _File(inode, data, bytearray(data))
        self._things[inode] = thing
        return thing

    def _do(self, step: Step) -> None:
        thing = self._things.get(step.inode)
        match step.kind:
            case Kind.CREATE | Kind.MKDIR:
                # The number may be that of a file that is gone.
                thing = _File(step.inode) if step.kind is Kind.CREATE else _Folder(step.inode)
                self._things[step.inode] = thing
                if step.name:
                    self._change(step.parent, {step.name: thing})
            case Kind.LINK:
                self._change(step.parent, {step.name: thing})
            case Kind.UNLINK:
                self._change(step.parent, {step.name: None})
            case Kind.RENAME if step.parent == step.other_parent:  # both or neither
                self._change(step.parent, {step.name: None, step.other_name: thing})
            case Kind.RENAME:
                self._change(step.parent, {step.name: None})
                self._change(step.other_parent, {step.other_name: thing})
            case Kind.SYNC:
                assert thing is not None
                thing.sync()
            case Kind.WRITE:
                assert isinstance(thing, _File)
                thing.write(step.at, step.data)
            case Kind.TRUNCATE:
                assert isinstance(thing, _File)
                thing.truncate(step.at)

    def _change(self, parent: int, change: dict[str, _Thing | None]) -> None:
        folder = self._things[parent]
        assert isinstance(folder, _Folder)
        folder.changes.append(change)


def _built(folder: _Folder, path: Path, loss: Loss, dice: Random) -> Iterator[tuple[Path, int]]:
    path.mkdir(mode=0o700, exist_ok=True)
    for name, thing in folder.after(loss, dice).items():
        if isinstance(thing, _Folder):
            yield from _built(thing, path / name, loss, dice)
        else:
            (path / name).write_bytes(thing.after(loss, dice))
            yield path / name, thing.inode

"""Writing files: whole or not at all, and readable by whom they should.

`atomic_write` writes under a temporary name and renames. The rest decides modes: the process runs under a umask that
keeps others out (`private_files`), and what others may read is written under the user's own umask (`as_user`).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from nano_banana.model.problem import Unusable, problem

_PRIVATE = 0o077
"""The umask of what is the user's alone."""
_SHARED = 0o007
"""The umask of what a group shares."""

_GROUP_WRITES = 0o020
_OTHERS_READ = 0o004


class _Umask:
    """The user's own umask, while this process has another."""

    own: int | None = None


@contextmanager
def private_files() -> Iterator[None]:
    """Nobody but the user can read new files of this process while the block lasts.

    Pictures, stores and reports show faces. A umask that keeps others out already (027, 007) stays as it is, and what
    is meant for others as well is written `as_user`.
    """
    before = os.umask(_PRIVATE)
    _Umask.own = before
    os.umask(_private_umask(before))
    try:
        yield
    finally:
        os.umask(before)
        _Umask.own = None


@contextmanager
def as_user() -> Iterator[None]:
    """New files and folders follow the user's own umask while the block lasts: recipes, locks and the like.

    The umask is the whole process's: call it where no other thread writes.
    """
    before = os.umask(user_umask())
    try:
        yield
    finally:
        os.umask(before)


def user_umask() -> int:
    """The umask that the user gave this process."""
    if _Umask.own is not None:
        return _Umask.own
    now = os.umask(_PRIVATE)
    os.umask(now)
    return now


def deny_others(folder: Path) -> None:
    """Take from a folder the rights that `private_files` gives to nobody."""
    folder.chmod(stat.S_IMODE(folder.stat().st_mode) & ~_private_umask(user_umask()))


def _private_umask(umask: int) -> int:
    """The umask itself if it keeps others out, else the one of what is the user's alone."""
    return umask if umask & _OTHERS_READ else _PRIVATE


def share_files(*, shared: bool) -> None:
    """Let the group read and write new files, if they are `shared`; only within `private_files`."""
    if _Umask.own is not None:
        os.umask(_SHARED if shared else _private_umask(_Umask.own))


def is_shared(folder: Path, group: str = "") -> bool:
    """Whether a group shares the store in `folder`, which may not be there yet.

    A folder that the group can write says so itself. A new store is shared if the setting `store_group` names a
    `group`, or if it begins in a folder that passes its group on (set-group-id) under a umask that lets groups write.
    """
    try:
        mode = folder.stat().st_mode
    except OSError:
        mode = 0
    if group or mode & _GROUP_WRITES:
        return True
    for above in folder.absolute().parents:
        with suppress(OSError):
            mode = above.stat().st_mode
            break
    return bool(mode & stat.S_ISGID and mode & _GROUP_WRITES and not user_umask() & _GROUP_WRITES)


def make_private_folder(folder: Path, group: str = "") -> None:
    """Make a folder (and those above it) that others can't read, and a group can if `is_shared` says so."""
    shared = is_shared(folder, group)
    for path in reversed([folder, *folder.parents]):
        if not path.exists():
            path.mkdir(mode=0o777 & ~_private_umask(user_umask()), exist_ok=True)
            if shared:
                _grant_group(path, group)


def share_with_group(folder: Path, group: str) -> None:
    """Give a store that was its user's alone to the `group` as well. Files of other users stay as they are."""
    _grant_group(folder, group)
    for path in folder.rglob("*"):
        with suppress(PermissionError, Unusable):
            _grant_group(path, group)


def file_mode(folder: Path) -> int:
    """The mode of files in a store's `folder`: as the umask has it where that means a group, or keeps others out.

    Whoever may write the folder may write its files.
    """
    umask = user_umask()
    mode = 0o666 & ~(_private_umask(umask) if umask & _GROUP_WRITES else umask)
    return mode | (folder.stat().st_mode & 0o066)


def copy_mode(path: Path, folder: Path) -> None:
    """Give a new folder the mode of the store's `folder`."""
    with suppress(PermissionError):
        path.chmod(stat.S_IMODE(folder.stat().st_mode))


def group_id(group: str) -> int | None:
    """The number of a group by its name or number; None for "yes": the group that the folder has. Raises KeyError."""
    import grp

    if group == "yes":
        return None
    return int(group) if group.isdecimal() else grp.getgrnam(group).gr_gid


def _grant_group(path: Path, group: str) -> None:
    number = group_id(group) if group else None
    if number is not None and path.stat().st_gid != number:
        try:
            os.chown(path, -1, number)
        except PermissionError as error:
            raise Unusable([problem("store_group_refused", path=str(path), group=group)]) from error
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        path.chmod(0o2770)
    else:
        path.chmod(stat.S_IMODE(mode) | (mode & 0o600) >> 3)


_NUMBERS = count()


@contextmanager
def atomic_write(target: Path) -> Iterator[Path]:
    """A path to write to, in the folder of `target`, which must be there; at the end it takes the place of `target`.

    After an error, or where it was never written, `target` is as it was. No other process and no other thread writes
    by that name. After a loss of power `target` has the old content or the new, never half of it. What is no file
    (`/dev/stdout`, a pipe) is written into and stays what it is. Raises OSError.
    """
    if _is_special(target):
        with _temporary_for(target) as fresh:
            yield fresh
        return
    fresh = target.with_name(f".nb-{os.getpid()}-{next(_NUMBERS)}.tmp")
    # A process of that number may have died before this one was born.
    fresh.unlink(missing_ok=True)
    try:
        yield fresh
        if fresh.exists():
            flush_to_disk(fresh)
            fresh.replace(target)
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)


def flush_to_disk(path: Path) -> None:
    """Wait until the disk has a file's content, or a folder's names: a loss of power may take what it has not.

    A file's name is part of its folder, not of the file. Raises OSError.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_special(target: Path) -> bool:
    try:
        mode = target.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


@contextmanager
def _temporary_for(target: Path) -> Iterator[Path]:
    """A temporary file whose bytes go into `target` at the end."""
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory(prefix="nano-banana-") as folder:
        fresh = Path(folder, target.name)
        yield fresh
        if fresh.exists():
            with fresh.open("rb") as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink)

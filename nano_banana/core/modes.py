"""Who else may read and write what this program writes: umask and modes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nano_banana.core.errors import Unusable, trouble

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
    os.umask(_narrow(before))
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


def close_to_others(folder: Path) -> None:
    """Take from a folder the rights that `private_files` gives to nobody."""
    folder.chmod(stat.S_IMODE(folder.stat().st_mode) & ~_narrow(user_umask()))


def _narrow(umask: int) -> int:
    """The umask itself if it keeps others out, else the one of what is the user's alone."""
    return umask if umask & _OTHERS_READ else _PRIVATE


def share_files(*, shared: bool) -> None:
    """Let the group read and write new files, if they are `shared`; only within `private_files`."""
    if _Umask.own is not None:
        os.umask(_SHARED if shared else _narrow(_Umask.own))


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
            path.mkdir(mode=0o777 & ~_narrow(user_umask()), exist_ok=True)
            if shared:
                _open_to(path, group)


def share(folder: Path, group: str) -> None:
    """Give a store that was its user's alone to the `group` as well. Files of other users stay as they are."""
    _open_to(folder, group)
    for path in folder.rglob("*"):
        with suppress(PermissionError, Unusable):
            _open_to(path, group)


def file_mode(folder: Path) -> int:
    """The mode of files in a store's `folder`: as the umask has it where that means a group, or keeps others out.

    Whoever may write the folder may write its files.
    """
    umask = user_umask()
    mode = 0o666 & ~(_narrow(umask) if umask & _GROUP_WRITES else umask)
    return mode | (folder.stat().st_mode & 0o066)


def follow(path: Path, folder: Path) -> None:
    """Give a new folder the mode of the store's `folder`."""
    with suppress(PermissionError):
        path.chmod(stat.S_IMODE(folder.stat().st_mode))


def group_id(group: str) -> int | None:
    """The number of a group by its name or number; None for "yes": the group that the folder has. Raises KeyError."""
    import grp

    if group == "yes":
        return None
    return int(group) if group.isdecimal() else grp.getgrnam(group).gr_gid


def _open_to(path: Path, group: str) -> None:
    number = group_id(group) if group else None
    if number is not None and path.stat().st_gid != number:
        try:
            os.chown(path, -1, number)
        except PermissionError as error:
            raise Unusable([trouble("store_group_refused", path=str(path), group=group)]) from error
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        path.chmod(0o2770)
    else:
        path.chmod(stat.S_IMODE(mode) | (mode & 0o600) >> 3)

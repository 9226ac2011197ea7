"""Writing files as a whole or not at all, and with the right modes.

`atomic_write` writes to a temporary name and renames. The rest decides modes: the process runs under a umask that keeps
others out (`private_files`), and files for others are written under the user's own umask (`as_user`).
"""

from __future__ import annotations

import grp
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from nano_banana.model.problem import Unusable, problem

_PRIVATE = 0o077
"""The umask for files that are the user's alone."""
_SHARED = 0o007
"""The umask for files that a group shares."""

_GROUP_WRITES = 0o020
_OTHERS_READ = 0o004


class _Umask:
    """The user's own umask, while this process has another."""

    own: int | None = None


@contextmanager
def private_files() -> Iterator[None]:
    """During the block, only the user can read new files of this process.

    Pictures, stores and reports show faces. A umask that keeps others out already (027, 007) stays as it is. Files that
    are meant for others are written `as_user`.
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
    """During the block, new files and folders follow the user's own umask: recipes, locks and the like.

    The umask is the whole process's, so no other thread may write files meanwhile.
    """
    before = os.umask(user_umask())
    try:
        yield
    finally:
        os.umask(before)


def user_umask() -> int:
    """The umask with which the user started this process."""
    if _Umask.own is not None:
        return _Umask.own
    now = os.umask(_PRIVATE)
    os.umask(now)
    return now


def deny_others(folder: Path) -> None:
    """Remove the permissions from a folder that `private_files` gives to nobody."""
    folder.chmod(stat.S_IMODE(folder.stat().st_mode) & ~_private_umask(user_umask()))


def _private_umask(umask: int) -> int:
    """The umask itself if it keeps others out, else the one for private files."""
    return umask if umask & _OTHERS_READ else _PRIVATE


def share_files(*, shared: bool) -> None:
    """Let the group read and write new files if they are `shared`; only inside `private_files`."""
    if _Umask.own is not None:
        os.umask(_SHARED if shared else _private_umask(_Umask.own))


def is_shared(folder: Path, group: str = "") -> bool:
    """Whether a group shares the store in `folder`, which may not exist yet.

    An existing store is shared if the group can write its folder. A new one is shared if the setting `store_group`
    names a `group`, or if the folder above passes its group on (set-group-id) and the umask lets groups write.
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
    """Make a folder (and its parents) that others can't read; a group can if `is_shared`."""
    shared = is_shared(folder, group)
    for path in reversed([folder, *folder.parents]):
        if not path.exists():
            path.mkdir(mode=0o777 & ~_private_umask(user_umask()), exist_ok=True)
            if shared:
                _grant_group(path, group)


def share_with_group(folder: Path, group: str) -> None:
    """Share a private store with the `group`. Files of other users stay as they are."""
    _grant_group(folder, group)
    for path in folder.rglob("*"):
        with suppress(PermissionError, Unusable):
            _grant_group(path, group)


def file_mode(folder: Path) -> int:
    """The mode for files in a store's `folder`: by the umask, but never readable for others unless a group may write.

    Users who may write the folder may write its files.
    """
    umask = user_umask()
    mode = 0o666 & ~(_private_umask(umask) if umask & _GROUP_WRITES else umask)
    return mode | (folder.stat().st_mode & 0o066)


def copy_mode(path: Path, folder: Path) -> None:
    """Give a new folder the mode of the store's `folder`."""
    with suppress(PermissionError):
        path.chmod(stat.S_IMODE(folder.stat().st_mode))


def group_id(group: str) -> int | None:
    """The id of a group by its name or number; None for "yes", the folder's own group. Raises KeyError."""
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
    """A path to write to, in the folder of `target`, which must exist. At the end the file replaces `target`.

    After an error, or if nothing was written, `target` is unchanged; after a loss of power it has the old or the new
    content. The path is unique for processes and threads. Special files (`/dev/stdout`, pipes) are written to instead
    of being replaced. Raises OSError.
    """
    if _is_special(target):
        with _temporary_for(target) as fresh:
            yield fresh
        return
    fresh = target.with_name(f".nb-{os.getpid()}-{next(_NUMBERS)}.tmp")
    # An earlier process with the same id may have left one.
    fresh.unlink(missing_ok=True)
    try:
        yield fresh
        if fresh.exists():
            flush_to_disk(fresh)
            fresh.replace(target)
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)


@contextmanager
def translate_unwritable(path: Path) -> Iterator[None]:
    """Raise Unusable (`unwritable`, with this path) in place of an OSError in the block."""
    try:
        yield
    except OSError as error:
        raise Unusable([problem("unwritable", file=str(path), why=error.strerror or str(error))]) from error


@contextmanager
def replaced_file(file: Path) -> Iterator[Path]:
    """A new file that replaces `file` at the end of the block; if the block fails, `file` stays. Raises Unusable.

    Makes the folder if there is none. See `atomic_write`.
    """
    with translate_unwritable(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(file) as fresh:
            yield fresh


def flush_to_disk(path: Path) -> None:
    """Wait until the disk has a file's content, or the names in a folder, so that they survive a loss of power.

    A file's name belongs to its folder, not to the file. Raises OSError.
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
    """A temporary file whose bytes are written to `target` at the end."""
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory(prefix="nano-banana-") as folder:
        fresh = Path(folder, target.name)
        yield fresh
        if fresh.exists():
            with fresh.open("rb") as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink)

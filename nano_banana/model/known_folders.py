"""Well-known folders: the user's, the project's, and shipped files.

A container's user may have no home folder; then folders in it are in `NOWHERE`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

NOWHERE = Path(os.devnull)
"""Stands for a missing home folder (a user without an entry in passwd); no file can exist in it."""


def home_folder() -> Path | None:
    """The home folder, or None."""
    found = expand_user("~")
    return found if found.is_absolute() else None


def expand_user(path: str | Path) -> Path:
    """The path with `~` and `~user` expanded; an unknown user is left as it is, as in a shell."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path.expanduser raises RuntimeError for an unknown one


def user_dir(kind: Literal["config", "cache", "state"]) -> Path:
    """The program's own folder of that kind; it may not exist yet. In `NOWHERE` without a home folder."""
    # Imported here, because most commands don't need it.
    import platformdirs

    find = {
        "config": platformdirs.user_config_dir,
        "cache": platformdirs.user_cache_dir,
        "state": platformdirs.user_state_dir,
    }[kind]
    try:
        found = Path(find("nano-banana", appauthor=False))
    except RuntimeError:
        return NOWHERE / "nano-banana"
    # Without a home folder, older releases of platformdirs return `~/.config/…`, which is relative.
    return found if found.is_absolute() else NOWHERE / "nano-banana"


def is_homeless(path: Path) -> bool:
    """Whether the path would be in a missing home folder."""
    return path.is_relative_to(NOWHERE)


ROOT_MARKS = (".git", "nano-banana.toml", ".nano-banana")

REHEARSAL = "rehearsal"
"""The folder in the store's for answers of an emulator of fal."""


def root_mark(root: Path) -> str | None:
    """The first file or folder that makes `root` a project's root; None if there is none."""
    return next((mark for mark in ROOT_MARKS if os.path.exists(root / mark)), None)  # noqa: PTH110 - as below


def project_root(folder: Path, *, home: Path | None = None) -> Path:
    """The nearest of `folder` and its parents with one of `ROOT_MARKS`; else `folder`.

    The home folder and its parents are never a project.
    """
    here = folder.resolve()
    stop = home or home_folder()
    # os.path.exists, because Path.exists() raises PermissionError for a folder that we can't read.
    for candidate in (here, *here.parents):
        if stop is not None and stop.resolve().is_relative_to(candidate):
            break
        if any(os.path.exists(candidate / mark) for mark in ROOT_MARKS):  # noqa: PTH110 - see above
            return candidate
    return here


PACKAGE = Path(__file__).resolve().parents[1]


def shipped_path(*parts: str, package: Path = PACKAGE) -> Path:
    """The path of a shipped file or folder, such as `shipped_path("schemas", "run.schema.json")`.

    A wheel has them in `nano_banana/share`, a checkout beside the package. The file may not exist.
    """
    shipped = package / "share"
    return (shipped if shipped.is_dir() else package.parent).joinpath(*parts)

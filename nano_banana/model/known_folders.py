"""Well-known folders: the user's, the project's, and shipped files.

A container's user may have no home: then the folders in it lie in `NOWHERE`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

NOWHERE = Path(os.devnull)
"""Stands for a missing home (a container's user without an entry in passwd): nothing is in it, or can be."""


def home_folder() -> Path | None:
    """The home folder, or None."""
    found = expand_user("~")
    return found if found.is_absolute() else None


def expand_user(path: str | Path) -> Path:
    """The path with `~` and `~user` filled in; as a shell does, an unknown one is left as it is."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path.expanduser raises RuntimeError for an unknown one


def user_dir(kind: Literal["config", "cache", "state"]) -> Path:
    """The program's own folder of that kind; it may not be there yet. In `NOWHERE` without a home."""
    # Loaded on demand: most commands never ask for one.
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
    # Without a home older releases of platformdirs give `~/.config/…`, which would be a folder of the project.
    return found if found.is_absolute() else NOWHERE / "nano-banana"


def is_homeless(path: Path) -> bool:
    """Whether the path would lie in a home that is missing."""
    return path.is_relative_to(NOWHERE)


ROOT_MARKS = (".git", "nano-banana.toml", ".nano-banana")

REHEARSAL = "rehearsal"
"""The folder in the store's for what a stand-in for fal answers."""


def root_mark(root: Path) -> str | None:
    """What makes `root` a project's: the name of the first mark that it holds."""
    return next((mark for mark in ROOT_MARKS if os.path.exists(root / mark)), None)  # noqa: PTH110 - as below


def project_root(folder: Path, *, home: Path | None = None) -> Path:
    """The nearest folder, `folder` or above it, that holds a mark of a project; else `folder`.

    The home folder and those above it are nobody's project.
    """
    here = folder.resolve()
    stop = home or home_folder()
    # os.path: a folder that can't be looked into holds no mark, and Path.exists() raises PermissionError.
    for candidate in (here, *here.parents):
        if stop is not None and stop.resolve().is_relative_to(candidate):
            break
        if any(os.path.exists(candidate / mark) for mark in ROOT_MARKS):  # noqa: PTH110 - see above
            return candidate
    return here


PACKAGE = Path(__file__).resolve().parents[1]


def shipped_path(*parts: str, package: Path = PACKAGE) -> Path:
    """The path of a shipped file or folder, such as `share("schemas", "run.schema.json")`.

    A wheel carries them under `nano_banana/share`; a checkout has them beside the package. The file may
    not be there.
    """
    shipped = package / "share"
    return (shipped if shipped.is_dir() else package.parent).joinpath(*parts)

"""The user's home and the folders in it, where there is one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

NOWHERE = Path(os.devnull)
"""Stands for a missing home (a container's user without an entry in passwd): nothing is in it, or can be."""


def home() -> Path | None:
    """The home folder, or None."""
    found = expanded("~")
    return found if found.is_absolute() else None


def expanded(path: str | Path) -> Path:
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

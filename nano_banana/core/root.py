"""Where a project begins: the folder that its store and outputs lie in."""

from __future__ import annotations

import os
from pathlib import Path

from nano_banana.core import home as user

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
    stop = home or user.home()
    # os.path: a folder that can't be looked into holds no mark, and Path.exists() raises PermissionError.
    for candidate in (here, *here.parents):
        if stop is not None and stop.resolve().is_relative_to(candidate):
            break
        if any(os.path.exists(candidate / mark) for mark in ROOT_MARKS):  # noqa: PTH110 - see above
            return candidate
    return here

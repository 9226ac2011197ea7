"""Where a project begins: the folder that its store and outputs lie in."""

from __future__ import annotations

from pathlib import Path

ROOT_MARKS = (".git", "nano-banana.toml", ".nano-banana")


def project_root(folder: Path, *, home: Path | None = None) -> Path:
    """The nearest folder, `folder` or above it, that holds a mark of a project; else `folder`.

    The home folder and those above it are nobody's project.
    """
    here = folder.resolve()
    stop = (home or Path.home()).resolve()
    for candidate in (here, *here.parents):
        if stop.is_relative_to(candidate):
            break
        if any((candidate / mark).exists() for mark in ROOT_MARKS):
            return candidate
    return here

"""Folders of pictures that git would commit."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from nano_banana.core.problem import Problem
from nano_banana.project.project import Project

_SECONDS = 10.0
"""How long git may take."""


def exposed(project: Project) -> list[Problem]:
    """A warning with the output folder and the exports that lie in a git work tree and aren't ignored."""
    export = project.recipe.outputs.export
    places = export.places(project.recipe.path.absolute().parent) if export else ()
    seen = [place for place in (project.folder, *places) if place is not None and _is_seen_by_git(place)]
    if not seen:
        return []
    return [Problem(kind="git_sees_faces", data={"paths": _named(seen, project.loaded.files.root)}, warning=True)]


def _is_seen_by_git(place: Path) -> bool:
    folder = next(parent for parent in place.parents if parent.is_dir())
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return False
    # A pattern for a folder (`out/`) holds for a file in it, also before the folder is there.
    file = place if place.suffix == ".zip" else place / "picture.png"
    command = ["git", "-c", "core.fsmonitor=false", "check-ignore", "--no-index", "--quiet", "--", str(file)]
    with suppress(OSError, ValueError, subprocess.SubprocessError):
        done = subprocess.run(  # noqa: S603 - no shell, and a path is but a path
            command, cwd=folder, capture_output=True, timeout=_SECONDS, check=False
        )
        return done.returncode == 1
    return False


def _named(places: Iterable[Path], root: Path) -> list[str]:
    return [str(path.relative_to(root)) if path.is_relative_to(root) else str(path) for path in places]

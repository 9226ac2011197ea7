"""Patterns of file names, expanded folder by folder."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator
from pathlib import Path

from nano_banana.recipe.seen import Seen

_MAGIC = frozenset("*?[")


def expand(pattern: Path, look: Callable[[Path], Seen]) -> set[Path]:
    """The files that match `pattern`, which is absolute. `look` is told of each folder that is listed.

    A link into nothing is among them: it stands for a file that was not fetched.
    """
    parts = pattern.parts[1:]
    found = _walk(Path(pattern.anchor), parts, look)
    return {path for path in found if path.is_file() or (path.is_symlink() and not path.exists())}


def _walk(folder: Path, parts: tuple[str, ...], look: Callable[[Path], Seen]) -> Iterator[Path]:
    if not parts:
        look(folder)
        yield folder
        return
    part, *rest = parts
    if part == "**":
        for deep in _folders(folder, look):
            yield from _walk(deep, tuple(rest) or ("*",), look)
    elif _MAGIC.isdisjoint(part):
        yield from _walk(folder / part, tuple(rest), look)
    else:
        for name in _names(folder, look):
            if fnmatch.fnmatchcase(name, part) and (not name.startswith(".") or part.startswith(".")):
                yield from _walk(folder / name, tuple(rest), look)


def _folders(folder: Path, look: Callable[[Path], Seen]) -> Iterator[Path]:
    """`folder` and all below it, links to folders left out, so that a circle of links ends."""
    yield folder
    for name in _names(folder, look):
        deeper = folder / name
        if not name.startswith(".") and deeper.is_dir() and not deeper.is_symlink():
            yield from _folders(deeper, look)


def _names(folder: Path, look: Callable[[Path], Seen]) -> list[str]:
    look(folder)
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError:
        return []

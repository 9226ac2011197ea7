"""What is the user's own and stays: photos, and lines that name somebody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.somebody import Somebody
from nano_banana.project.forget.who import photos_of
from nano_banana.project.project import Project
from nano_banana.recipe.picks import PICKS

_TEXTS = (".yaml", ".yml", ".j2", ".lock")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A file of the user's that names them, and on which lines (from 1)."""

    file: Path
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What stays: their photos, and the files that name them."""

    photos: tuple[Path, ...] = ()
    mentions: tuple[Mention, ...] = ()


def left_behind(who: Somebody, project: Project | None, root: Path) -> Left:
    """Look through the recipe with all that it reads as text, and every recipe, lock and template below `root`."""
    texts = {path for path in root.rglob("*") if _is_text(path, root)}
    if project is None:
        return Left(mentions=tuple(_mentions(who, sorted(texts))))
    subject = project.recipe.subjects.get(who.name)
    photos = tuple(path for path in photos_of(subject) if path.is_file()) if subject else ()
    recipe = project.recipe.path.absolute()
    texts |= {Path(path) for path in project.loaded.files.seen if Path(path).suffix in _TEXTS}
    texts |= {recipe, recipe.with_name(PICKS), recipe.with_suffix(".lock")}
    return Left(photos=photos, mentions=tuple(_mentions(who, sorted(texts))))


def _is_text(path: Path, root: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
    return path.suffix in _TEXTS and not hidden and path.is_file()


def _mentions(who: Somebody, files: list[Path]) -> Iterator[Mention]:
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        lines = [number for number, line in enumerate(text.splitlines(), 1) if who.named(line)]
        if lines:
            yield Mention(file=file, lines=tuple(lines))

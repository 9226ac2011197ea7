"""What is the user's own and stays: photos, and lines that name somebody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.somebody import Somebody
from nano_banana.project.forget.who import photos_of
from nano_banana.project.project import Project
from nano_banana.recipe.picks import PICKS


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


def left_behind(who: Somebody, project: Project | None) -> Left:
    """Look through the recipe with all that it reads as text, its picks and its lock."""
    if project is None:
        return Left()
    subject = project.recipe.subjects.get(who.name)
    photos = tuple(path for path in photos_of(subject) if path.is_file()) if subject else ()
    recipe = project.recipe.path.absolute()
    texts = {Path(path) for path in project.loaded.files.seen if str(path).endswith((".yaml", ".yml", ".j2"))}
    texts |= {recipe, recipe.with_name(PICKS), recipe.with_suffix(".lock")}
    return Left(photos=photos, mentions=tuple(_mentions(who, sorted(texts))))


def _mentions(who: Somebody, files: list[Path]) -> Iterator[Mention]:
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        lines = [number for number, line in enumerate(text.splitlines(), 1) if who.named(line)]
        if lines:
            yield Mention(file=file, lines=tuple(lines))

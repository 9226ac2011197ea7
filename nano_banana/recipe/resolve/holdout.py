"""Photos that are set aside: they judge likeness and never train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from nano_banana.core.json import JSONValue, as_items, as_text
from nano_banana.core.problem import did_you_mean
from nano_banana.recipe.model import Photo, Where
from nano_banana.recipe.resolve.reading import Reading

FEW = 4
"""Photos below which a training learns the photos and not the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """The photos that are held out by name, or how many are to be chosen."""

    named: frozenset[Path] = frozenset()
    count: int = 0


def read_held_out(reading: Reading, value: JSONValue, photos: Sequence[Photo], where: Where) -> HeldOut:
    """Which of the photos are held out. Notes names of none of them, and a set that leaves too few to train."""
    if isinstance(value, int | float):
        held = HeldOut(count=int(value))
        left = len(photos) - held.count
    else:
        held = HeldOut(named=_named(reading, value, [photo.path for photo in photos], where))
        left = len(photos) - len(held.named)
    if photos and (held.count or held.named):
        if left < 1:
            reading.wrong("hold_out_all", where, photos=len(photos))
        elif left < FEW:
            reading.warn("few_left", where, left=left, few=FEW)
    return held


def _named(reading: Reading, value: JSONValue, photos: Sequence[Path], where: Where) -> frozenset[Path]:
    """The photos that the names and globs mean: by file name, or by the path from the recipe's folder."""
    found: set[Path] = set()
    for at, item in enumerate(as_items(value)):
        glob = as_text(item)
        hits = {path for path in photos if fnmatchcase(path.name, glob) or path == reading.files.folder / glob}
        hits |= {path for path in photos if "/" in glob and fnmatchcase(_beside(reading, path), glob)}
        if not hits and photos:
            near = did_you_mean(glob, [path.name for path in photos])
            reading.wrong("hold_out_none", where if isinstance(value, str) else (*where, at), hints=near, name=glob)
        found |= hits
    return frozenset(found)


def _beside(reading: Reading, path: Path) -> str:
    folder = reading.files.folder
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()

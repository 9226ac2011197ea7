"""Copies of pictures in the user's folder or ZIP; nobody's file is lost."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.errors import Unusable
from nano_banana.core.errors import trouble
from nano_banana.core.json import JSONObject
from nano_banana.core.replacing import replacing
from nano_banana.store.link import LinkStat
from nano_banana.store.store import Store
from nano_banana.store.wall import OUTPUT
from nano_banana.store.wall import wall

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every entry of a ZIP, its oldest one: the same pictures, the same bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handout:
    """What was handed out.

    `files` are the copies and the ZIP as they are now; `fresh` counts the copies written just now (of a ZIP alone: 1
    where it was). `edited` are copies that somebody has changed, which were left alone; `older` those that an earlier
    run put there and that nothing asks for now.
    """

    folder: Path | None
    zip: Path | None
    copies: int
    fresh: int
    files: Mapping[Path, LinkStat]
    edited: Sequence[Path] = ()
    older: Sequence[Path] = ()

    def seen_from(self, folder: Path) -> dict[str, LinkStat]:
        """The files by their names as seen from another folder, as the trace of a run has them."""
        return {os.path.relpath(path, folder): stat for path, stat in self.files.items()}


def put_out(
    store: Store, recipe: str, pictures: Mapping[str, Path], *, folder: Path | None, packed: Path | None, whole: bool
) -> Handout:
    """Copy `pictures` (name below the folder → file) to the folder, and into the ZIP.

    Unless the run was `whole`, what an earlier one handed out still belongs to it. Raises Unusable: `target_taken`
    where another's file is in the way, `target_full`, ….
    """
    known = _read(store, recipe)
    files: dict[Path, LinkStat] = {}
    edited: list[Path] = []
    fresh = 0
    wanted: dict[Path, Path] = {}
    if folder is not None:
        wanted = {folder / name: source for name, source in pictures.items()}
        _check_free([path for path in wanted if str(path) not in known], wanted)
        for target, source in wanted.items():
            seen = known.get(str(target))
            if seen and not _is(target, seen[1]) and os.path.lexists(target) and not _same(source, target):
                edited.append(target)
                continue
            if not (seen and _is(source, seen[0]) and _is(target, seen[1])):
                _copy(source, target)
                fresh += 1
            files[target] = LinkStat.of(target)
    others = {Path(path) for path in known if Path(path) not in wanted and Path(path) != packed}
    older = sorted(path for path in others if path.exists()) if whole else []
    notes = {path: seen for path, seen in known.items() if os.path.lexists(path)}
    notes |= {str(path): [_look(LinkStat.of(wanted[path])), _look(stat)] for path, stat in files.items()}
    if packed is not None:
        written = _pack(pictures, packed, ours=str(packed) in known)
        fresh += written if folder is None else 0
        files[packed] = LinkStat.of(packed)
        notes[str(packed)] = [_look(files[packed]), _look(files[packed])]
    store.note(_note(recipe), json.dumps(notes))
    return Handout(
        folder=folder, zip=packed, copies=len(pictures), fresh=fresh, files=files, edited=edited, older=older
    )


def handed_out(store: Store, recipe: str) -> list[Path]:
    """The copies and the ZIP that the recipe's runs have left outside of its output folder."""
    return [Path(path) for path in _read(store, recipe)]


def _note(recipe: str) -> str:
    return f"handout/{recipe}"


def _read(store: Store, recipe: str) -> dict[str, list[list[int]]]:
    """Path of each copy to the looks of its source and of itself, when it was written."""
    try:
        found: dict[str, list[list[int]]] = json.loads(store.notes(_note(recipe)) or "{}")
    except ValueError:
        return {}
    return found


def _check_free(targets: Sequence[Path], wanted: Mapping[Path, Path]) -> None:
    taken = [path for path in targets if os.path.lexists(path) and not _same(wanted[path], path)]
    if taken:
        raise Unusable([trouble("target_taken", path=str(path)) for path in taken])


def _same(source: Path, target: Path) -> bool:
    """Whether both hold the same bytes."""
    try:
        return target.is_file() and source.read_bytes() == target.read_bytes()
    except OSError:
        return False


def _copy(source: Path, target: Path) -> None:
    with wall(target.parent, OUTPUT):
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as fresh:
            shutil.copyfile(source, fresh)


def _pack(pictures: Mapping[str, Path], target: Path, *, ours: bool) -> int:
    """Write the ZIP unless it is there with the same bytes; return how many files that wrote."""
    with wall(target.parent, OUTPUT):
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as fresh:
            with zipfile.ZipFile(fresh, "w", zipfile.ZIP_STORED) as archive:
                for name in sorted(pictures):
                    archive.writestr(zipfile.ZipInfo(name, EPOCH), pictures[name].read_bytes())
            if _same(fresh, target):
                fresh.unlink()
                return 0
            if os.path.lexists(target) and not ours:
                raise Unusable([trouble("target_taken", path=str(target))])
    return 1


def _is(path: Path, look: Sequence[int]) -> bool:
    try:
        return _look(LinkStat.of(path)) == list(look)
    except OSError:
        return False


def _look(stat: LinkStat) -> list[int]:
    return [stat.size, stat.mtime_ns, stat.ctime_ns, stat.inode]


def handout_json(handout: Handout) -> JSONObject:
    """A handout as `run --json` tells it."""
    return {
        "to": None if handout.folder is None else str(handout.folder),
        "zip": None if handout.zip is None else str(handout.zip),
        "copies": handout.copies,
        "fresh": handout.fresh,
        "edited": [str(path) for path in handout.edited],
        "older": [str(path) for path in handout.older],
    }

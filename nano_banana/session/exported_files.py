"""Copies of pictures in the user's folder or ZIP; no user file is lost.

The store remembers each copy's stamp and digest, so that a copy that the user edited is left alone, and only unchanged
copies are ever deleted.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from nano_banana.formats.file_stamps import FileStamp, stamp_or_none
from nano_banana.formats.file_writing import atomic_write
from nano_banana.model.known_folders import REHEARSAL
from nano_banana.model.problem import Unusable, problem
from nano_banana.session.run_report_schema import ReportedExport
from nano_banana.store.database import OUTPUT_ERRORS, translate_errors
from nano_banana.store.local_store import Store

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every entry of a ZIP (the oldest possible), so that equal pictures give equal bytes."""


class ExportResult(Struct, frozen=True, kw_only=True):
    """The exported copies.

    `files` are the copies and the ZIP as they are now; `fresh` counts the files that were just written. `edited` are
    copies that the user changed, which stay as they are. Of the copies of earlier runs that the recipe no longer asks
    for, `pruned` were deleted and `older` are still there. `enlarged` counts crops that are larger than their pictures,
    `faceless` crops around the face of pictures without a face.
    """

    folder: Path | None
    zip: Path | None
    copies: int
    fresh: int
    files: Mapping[Path, FileStamp]
    edited: Sequence[Path] = ()
    older: Sequence[Path] = ()
    pruned: Sequence[Path] = ()
    enlarged: int = 0
    faceless: int = 0

    def seen_from(self, folder: Path) -> dict[str, FileStamp]:
        """The files by their paths relative to `folder`, as a run's trace has them."""
        return {os.path.relpath(path, folder): stat for path, stat in self.files.items()}


class _NotedCopy(Struct, frozen=True, kw_only=True, array_like=True, omit_defaults=True):
    """A copy as it was written: the stamps of its source and of itself, and its SHA-256.

    `by` is the recipe's file, since several recipes may have one name. Older notes lack the last two (empty).
    """

    source: FileStamp
    copy: FileStamp
    sha256: str = ""
    by: str = ""

    def is_ours(self, path: Path) -> bool:
        """Whether the file still has the bytes that we wrote."""
        return stamp_or_none(path) == self.copy or bool(self.sha256 and _sha256(path) == self.sha256)


def write_copies(
    store: Store,
    recipe: str,
    pictures: Mapping[str, Path],
    *,
    folder: Path | None,
    packed: Path | None,
    whole: bool,
    prune: bool = False,
    by: Path | None = None,
) -> ExportResult:
    """Copy `pictures` (name in the folder to file) to the folder, and into the ZIP.

    Only a `whole` run knows which copies of earlier runs are no longer wanted; with `prune` it deletes those that are
    unchanged. `by` is the recipe's file. Raises Unusable: `copy_taken` if a file that isn't ours is in the way,
    `target_full`, ….
    """
    known = _read_notes(store, _copies_note(recipe))
    files: dict[Path, FileStamp] = {}
    edited: list[Path] = []
    fresh, whose = 0, "" if by is None else _path_from(_notes_base(store), by)
    wanted = {} if folder is None else {folder / name: source for name, source in pictures.items()}
    _check_free([path for path in wanted if path not in known], wanted)
    notes = {path: noted for path, noted in known.items() if os.path.lexists(path)}
    for target, source in wanted.items():
        noted = known.get(target)
        if noted and os.path.lexists(target) and not noted.is_ours(target) and not _same_bytes(source, target):
            edited.append(target)
            continue
        if noted is None or not (stamp_or_none(source) == noted.source and stamp_or_none(target) == noted.copy):
            fresh += _copy(source, target)
            noted = _noted(source, target)
        notes[target] = replace(noted, by=whose)
        files[target] = FileStamp.of(target.stat())
    if packed is not None:
        written = _write_zip(pictures, packed, known.get(packed))
        fresh += written if folder is None else 0
        files[packed] = FileStamp.of(packed.stat())
        notes[packed] = replace(_noted(packed, packed), by=whose)
    ours = {path: noted for path, noted in notes.items() if path not in wanted and path not in files}
    older = _older_copies(store, folder, ours, whose, [*files]) if whole else []
    pruned = [path for path in older if prune and _remove_copy(path, notes[path], folder)]
    store.notes.write(
        _copies_note(recipe), _dump_notes(store, {path: noted for path, noted in notes.items() if path not in pruned})
    )
    return ExportResult(
        folder=folder,
        zip=packed,
        copies=len(pictures),
        fresh=fresh,
        files=files,
        edited=edited,
        older=[path for path in older if path not in pruned],
        pruned=pruned,
    )


def note_fitted_pictures(store: Store, recipe: str, files: Collection[Path], *, whole: bool) -> None:
    """Remember the fitted pictures in the output folder; a `whole` run deletes unchanged earlier ones."""
    known = _read_notes(store, _fitted_note(recipe))
    if not known and not files:
        return
    stale = {path for path in known.keys() - files if whole and _remove_copy(path, known[path], path.parent.parent)}
    fresh = {path: known.get(path) for path in files}
    notes = {
        path: noted if noted and stamp_or_none(path) == noted.copy else _noted(path, path)
        for path, noted in fresh.items()
    }
    left = {path: noted for path, noted in known.items() if path not in stale and os.path.lexists(path)}
    store.notes.write(_fitted_note(recipe), _dump_notes(store, {**left, **notes}))


def exported_paths(store: Store, recipe: str) -> list[Path]:
    """The copies and ZIPs of the recipe's runs, and the pictures that were fitted for them."""
    return [*_read_notes(store, _copies_note(recipe)), *_read_notes(store, _fitted_note(recipe))]


def drop_missing_copies(store: Store, recipe: str) -> None:
    """Forget copies that no longer exist."""
    for name in (_copies_note(recipe), _fitted_note(recipe)):
        known = _read_notes(store, name)
        left = {path: noted for path, noted in known.items() if os.path.lexists(path)}
        if len(left) < len(known):
            store.notes.write(name, _dump_notes(store, left))


def _copies_note(recipe: str) -> str:
    return f"handout/{recipe}"


def _fitted_note(recipe: str) -> str:
    return f"handout/{recipe}/fitted"


def _notes_base(store: Store) -> Path:
    """Paths in it are noted relative to it, so that a moved or copied project finds its copies."""
    folder = store.folder.absolute()
    return folder.parent.parent if folder.name == REHEARSAL else folder.parent


def _read_notes(store: Store, note: str) -> dict[Path, _NotedCopy]:
    """The noted copies by path."""
    base = _notes_base(store)
    try:
        found = msgspec.convert(json.loads(store.notes.read(note) or "{}"), dict[str, _NotedCopy])
    except (ValueError, msgspec.ValidationError):
        return {}
    return {base / path: noted for path, noted in found.items()}


def _dump_notes(store: Store, notes: Mapping[Path, _NotedCopy]) -> str:
    base = _notes_base(store)
    return json.dumps({_path_from(base, path): msgspec.to_builtins(noted) for path, noted in notes.items()})


def _path_from(base: Path, path: Path) -> str:
    return str(path.relative_to(base) if path.is_relative_to(base) else path)


def _noted(source: Path, copy: Path) -> _NotedCopy:
    return _NotedCopy(source=FileStamp.of(source.stat()), copy=FileStamp.of(copy.stat()), sha256=_sha256(copy))


def _older_copies(
    store: Store, folder: Path | None, notes: Mapping[Path, _NotedCopy], whose: str, wanted: Collection[Path]
) -> list[Path]:
    """The copies of earlier runs in the project or in the folder of the copies, except those that are `wanted`.

    Files elsewhere don't count (a copied project's notes may name the first project's), nor do those of another recipe
    with the same name.
    """
    base = _notes_base(store)
    homes = [home.resolve() for home in (base, folder) if home is not None]
    there = {_inode(path) for path in wanted}
    found = []
    for path, noted in notes.items():
        anothers = noted.by not in ("", whose) and (base / noted.by).exists()
        # On some file systems, names that differ in case are one file.
        if not anothers and path.is_file() and _inode(path) not in there:
            found += [path] if any(path.resolve().is_relative_to(home) for home in homes) else []
    return sorted(found)


def _remove_copy(path: Path, noted: _NotedCopy, folder: Path | None) -> bool:
    """Delete a copy that is unchanged, and the folders in `folder` that are empty then."""
    if path.is_symlink() or not noted.is_ours(path):
        return False
    with translate_errors(path.parent, OUTPUT_ERRORS):
        path.unlink()
    for parent in path.parents:
        if folder is None or parent == folder or not parent.is_relative_to(folder):
            break
        with suppress(OSError):
            parent.rmdir()
    return True


def _check_free(targets: Sequence[Path], wanted: Mapping[Path, Path]) -> None:
    taken = [path for path in targets if os.path.lexists(path) and not _same_bytes(wanted[path], path)]
    if taken:
        raise Unusable([problem("copy_taken", path=str(path)) for path in taken])


def _same_bytes(source: Path, target: Path) -> bool:
    """Whether both hold the same bytes."""
    try:
        return target.is_file() and source.read_bytes() == target.read_bytes()
    except OSError:
        return False


def _copy(source: Path, target: Path) -> int:
    """Copy `source` to `target` unless it has the same bytes; return how many files that wrote."""
    if _same_bytes(source, target):
        return 0
    with translate_errors(target.parent, OUTPUT_ERRORS):
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(target) as fresh:
            shutil.copyfile(source, fresh)
    return 1


def _write_zip(pictures: Mapping[str, Path], target: Path, noted: _NotedCopy | None) -> int:
    """Write the ZIP unless it exists with the same bytes; return how many files that wrote."""
    with translate_errors(target.parent, OUTPUT_ERRORS):
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(target) as fresh:
            with zipfile.ZipFile(fresh, "w", zipfile.ZIP_STORED) as archive:
                for name in sorted(pictures):
                    archive.writestr(zipfile.ZipInfo(name, ZIP_EPOCH), pictures[name].read_bytes())
            if _same_bytes(fresh, target):
                fresh.unlink()
                return 0
            if os.path.lexists(target) and noted is None:
                raise Unusable([problem("copy_taken", path=str(target))])
    return 1


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _sha256(path: Path) -> str:
    """The SHA-256 of a file; empty where it can't be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def reported_export(done: ExportResult) -> ReportedExport:
    """The exported copies for reports."""
    return ReportedExport(
        to=None if done.folder is None else str(done.folder),
        zip=None if done.zip is None else str(done.zip),
        copies=done.copies,
        fresh=done.fresh,
        edited=[str(path) for path in done.edited],
        older=[str(path) for path in done.older],
        pruned=[str(path) for path in done.pruned],
        enlarged=done.enlarged,
        faceless=done.faceless,
    )

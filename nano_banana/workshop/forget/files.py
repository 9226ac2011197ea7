"""Files outside of the store that show somebody, and that we wrote."""

from __future__ import annotations

import zipfile
from collections.abc import Collection
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.errors import Invalid
from nano_banana.marks.bounds import LARGEST_FILE
from nano_banana.marks.embedded import digest_in
from nano_banana.reports.handout import handed_out
from nano_banana.store.store import Store
from nano_banana.store.wall import OUTPUT
from nano_banana.store.wall import wall

SHEETS = ("sheet.html", "sheet.pdf", "sheet.png", "sheet-page*.png")


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Files that go: pictures in output folders, sheets with them, copies handed out, ZIPs that hold a copy."""

    pictures: tuple[Path, ...] = ()
    sheets: tuple[Path, ...] = ()
    copies: tuple[Path, ...] = ()
    archives: tuple[Path, ...] = ()

    @property
    def all(self) -> tuple[Path, ...]:
        """All of them."""
        return (*self.pictures, *self.sheets, *self.copies, *self.archives)


def files_of(store: Store, out: Path, outputs: Collection[str], digests: Collection[str]) -> Files:
    """Find what is there of these outputs, and every copy of a picture whose blob is among `digests`.

    `out` is the folder of all recipes' output folders. Copies are known by the marks in them.
    """
    pictures = tuple(sorted(path for path in map(Path, outputs) if path.is_file()))
    recipes = {path.relative_to(out).parts[0] for path in pictures if path.is_relative_to(out)}
    sheets = [path for recipe in recipes for pattern in SHEETS for path in (out / recipe).glob(pattern)]
    copies: list[Path] = []
    archives: list[Path] = []
    for path in sorted({path for recipe in _recipes(store, out) for path in handed_out(store, recipe)}):
        if path.suffix == ".zip" and path.is_file():
            archives += [path] if any(digest_of(data) in digests for data in _inside(path)) else []
        elif path.is_file() and digest_of(path.read_bytes()) in digests:
            copies.append(path)
    return Files(pictures=pictures, sheets=tuple(sorted(sheets)), copies=tuple(copies), archives=tuple(archives))


def delete(files: Files) -> None:
    """Delete them, and the folders that are empty then. Raises Unusable where a folder can't be written."""
    for path in files.all:
        with wall(path.parent, OUTPUT):
            path.unlink(missing_ok=True)
            if not any(path.parent.iterdir()):
                path.parent.rmdir()


def digest_of(data: bytes) -> str | None:
    """The digest of the blob that a marked picture was made of; None for what is no such picture."""
    try:
        return digest_in(data)
    except Invalid:
        return None


def _recipes(store: Store, out: Path) -> set[str]:
    there = {path.name for path in out.iterdir() if path.is_dir()} if out.is_dir() else set()
    return there | {run.recipe for run in store.runs(limit=-1)}


def _inside(path: Path) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if entry.file_size <= LARGEST_FILE:
                    yield archive.read(entry)
    except (zipfile.BadZipFile, NotImplementedError):
        return

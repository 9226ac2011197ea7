"""Reads the files of an untrusted pack: bounded, no links, known types."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TypeVar

from nano_banana.formats.zip_reader import ZIP_ERRORS, is_inside_name
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import Invalid, Problem, Unusable, problem

MOST_FILES = 500
MOST_BYTES = 32 * 1_048_576
"""The most bytes of all files together."""
MOST_FILE_BYTES = 8 * 1_048_576
"""The most bytes of one file."""
MOST_SEEN = 20_000
"""The most files that are searched for a pack."""

TEXTS = frozenset({".yaml", ".yml", ".j2", ".txt", ".md"})
NAMES = frozenset({"LICENSE", "LICENCE", "README", "COPYING", "NOTICE"})
"""Texts without a suffix."""
PICTURE_HEADS: Mapping[str, bytes] = {
    ".jpg": b"\xff\xd8\xff",
    ".jpeg": b"\xff\xd8\xff",
    ".png": b"\x89PNG\r\n\x1a\n",
    ".webp": b"RIFF",
}
"""The first bytes of pictures, by suffix."""


ChooseFolder = Callable[[Sequence[str]], PurePosixPath]
"""Chooses a folder from all files' names."""
ChosenFiles = tuple[PurePosixPath, Mapping[str, bytes]]
"""The chosen folder, and its files by their path in it."""


def folder_files(folder: Path, choose: ChooseFolder) -> ChosenFiles:
    """The files of the chosen folder in a folder; hidden files and other folders are not read.

    Raises Invalid: `pack_link`, `pack_file_kind`, `pack_too_big`. Raises Unusable (`unreadable_pack`).
    """
    bag = _FileCollector(str(folder))
    try:
        named = {path.relative_to(folder).as_posix(): path for path in islice(_walk(folder), MOST_SEEN)}
        home = choose(list(named))
        for name, path in _below(named, home):
            if path.is_symlink() or not stat.S_ISREG(path.stat().st_mode):
                raise Invalid([problem("pack_link", file=name, pack=str(folder))])
            bag.room_for(name, path.stat().st_size)
            with path.open("rb") as file:
                bag.put(name, file.read(MOST_FILE_BYTES + 1))
    except OSError as error:
        raise Unusable([problem("unreadable_pack", pack=str(folder), why=error.strerror or "")]) from error
    return home, bag.files


def zip_files(archive: Path, choose: ChooseFolder) -> ChosenFiles:
    """The files of the chosen folder in a zip. Nothing is unpacked to disk.

    Raises Invalid as `folder_files` does, and `pack_not_zip`, `pack_outside`. Raises Unusable (`unreadable_pack`).
    """
    bag = _FileCollector(archive.name)
    try:
        bag.room_for(archive.name, archive.stat().st_size, most=MOST_BYTES)
        with zipfile.ZipFile(archive) as opened:
            for entry in opened.infolist():
                if not is_inside_name(entry.orig_filename):
                    raise Invalid([problem("pack_outside", file=entry.orig_filename, pack=archive.name)])
            named = {entry.filename: entry for entry in opened.infolist() if not entry.is_dir()}
            home = choose([name for name in named if not _is_hidden(name)])
            for name, entry in _below(named, home):
                if stat.S_ISLNK(entry.external_attr >> 16):
                    raise Invalid([problem("pack_link", file=name, pack=archive.name)])
                bag.room_for(name, entry.file_size)
                with opened.open(entry) as file:
                    bag.put(name, file.read(MOST_FILE_BYTES + 1))  # an entry's stated size can't be trusted
    except ZIP_ERRORS as error:
        raise Invalid([problem("pack_not_zip", file=archive.name)]) from error
    except OSError as error:
        raise Unusable([problem("unreadable_pack", pack=archive.name, why=error.strerror or "")]) from error
    return home, bag.files


_T = TypeVar("_T")


def _below(named: Mapping[str, _T], home: PurePosixPath) -> Iterator[tuple[str, _T]]:
    """The entries in `home` by their path in it, without hidden ones."""
    for name, thing in named.items():
        path = PurePosixPath(name)
        if path.is_relative_to(home) and not _is_hidden(path.relative_to(home).as_posix()):
            yield path.relative_to(home).as_posix(), thing


class _FileCollector:
    """Collects files up to the limits."""

    def __init__(self, source: str) -> None:
        self.files: dict[str, bytes] = {}
        self._source = source
        self._bytes = 0

    def room_for(self, name: str, size: int, *, most: int = MOST_FILE_BYTES) -> None:
        """Raise Invalid if so many more bytes are too many; one file has at most `most`."""
        if size > most or self._bytes + size > MOST_BYTES or len(self.files) >= MOST_FILES:
            limits: JSONObject = {"files": MOST_FILES, "size": MOST_BYTES, "each": MOST_FILE_BYTES}
            raise Invalid([Problem(kind="pack_too_big", data={"file": name, "pack": self._source, **limits})])

    def put(self, name: str, data: bytes) -> None:
        """Add a file. Raises Invalid if a pack may not have such a file."""
        self.room_for(name, len(data))
        if not _is_allowed(PurePosixPath(name), data):
            raise Invalid([problem("pack_file_kind", file=name, pack=self._source)])
        self.files[name] = data
        self._bytes += len(data)


def _is_allowed(path: PurePosixPath, data: bytes) -> bool:
    """Whether it is a text or a picture, by its name and its content."""
    suffix = path.suffix.casefold()
    if suffix in PICTURE_HEADS:
        return data.startswith(PICTURE_HEADS[suffix])
    if suffix not in TEXTS and path.name not in NAMES:
        return False
    try:
        return "\0" not in data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)


def _walk(folder: Path) -> Iterator[Path]:
    """All visible files in `folder` and its folders, and links, which are not followed."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path))
        else:
            yield Path(entry.path)

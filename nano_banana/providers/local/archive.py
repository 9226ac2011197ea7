"""Training photos out of a zip that nobody vouches for."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from PIL import Image

from nano_banana.core.errors import CallFailed, trouble
from nano_banana.imaging.open import open_picture

MOST_FILES = 1000
MOST_BYTES = 200_000_000
MOST_IN_ALL = 2_000_000_000
"""Bounds of an archive, unpacked: files, bytes of one file, bytes of all."""

BESIDE = frozenset({".txt", ".json", ".jsonl", ".csv"})
"""Files that may lie beside photos (captions) and are passed over."""


def photos(path: Path, *, place: str) -> Iterator[tuple[str, Image.Image]]:
    """The archive's photos by name, in order of their names, upright RGB; masks (`…_mask.jpg`) are left out.

    Each is decoded when it is asked for, so that a hundred large ones need the memory of one. Raises CallFailed
    `invalid_archive` with a `reason`: not_a_zip, outside, too_many, too_big, encrypted, damaged, not_a_picture or
    no_pictures, and the `file` that is to blame.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if not any(_is_photo(entry.filename) for entry in _entries(archive, place)):
                raise _invalid(place, "no_pictures")
            yield from _read(archive, place)
    except zipfile.BadZipFile as error:
        raise _invalid(place, "not_a_zip") from error


def _entries(archive: zipfile.ZipFile, place: str) -> list[zipfile.ZipInfo]:
    """Its files in order of their names, none decoded, within the bounds."""
    entries = sorted((entry for entry in archive.infolist() if not entry.is_dir()), key=lambda entry: entry.filename)
    if len(entries) > MOST_FILES:
        raise _invalid(place, "too_many")
    for entry in entries:
        _bounded(entry, place)
    if sum(entry.file_size for entry in entries) > MOST_IN_ALL:
        raise _invalid(place, "too_big")
    return entries


def _read(archive: zipfile.ZipFile, place: str) -> Iterator[tuple[str, Image.Image]]:
    with tempfile.TemporaryDirectory(prefix="nano-banana-") as folder:
        for entry in _entries(archive, place):
            if _is_photo(entry.filename):
                yield entry.filename, _photo(archive, entry, Path(folder) / "photo", place)


def _bounded(entry: zipfile.ZipInfo, place: str) -> None:
    name = PurePosixPath(entry.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
        raise _invalid(place, "outside", entry.filename)
    if entry.flag_bits & 1:
        raise _invalid(place, "encrypted", entry.filename)
    if entry.file_size > MOST_BYTES:
        raise _invalid(place, "too_big", entry.filename)


def _is_photo(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not hidden and path.suffix.lower() not in BESIDE and not path.stem.endswith("_mask")


def _photo(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, scratch: Path, place: str) -> Image.Image:
    try:
        with archive.open(entry) as file:
            # One byte more than it says: a header may lie.
            data = file.read(entry.file_size + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise _invalid(place, "damaged", entry.filename) from error
    scratch.write_bytes(data)
    try:
        return open_picture(scratch, place=entry.filename)
    except CallFailed as error:
        raise _invalid(place, "not_a_picture", entry.filename) from error


def _invalid(place: str, reason: str, file: str = "") -> CallFailed:
    return CallFailed([trouble("invalid_archive", input=place, reason=reason, file=file)])

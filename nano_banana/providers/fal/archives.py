"""Whether a zip holds pictures with their captions, and nothing else."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path, PurePosixPath

from nano_banana.core.errors import CallFailed, trouble
from nano_banana.providers.fal.sniff import HEAD, media_of

MAGIC = b"PK\x03\x04"
MOST_FILES = 20_000
"""With captions; nobody trains on more, and each is looked at before any leaves."""
CAPTIONS = frozenset({".txt", ".json", ".jsonl", ".csv"})
"""What trainers read beside photos."""


def check_archive(path: Path) -> None:
    """Return where each file of the zip is a picture or may be a caption, and there is a picture.

    Documents and programs are zips, too: those of one's own are no business of a recipe's. Raises CallFailed:
    `archive_not_sent` with the `file` in it that is to blame, `archive_unusable` (damaged, without
    pictures, or of more than `MOST_FILES` files).
    """
    pictures = 0
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _is_litter(entry.filename)]
            if len(entries) > MOST_FILES:
                raise _unusable()
            for entry in entries:
                is_picture = _is_picture(archive, entry)
                if not is_picture and PurePosixPath(entry.filename).suffix.lower() not in CAPTIONS:
                    raise CallFailed([trouble("archive_not_sent", input="", file=entry.filename)])
                pictures += is_picture
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise _unusable() from error
    if not pictures:
        raise _unusable()


def _is_picture(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    with archive.open(entry) as file:
        return media_of(file.read(HEAD)).startswith("image/")


def _is_litter(name: str) -> bool:
    """What file managers leave in every zip."""
    path = PurePosixPath(name)
    return "__MACOSX" in path.parts or path.name in {".DS_Store", "Thumbs.db", "desktop.ini"}


def _unusable() -> CallFailed:
    return CallFailed([trouble("archive_unusable", input="")])

"""What kind of picture a file is, by its first bytes."""

from __future__ import annotations

import functools
from importlib.util import find_spec
from pathlib import Path

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
"""What a folder of photos is searched for."""

HEIC_SUFFIXES = frozenset({".heic", ".heif"})
"""Photos of telephones, which an extra reads."""

HEIC = "image/heic"

CAMERA_SUFFIXES = frozenset(
    {".avif", ".jp2", ".dng", ".cr2", ".cr3", ".nef", ".nrw", ".arw", ".orf", ".raf", ".rw2", ".pef"}
)
"""Photos of kinds that are not taken: a folder that holds some is not what it seems."""

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1"})
_SIGNS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)


def picture_media(path: Path) -> str | None:
    """The media type, or None where the file is no picture. Raises OSError where it can't be read."""
    with path.open("rb") as file:
        head = file.read(12)
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return HEIC
    return next((media for sign, media in _SIGNS if head.startswith(sign)), None)


@functools.cache
def reads_heic() -> bool:
    """Whether the extra that reads HEIC is installed."""
    return find_spec("pi_heif") is not None

"""EXIF tags that tell of software, out of a TIFF that may be broken."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

_DESCRIPTION, _MAKE, _MODEL, _SOFTWARE, _ARTIST = 0x010E, 0x010F, 0x0110, 0x0131, 0x013B
_EXIF, _COMMENT = 0x8769, 0x9286
_NAMES = {
    _DESCRIPTION: "ImageDescription",
    _MAKE: "Make",
    _MODEL: "Model",
    _SOFTWARE: "Software",
    _ARTIST: "Artist",
}
LARGEST = 16 << 20
"""Bytes. A larger structure is left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """Those of the texts that are there, by the tag's name, and the user's comment."""

    texts: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""


def tags(exif: bytes) -> Tags:
    """Read the tags; nothing of what can't be read."""
    if not exif or len(exif) > LARGEST:
        return Tags()
    # Loaded on demand: a file without EXIF needs no imaging library.
    from PIL import Image

    found = Image.Exif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found.load(exif)
            texts = {name: text for tag, name in _NAMES.items() if (text := _text(found.get(tag)))}
            comment = _comment(found.get_ifd(_EXIF).get(_COMMENT))
    except (OSError, ValueError, SyntaxError, KeyError, TypeError, OverflowError, EOFError, struct.error):
        return Tags()
    return Tags(texts=texts, comment=comment)


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return value.strip("\0 \n") if isinstance(value, str) else ""


def _comment(value: object) -> str:
    """EXIF 2.32 §4.6.5: eight bytes say the encoding. Writers differ on the order of UTF-16's bytes."""
    if isinstance(value, str):
        return value.strip("\0 ")
    if not isinstance(value, bytes):
        return ""
    code, text = value[:8], value[8:]
    if code.startswith(b"UNICODE"):
        little = text[1:2] == b"\0" or text.startswith(b"\xff\xfe")
        return text.decode("utf-16-le" if little else "utf-16-be", "replace").strip("\0\ufeff ")
    if code.startswith(b"ASCII"):
        return text.decode("utf-8", "replace").strip("\0 ")
    return value.decode("utf-8", "replace").strip("\0 ")

"""EXIF tags that tell of software, out of a TIFF that may be broken."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nano_banana.marks.iim import iim_of
from nano_banana.marks.text import best_text, read_text, read_wide_text

if TYPE_CHECKING:
    from PIL import Image

_DESCRIPTION, _MAKE, _MODEL, _SOFTWARE, _ARTIST = 0x010E, 0x010F, 0x0110, 0x0131, 0x013B
_EXIF, _COMMENT = 0x8769, 0x9286
_WINDOWS = (0x9C9B, 0x9C9C)
"""XPTitle and XPComment: UTF-16."""

_IIM, _PHOTOSHOP = 0x83BB, 0x8649
_JAPANESE = ("iso2022_jp", "shift_jis", "euc_jp", "utf-8")
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
    """Those of the texts that are there, by the tag's name, the user's comment, and what Windows' programs wrote.

    `iim` is the older form of IPTC's fields, which TIFF files have among their tags.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""
    titles: Sequence[str] = ()
    iim: bytes = b""


def tags(exif: bytes) -> Tags:
    """Read the tags; nothing of what can't be read."""
    if not exif or len(exif) > LARGEST:
        return Tags()
    return tags_of(lambda: _loaded(exif))


def tags_of(load: Callable[[], Image.Exif]) -> Tags:
    """The tags of what `load` gives; none where that can't be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = load()
            return Tags(
                texts={name: text for tag, name in _NAMES.items() if (text := _text(found.get(tag)))},
                comment=_comment(found.get_ifd(_EXIF).get(_COMMENT), found.endian or ""),
                titles=[_title(found.get(tag)) for tag in _WINDOWS if found.get(tag)],
                iim=_bytes(found.get(_IIM), found.endian or "") or iim_of(_bytes(found.get(_PHOTOSHOP), "")),
            )
    except (OSError, ValueError, SyntaxError, KeyError, TypeError, OverflowError, EOFError, struct.error):
        return Tags()


def _loaded(exif: bytes) -> Image.Exif:
    # Loaded on demand: a file without EXIF needs no imaging library.
    from PIL import Image

    found = Image.Exif()
    found.load(exif)
    return found


def _text(value: object) -> str:
    """Texts are said to be ASCII; Pillow reads their bytes as Latin-1, and most are UTF-8."""
    if isinstance(value, str):
        value = value.encode("latin-1", "replace")
    return read_text(value).strip("\0 \n") if isinstance(value, bytes) else ""


def _title(value: object) -> str:
    return read_wide_text(_bytes(value, "")).strip()


def _bytes(value: object, endian: str) -> bytes:
    """A tag's bytes; those of numbers of four bytes in the file's order."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, tuple) or not all(isinstance(each, int) and 0 <= each < 1 << 32 for each in value):
        return b""
    if not endian:
        return bytes(value) if all(each < 1 << 8 for each in value) else b""
    return b"".join(each.to_bytes(4, "little" if endian == "<" else "big") for each in value)


def _comment(value: object, endian: str) -> str:
    """EXIF 2.32 §4.6.5: eight bytes say the encoding. Writers differ on the order of UTF-16's bytes."""
    if isinstance(value, str):
        return _text(value)
    if not isinstance(value, bytes):
        return ""
    code, text = value[:8], value[8:]
    if code.startswith(b"UNICODE"):
        return read_wide_text(text, likely="utf-16-le" if endian == "<" else "utf-16-be").strip()
    if code.startswith(b"JIS"):
        return best_text(text, _JAPANESE).strip()
    return read_text(text if code.startswith(b"ASCII") or not code.strip(b"\0") else value).strip("\0 ")

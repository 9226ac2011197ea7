"""EXIF and IPTC-IIM: read the tags that name software, write a comment.

EXIF 2.32 §4.6.5 (UserComment), §4.7.2; IPTC-NAA Information Interchange Model 4.2, §1.5 (data sets); Adobe Photoshop
File Formats Specification, "Image Resource Blocks". The TIFF structure may be damaged: what can't be read is skipped.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field

from nano_banana.formats.untrusted import decode_best, decode_text, decode_utf16

if TYPE_CHECKING:
    from PIL import Image


PHOTOSHOP_TAG = b"Photoshop 3.0\0"
_RESOURCE_SIGNATURE = b"8BIM"
_IIM_RESOURCE = 0x0404
_APPLICATION_RECORD = 2
_IIM_FIELDS = {65: "program", 80: "by-line", 110: "credit", 120: "caption"}
_MAX_FIELDS = 1000


def find_iim(resources: bytes) -> bytes:
    """The IIM in Photoshop's resources; empty where there is none."""
    at = 0
    while resources.startswith(_RESOURCE_SIGNATURE, at):
        named = at + 6
        begin = named + _even(1 + resources[named : named + 1][0] if named < len(resources) else 0)
        size = int.from_bytes(resources[begin : begin + 4], "big")
        if int.from_bytes(resources[at + 4 : named], "big") == _IIM_RESOURCE:
            return resources[begin + 4 : begin + 4 + size]
        at = begin + 4 + _even(size)
    return b""


def iim_fields(iim: bytes) -> Mapping[str, str]:
    """The texts of those fields that say who or what made a picture, the first of each."""
    found: dict[str, str] = {}
    for number, value in _data_sets(iim):
        if number in _IIM_FIELDS:
            found.setdefault(_IIM_FIELDS[number], decode_text(value).strip())
    return found


def _data_sets(iim: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and value of each data set of the application record, up to the first that is damaged or very long."""
    at = 0
    for _ in range(_MAX_FIELDS):
        size = int.from_bytes(iim[at + 3 : at + 5], "big")
        if iim[at : at + 1] != b"\x1c" or size & 0x8000 or at + 5 + size > len(iim):
            return
        if iim[at + 1] == _APPLICATION_RECORD:
            yield iim[at + 2], iim[at + 5 : at + 5 + size]
        at += 5 + size


def _even(size: int) -> int:
    return size + size % 2


_BIG_ENDIAN_HEADER = b"MM\x00*"
_LONG, _UNDEFINED = 4, 7
_EXIF, _COMMENT = 0x8769, 0x9286


def encode_user_comment(text: str) -> bytes:
    """A TIFF structure with nothing but the EXIF tag UserComment (EXIF 2.32 §4.6.5): `UNICODE`, then UTF-16-BE.

    Programs that draw pictures keep their parameters there in JPEG and WebP.
    """
    comment = b"UNICODE\0" + text.encode("utf-16-be", "replace")
    # The header (8 bytes) and a directory with one entry (18 bytes) come first, the EXIF directory follows.
    first = _one_entry_directory(_EXIF, _LONG, 1, 26)
    second = _one_entry_directory(_COMMENT, _UNDEFINED, len(comment), 44)
    return _BIG_ENDIAN_HEADER + (8).to_bytes(4, "big") + first + second + comment


def _one_entry_directory(tag: int, kind: int, count: int, value: int) -> bytes:
    entry = tag.to_bytes(2, "big") + kind.to_bytes(2, "big") + count.to_bytes(4, "big") + value.to_bytes(4, "big")
    return (1).to_bytes(2, "big") + entry + bytes(4)


_WINDOWS_TAGS = (0x9C9B, 0x9C9C)
"""XPTitle and XPComment: UTF-16."""

_IIM, _PHOTOSHOP = 0x83BB, 0x8649
_JIS_ENCODINGS = ("iso2022_jp", "shift_jis", "euc_jp", "utf-8")
_TAG_NAMES = {0x010E: "ImageDescription", 0x010F: "Make", 0x0110: "Model", 0x0131: "Software", 0x013B: "Artist"}
MAX_EXIF_READ = 16 << 20
"""Bytes. A larger structure is left alone."""


class SoftwareTags(Struct, frozen=True, kw_only=True):
    """Those of the texts that are there, by the tag's name, the user's comment, and what Windows' programs wrote.

    `iim` is the older form of IPTC's fields, which TIFF files have among their tags.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""
    titles: Sequence[str] = ()
    iim: bytes = b""


def read_software_tags(exif: bytes) -> SoftwareTags:
    """Read the tags; nothing of what can't be read."""
    if not exif or len(exif) > MAX_EXIF_READ:
        return SoftwareTags()
    return software_tags_of(lambda: _load_exif(exif))


def software_tags_of(load: Callable[[], Image.Exif]) -> SoftwareTags:
    """The tags of what `load` gives; none where that can't be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = load()
            return SoftwareTags(
                texts={name: text for tag, name in _TAG_NAMES.items() if (text := _tag_text(found.get(tag)))},
                comment=_user_comment_text(found.get_ifd(_EXIF).get(_COMMENT), found.endian or ""),
                titles=[decode_utf16(_tag_bytes(found[tag], "")).strip() for tag in _WINDOWS_TAGS if found.get(tag)],
                iim=_tag_bytes(found.get(_IIM), found.endian or "") or find_iim(_tag_bytes(found.get(_PHOTOSHOP), "")),
            )
    except (OSError, ValueError, SyntaxError, KeyError, TypeError, OverflowError, EOFError, struct.error):
        return SoftwareTags()


def _load_exif(exif: bytes) -> Image.Exif:
    # Loaded on demand: a file without EXIF needs no imaging library.
    from PIL import Image

    found = Image.Exif()
    found.load(exif)
    return found


def _tag_text(value: object) -> str:
    """Texts are said to be ASCII; Pillow reads their bytes as Latin-1, and most are UTF-8."""
    if isinstance(value, str):
        value = value.encode("latin-1", "replace")
    return decode_text(value).strip("\0 \n") if isinstance(value, bytes) else ""


def _tag_bytes(value: object, endian: str) -> bytes:
    """A tag's bytes; those of numbers of four bytes in the file's order."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, tuple) or not all(isinstance(each, int) and 0 <= each < 1 << 32 for each in value):
        return b""
    if not endian:
        return bytes(value) if all(each < 1 << 8 for each in value) else b""
    return b"".join(each.to_bytes(4, "little" if endian == "<" else "big") for each in value)


def _user_comment_text(value: object, endian: str) -> str:
    """EXIF 2.32 §4.6.5: eight bytes say the encoding. Writers differ on the order of UTF-16's bytes."""
    if isinstance(value, str):
        return _tag_text(value)
    if not isinstance(value, bytes):
        return ""
    code, text = value[:8], value[8:]
    if code.startswith(b"UNICODE"):
        return decode_utf16(text, likely="utf-16-le" if endian == "<" else "utf-16-be").strip()
    if code.startswith(b"JIS"):
        return decode_best(text, _JIS_ENCODINGS).strip()
    return decode_text(text if code.startswith(b"ASCII") or not code.strip(b"\0") else value).strip("\0 ")

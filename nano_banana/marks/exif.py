"""The smallest EXIF that holds a comment, for programs that look there."""

from __future__ import annotations

_BIG = b"MM\x00*"
_LONG, _UNDEFINED = 4, 7
_EXIF_IFD, _USER_COMMENT = 0x8769, 0x9286


def user_comment(text: str) -> bytes:
    """A TIFF structure with nothing but the EXIF tag UserComment (EXIF 2.32 §4.6.5): `UNICODE`, then UTF-16-BE.

    Programs that draw pictures keep their parameters there in JPEG and WebP.
    """
    comment = b"UNICODE\0" + text.encode("utf-16-be", "replace")
    # The header (8 bytes) and a directory with one entry (18 bytes) come first, the EXIF directory follows.
    first = _directory(_EXIF_IFD, _LONG, 1, 26)
    second = _directory(_USER_COMMENT, _UNDEFINED, len(comment), 44)
    return _BIG + (8).to_bytes(4, "big") + first + second + comment


def _directory(tag: int, kind: int, count: int, value: int) -> bytes:
    entry = tag.to_bytes(2, "big") + kind.to_bytes(2, "big") + count.to_bytes(4, "big") + value.to_bytes(4, "big")
    return (1).to_bytes(2, "big") + entry + bytes(4)

"""Bounds for foreign files: their sizes, and deflate that can't explode."""

from __future__ import annotations

import base64
import binascii
import zlib

LARGEST_FILE = 512 << 20
"""Bytes. A larger picture file is not read."""

MOST_PARTS = 1 << 18
"""Chunks or segments that a picture file is split into; what comes after them is one piece."""

LARGEST_TEXT = 8 << 20
"""Bytes. What inflates to more is taken for broken."""

LARGEST_UNDO = 64 << 20
"""Bytes that a marked picture may hold of what it told before."""


def inflated(data: bytes, *, most: int = LARGEST_TEXT) -> bytes | None:
    """What zlib packed; None where it is damaged, cut short, or larger than `most` bytes."""
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(data, most + 1)
    except zlib.error:
        return None
    return text if unpacker.eof and len(text) <= most else None


def packed(text: bytes) -> str:
    """Bytes as one word of ASCII: deflated, base64."""
    return base64.b64encode(zlib.compress(text)).decode("ascii")


def unpacked(word: str, *, most: int = LARGEST_TEXT) -> bytes | None:
    """What `packed` was given; None where it is damaged or larger than `most` bytes."""
    try:
        return inflated(base64.b64decode(word.encode("ascii", "replace"), validate=True), most=most)
    except binascii.Error:
        return None

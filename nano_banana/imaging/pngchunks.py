"""A PNG file as chunks: its pixels kept bit for bit, its tales dropped."""

from __future__ import annotations

SIGNATURE = b"\x89PNG\r\n\x1a\n"

KEPT = frozenset(
    (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"cICP"),
)
"""What makes pixels and their colours (PNG, third edition, §11); text, EXIF, times and frames go."""


def bare_png(data: bytes) -> bytes | None:
    """The PNG without text, EXIF, times, later frames or anything after its end.

    None where the file is not built as the standard says.
    """
    if not data.startswith(SIGNATURE):
        return None
    kept = [SIGNATURE]
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        stop = at + 12 + int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        if stop > len(data) or not name.isalpha():
            return None
        if name in KEPT:
            kept.append(data[at:stop])
        if name == b"IEND":
            return b"".join(kept)
        at = stop
    return None

"""A PNG file as chunks: its pixels kept bit for bit, its tales dropped."""

from __future__ import annotations

from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
END = b"IEND"

KEPT = frozenset(
    (b"IHDR", b"PLTE", b"IDAT", END, b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"cICP"),
)
"""What makes pixels and their colours (PNG, third edition, §11); text, EXIF, times and frames go."""


def bare_png(data: bytes) -> bytes | None:
    """The PNG without text, EXIF, times, later frames or anything after its end.

    None where the file is not built as the standard says.
    """
    if not data.startswith(SIGNATURE):
        return None
    kept = [SIGNATURE]
    name = b""
    for name, at, stop in chunks(data):
        if name in KEPT:
            kept.append(data[at:stop])
    return b"".join(kept) if name == END else None


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, begin and end (in bytes from the file's begin) of each chunk behind the signature, up to the PNG's end.

    What is cut short, or has no name, is no chunk.
    """
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        stop = at + 12 + int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        if stop > len(data) or not name.isalpha():
            return
        yield name, at, stop
        if name == END:
            return
        at = stop

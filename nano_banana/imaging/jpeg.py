"""A JPEG file as segments: its pixels kept bit for bit, its tales dropped.

ITU-T T.81 annex B: a file is segments (`FF`, marker, two bytes of length, content); after SOS come coded
pixels, in which `FF` is followed by 00 or a restart marker and nothing else.
"""

from __future__ import annotations

import re

START = b"\xff\xd8"
END = b"\xff\xd9"
_SOS, _COM, _APP0, _APP2, _APP14, _APP15 = 0xDA, 0xFE, 0xE0, 0xE2, 0xEE, 0xEF
_JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
_NEXT = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def bare_jpeg(data: bytes) -> bytes | None:
    """The JPEG without EXIF, XMP, comments, thumbnails or anything after its end, decoding to the same pixels.

    What tells colours stays: a bare JFIF header where there was one, the ICC profile, Adobe's APP14.
    None where the file is not built as the standard says.
    """
    if not data.startswith(START):
        return None
    kept = [START]
    at = len(START)
    while data[at : at + 1] == b"\xff" and len(data) >= at + 4:
        marker = data[at + 1]
        if data[at : at + 2] == END:
            return b"".join([*kept, END])
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        stop = at + 2 + length
        if marker < 0xC0 or length < 2 or stop > len(data):
            return None
        if marker == _SOS:
            coming = _NEXT.search(data, stop)
            stop = coming.start() if coming else len(data)
        kept.append(_kept(marker, data[at:stop]))
        at = stop
    return b"".join([*kept, END]) if data[at:] in (END, b"") else None


def _kept(marker: int, segment: bytes) -> bytes:
    content = segment[4:]
    if marker == _APP0:
        return _JFIF if content.startswith(b"JFIF\x00") else b""
    if marker == _APP2:
        return segment if content.startswith(b"ICC_PROFILE\x00") else b""
    if marker == _APP14:
        return segment if content.startswith(b"Adobe") else b""
    if marker == _COM or _APP0 < marker <= _APP15:
        return b""
    return segment

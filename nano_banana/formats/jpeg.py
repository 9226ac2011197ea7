"""JPEG files as segments: XMP and EXIF are inserted after JFIF's.

ITU-T T.81 annex B (segments); XMP part 3, §1.1.3 (APP1, and extended XMP for what does not fit into one segment);
EXIF 2.32 §4.7.2. Content credentials: JUMBF in APP11 (ISO/IEC 19566-5).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from nano_banana.formats.exif_iptc import PHOTOSHOP_TAG, find_iim
from nano_banana.formats.image_parts import (
    C2PA,
    EXIF,
    EXTENDED_XMP,
    HEAD,
    TAIL,
    XMP,
    EmbeddedMetadata,
    FilePart,
    first_part,
    join_parts,
)
from nano_banana.formats.untrusted import MAX_PARTS, decode_text

MEDIA = "image/jpeg"
START = b"\xff\xd8"
MAX_SEGMENT_BYTES = 0xFFFF - 2
"""Bytes of one segment's content."""

XMP_TAG = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED_XMP_TAG = b"http://ns.adobe.com/xmp/extension/\0"
EXIF_TAG = b"Exif\0\0"
MAX_XMP_BYTES = MAX_SEGMENT_BYTES - len(XMP_TAG)
MAX_EXIF_BYTES = MAX_SEGMENT_BYTES - len(EXIF_TAG)

_GUID = 32
_COMMENT, _PHOTOSHOP = "fe", "ed"
_PIECE = MAX_SEGMENT_BYTES - len(EXTENDED_XMP_TAG) - _GUID - 8
_SOS, _APP0, _APP1, _APP11 = 0xDA, 0xE0, 0xE1, 0xEB


def is_jpeg(data: bytes) -> bool:
    """Whether the bytes begin a JPEG."""
    return data.startswith(START + b"\xff")


def split(data: bytes) -> list[FilePart]:
    """The start, each segment before the pixels, and all the rest."""
    view = memoryview(data)
    parts = [FilePart(kind=HEAD, data=view[:2])]
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] not in (_SOS, 0xD9, 0xFF):
        if len(parts) == MAX_PARTS:
            break
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if length < 2 or at + 2 + length > len(data):
            break
        parts.append(
            FilePart(kind=_kind(data[at + 1], data[at + 4 : at + 2 + length]), data=view[at : at + 2 + length])
        )
        at += 2 + length
    return [*parts, FilePart(kind=TAIL, data=view[at:])]


def join(parts: Sequence[FilePart], *, xmp: bytes, more: bytes = b"", exif: bytes = b"") -> bytes:
    """The file with XMP (at most `LARGEST_XMP` bytes), what goes on behind it, and EXIF, behind JFIF's and EXIF's own.

    `more` is named in the packet by `guid(more)`.
    """
    new = [_segment(_APP1, EXIF_TAG + exif)] if exif else []
    new.append(_segment(_APP1, XMP_TAG + xmp))
    for at in range(0, len(more), _PIECE):
        head = (
            EXTENDED_XMP_TAG
            + extended_xmp_guid(more).encode("ascii")
            + len(more).to_bytes(4, "big")
            + at.to_bytes(4, "big")
        )
        new.append(_segment(_APP1, head + more[at : at + _PIECE]))
    at = next((at for at, part in enumerate(parts) if part.kind not in (HEAD, "jfif", EXIF)), len(parts))
    return join_parts(parts[:at], *new, parts[at:])


def extended_xmp_guid(more: bytes) -> str:
    """The name of the rest of a long packet: its MD5, 32 upper-case hex digits, as the XMP specification says."""
    return hashlib.md5(more, usedforsecurity=False).hexdigest().upper()


def metadata_of_parts(parts: Sequence[FilePart]) -> EmbeddedMetadata:
    """What the file tells."""
    photoshop = (bytes(part.data[4:]) for part in parts if part.kind == _PHOTOSHOP)
    resources = b"".join(each[len(PHOTOSHOP_TAG) :] for each in photoshop if each.startswith(PHOTOSHOP_TAG))
    return EmbeddedMetadata(
        media=MEDIA,
        xmp=first_part(parts, XMP)[4 + len(XMP_TAG) :],
        xmp_more=_extended_xmp([bytes(part.data[4:]) for part in parts if part.kind == EXTENDED_XMP]),
        comments=[decode_text(bytes(part.data[4:])) for part in parts if part.kind == _COMMENT],
        exif=first_part(parts, EXIF)[4 + len(EXIF_TAG) :],
        iim=find_iim(resources),
        c2pa=any(part.kind == C2PA for part in parts),
        skipped=() if first_part(parts, TAIL)[1:2] in (b"\xda", b"\xd9") else ("what follows a damaged segment",),
    )


def _kind(marker: int, content: bytes) -> str:
    if marker == _APP1:
        tags = {XMP_TAG: XMP, EXTENDED_XMP_TAG: EXTENDED_XMP, EXIF_TAG: EXIF}
        return next((kind for tag, kind in tags.items() if content.startswith(tag)), "app1")
    if marker == _APP0:
        return "jfif"
    # A JUMBF box in APP11: `JP`, instance, number of the piece, then the box with its length and type.
    return C2PA if marker == _APP11 and content.startswith(b"JP") and b"c2pa" in content[:64] else f"{marker:02x}"


def _extended_xmp(segments: Sequence[bytes]) -> bytes:
    """The pieces of a long packet in order, those of the first name; empty where some are missing."""
    head = len(EXTENDED_XMP_TAG)
    name = segments[0][head : head + _GUID] if segments else b""
    pieces = {
        int.from_bytes(each[head + _GUID + 4 : head + _GUID + 8], "big"): each[head + _GUID + 8 :]
        for each in segments
        if each[head : head + _GUID] == name
    }
    text = b""
    for at in sorted(pieces):
        text += pieces[at] if at == len(text) else b""
    return (
        text if segments and len(text) == int.from_bytes(segments[0][head + _GUID : head + _GUID + 4], "big") else b""
    )


def _segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content

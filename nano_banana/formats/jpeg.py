"""JPEG files: segments, pixels without metadata, XMP and EXIF.

ITU-T T.81 annex B: a file is segments (`FF`, marker, two bytes of length, content). After SOS come coded pixels, in
which `FF` is followed by 00 or a restart marker and nothing else. XMP part 3, §1.1.3 (APP1, and extended XMP if it does
not fit into one segment); EXIF 2.32 §4.7.2. Content credentials are JUMBF in APP11 (ISO/IEC 19566-5).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import islice, takewhile

from nano_banana.formats.exif_iptc import PHOTOSHOP_TAG, find_iim
from nano_banana.formats.image_parts import EmbeddedMetadata, FilePart, PartKind, first_part, join_parts
from nano_banana.formats.untrusted import MAX_PARTS, decode_text

MEDIA = "image/jpeg"
MAX_SEGMENT_BYTES = 0xFFFF - 2
"""Bytes of the largest content of one segment."""

XMP_TAG = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED_XMP_TAG = b"http://ns.adobe.com/xmp/extension/\0"
EXIF_TAG = b"Exif\0\0"
MAX_XMP_BYTES = MAX_SEGMENT_BYTES - len(XMP_TAG)
MAX_EXIF_BYTES = MAX_SEGMENT_BYTES - len(EXIF_TAG)

_GUID = 32
_COMMENT, _PHOTOSHOP = "fe", "ed"
_PIECE = MAX_SEGMENT_BYTES - len(EXTENDED_XMP_TAG) - _GUID - 8
_START, _END = b"\xff\xd8", b"\xff\xd9"
_EOI, _SOS, _COM = 0xD9, 0xDA, 0xFE
_APP0, _APP1, _APP2, _APP11, _APP14, _APP15 = 0xE0, 0xE1, 0xE2, 0xEB, 0xEE, 0xEF
_JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def is_jpeg(data: bytes) -> bool:
    """Whether the bytes begin with a JPEG's start marker and another marker."""
    return data.startswith(_START + b"\xff")


def iter_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, begin and end of each whole segment after the start, with the coded pixels in SOS.

    Stops before EOI and before the first segment that is cut short.
    """
    at = len(_START)
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] not in (_EOI, 0xFF):
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        stop = at + 2 + length
        if length < 2 or stop > len(data):
            return
        if data[at + 1] == _SOS:
            coming = _NEXT_MARKER.search(data, stop)
            stop = coming.start() if coming else len(data)
        yield data[at + 1], at, stop
        at = stop


def jpeg_without_metadata(data: bytes) -> bytes | None:
    """Return the JPEG without EXIF, XMP, comments, thumbnails or anything after its end. It decodes to the same pixels.

    Segments that define colours stay: a bare JFIF header if there was one, the ICC profile, Adobe's APP14. None if the
    file isn't a well-formed JPEG.
    """
    if not data.startswith(_START):
        return None
    kept, stop = [_START], len(_START)
    for marker, at, stop in iter_segments(data):
        if marker < 0xC0:
            return None
        kept.append(_kept_segment(marker, data[at:stop]))
    ended = stop == len(data) or data[stop : stop + 2] == _END
    return b"".join([*kept, _END]) if ended else None


def _kept_segment(marker: int, segment: bytes) -> bytes:
    """The segment as it stays; empty if it is metadata."""
    content = segment[4:]
    if marker == _APP0:
        return _JFIF if content.startswith(b"JFIF\x00") else b""
    if marker == _APP2:
        return segment if content.startswith(b"ICC_PROFILE\x00") else b""
    if marker == _APP14:
        return segment if content.startswith(b"Adobe") else b""
    return b"" if marker == _COM or _APP0 < marker <= _APP15 else segment


def split(data: bytes) -> list[FilePart]:
    """Split a JPEG into its start, each segment before the pixels, and the rest."""
    view, stop = memoryview(data), len(_START)
    parts = [FilePart(kind=PartKind.HEAD, data=view[:stop])]
    segments = takewhile(lambda segment: segment[0] != _SOS, iter_segments(data))
    for marker, at, stop in islice(segments, MAX_PARTS - 1):
        parts.append(FilePart(kind=_kind(marker, data[at + 4 : stop]), data=view[at:stop]))
    return [*parts, FilePart(kind=PartKind.TAIL, data=view[stop:])]


def join(parts: Sequence[FilePart], *, xmp: bytes, more: bytes = b"", exif: bytes = b"") -> bytes:
    """Join the parts, with XMP (at most `MAX_XMP_BYTES`), extended XMP and EXIF after the JFIF and EXIF segments.

    The packet names the extended part, `more`, by `extended_xmp_guid(more)`.
    """
    new = [_segment(_APP1, EXIF_TAG + exif)] if exif else []
    new.append(_segment(_APP1, XMP_TAG + xmp))
    for at in range(0, len(more), _PIECE):
        numbers = len(more).to_bytes(4, "big") + at.to_bytes(4, "big")
        head = EXTENDED_XMP_TAG + extended_xmp_guid(more).encode("ascii") + numbers
        new.append(_segment(_APP1, head + more[at : at + _PIECE]))
    first = (PartKind.HEAD, "jfif", PartKind.EXIF)
    at = next((at for at, part in enumerate(parts) if part.kind not in first), len(parts))
    return join_parts(parts[:at], *new, parts[at:])


def extended_xmp_guid(more: bytes) -> str:
    """The GUID of extended XMP: its MD5 as 32 upper-case hex digits, as the XMP specification says."""
    return hashlib.md5(more, usedforsecurity=False).hexdigest().upper()


def metadata_of_parts(parts: Sequence[FilePart]) -> EmbeddedMetadata:
    """Read the metadata."""
    photoshop = (bytes(part.data[4:]) for part in parts if part.kind == _PHOTOSHOP)
    resources = b"".join(each[len(PHOTOSHOP_TAG) :] for each in photoshop if each.startswith(PHOTOSHOP_TAG))
    is_whole = first_part(parts, PartKind.TAIL)[1:2] in (b"\xda", b"\xd9")
    return EmbeddedMetadata(
        media=MEDIA,
        xmp=first_part(parts, PartKind.XMP)[4 + len(XMP_TAG) :],
        xmp_more=_extended_xmp([bytes(part.data[4:]) for part in parts if part.kind == PartKind.EXTENDED_XMP]),
        comments=[decode_text(bytes(part.data[4:])) for part in parts if part.kind == _COMMENT],
        exif=first_part(parts, PartKind.EXIF)[4 + len(EXIF_TAG) :],
        iim=find_iim(resources),
        c2pa=any(part.kind == PartKind.C2PA for part in parts),
        skipped=() if is_whole else ("what follows a damaged segment",),
    )


def _kind(marker: int, content: bytes) -> str:
    if marker == _APP1:
        tags = {XMP_TAG: PartKind.XMP, EXTENDED_XMP_TAG: PartKind.EXTENDED_XMP, EXIF_TAG: PartKind.EXIF}
        return next((kind for tag, kind in tags.items() if content.startswith(tag)), "app1")
    if marker == _APP0:
        return "jfif"
    # A JUMBF box in APP11: `JP`, instance, number of the piece, then the box with its length and type.
    is_c2pa = marker == _APP11 and content.startswith(b"JP") and b"c2pa" in content[:64]
    return PartKind.C2PA if is_c2pa else f"{marker:02x}"


def _extended_xmp(segments: Sequence[bytes]) -> bytes:
    """The extended XMP with the first segment's GUID, put together; empty if a piece is missing."""
    if not segments:
        return b""
    # GUID, length of the whole, offset of this piece
    begin = len(EXTENDED_XMP_TAG)
    length, at = begin + _GUID, begin + _GUID + 4
    own = [each for each in segments if each[begin:length] == segments[0][begin:length]]
    pieces = {int.from_bytes(each[at : at + 4], "big"): each[at + 4 :] for each in own}
    text = b""
    for start in sorted(pieces):
        text += pieces[start] if start == len(text) else b""
    return text if len(text) == int.from_bytes(segments[0][length:at], "big") else b""


def _segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content

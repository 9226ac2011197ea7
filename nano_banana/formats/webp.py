"""WebP files as RIFF chunks: XMP and EXIF at the end, announced in VP8X.

RFC 9649: §2.3 (RIFF), §2.7 (VP8X), §2.6 and 3.4 (sizes in VP8L); RFC 6386 §9.1 (sizes in VP8). Content credentials:
the chunk `C2PA`.
"""

from __future__ import annotations

from collections.abc import Sequence

from nano_banana.formats.image_parts import EmbeddedMetadata, FilePart, PartKind, first_part, join_parts
from nano_banana.formats.untrusted import MAX_PARTS

MEDIA = "image/webp"
VP8X = "vp8x"
_LOSSY, _LOSSLESS = "VP8 ", "VP8L"
_KINDS = {b"VP8X": VP8X, b"EXIF": PartKind.EXIF, b"XMP ": PartKind.XMP, b"C2PA": PartKind.C2PA}
_HEAD = 12
_HAS_XMP, _HAS_EXIF, _HAS_ALPHA = 0x04, 0x08, 0x10


def is_webp(data: bytes) -> bool:
    """Whether the bytes begin with a WebP's header and a chunk that has its size."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP" and data[12:16] in (b"VP8 ", b"VP8L", b"VP8X")


def split(data: bytes) -> list[FilePart]:
    """Split a WebP into its RIFF header, its chunks with padding, and the rest after the last whole chunk."""
    view = memoryview(data)
    parts = [FilePart(kind=PartKind.HEAD, data=view[:_HEAD])]
    end = min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    at = _HEAD
    while at + 8 <= end and len(parts) < MAX_PARTS:
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        stop = at + 8 + length + length % 2
        if stop > end:
            break
        name = data[at : at + 4]
        parts.append(FilePart(kind=_KINDS.get(name) or name.decode("latin-1"), data=view[at:stop]))
        at = stop
    return [*parts, FilePart(kind=PartKind.TAIL, data=view[at:])]


def join(parts: Sequence[FilePart], *, before: Sequence[FilePart], xmp: bytes, exif: bytes = b"") -> bytes:
    """Join the parts, with XMP and EXIF at the end. `before` are the original parts, including header and VP8X.

    Raises ValueError if the file doesn't have the picture's size.
    """
    flags = _HAS_XMP | (_HAS_EXIF if exif else 0)
    new = ([_chunk(b"EXIF", exif)] if exif else []) + [_chunk(b"XMP ", xmp)]
    rest, tail = [part for part in parts if part.kind != PartKind.TAIL], first_part(parts, PartKind.TAIL)
    begin = _vp8x(before, flags)
    size = 4 + len(begin) + sum(len(part.data) for part in rest) + sum(map(len, new))
    return join_parts(b"RIFF" + size.to_bytes(4, "little") + b"WEBP", begin, rest, *new, tail)


def metadata_of_parts(parts: Sequence[FilePart]) -> EmbeddedMetadata:
    """Read the metadata."""
    return EmbeddedMetadata(
        media=MEDIA,
        xmp=_content(first_part(parts, PartKind.XMP)),
        exif=_content(first_part(parts, PartKind.EXIF)),
        c2pa=any(part.kind == PartKind.C2PA for part in parts),
    )


def _content(chunk: bytes) -> bytes:
    return chunk[8 : 8 + int.from_bytes(chunk[4:8], "little")]


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)


def _vp8x(before: Sequence[FilePart], flags: int) -> bytes:
    """The VP8X chunk: the original one with `flags` added, or a new one."""
    old = first_part(before, VP8X)
    if len(old) >= 18:
        return old[:8] + bytes([old[8] | flags]) + old[9:]
    width, height, alpha = _size(before)
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return _chunk(b"VP8X", bytes([flags | (_HAS_ALPHA if alpha else 0), 0, 0, 0]) + sides)


def _size(parts: Sequence[FilePart]) -> tuple[int, int, bool]:
    """Width and height in pixels, and whether there is alpha. Raises ValueError."""
    lossy, lossless = (_begin(parts, kind) for kind in (_LOSSY, _LOSSLESS))
    if lossy[3:6] == b"\x9d\x01\x2a" and len(lossy) >= 10:
        width, height = (int.from_bytes(lossy[at : at + 2], "little") & 0x3FFF for at in (6, 8))
        alpha = False
    elif lossless[:1] == b"\x2f" and len(lossless) >= 5:
        bits = int.from_bytes(lossless[1:5], "little")
        width, height, alpha = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    else:
        width = height = 0
        alpha = False
    if not width or not height:
        raise ValueError("no size")
    return width, height, alpha


def _begin(parts: Sequence[FilePart], kind: str) -> bytes:
    """The first bytes of a chunk's content; empty without such a chunk."""
    return next((bytes(part.data[8:18]) for part in parts if part.kind == kind), b"")

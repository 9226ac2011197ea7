"""GIF files as blocks: XMP is inserted after the global color table.

GIF89a specification §17–26; XMP part 3, §1.1.2 (an application extension that is not cut into sub-blocks).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from nano_banana.formats.image_parts import EmbeddedMetadata, FilePart, PartKind, first_part, join_parts
from nano_banana.formats.untrusted import MAX_PARTS, decode_text

MEDIA = "image/gif"
_TAG = b"\x21\xff\x0bXMP DataXMP"
_MAGIC = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"
"""A reader that takes a byte of the packet for a length lands in here, and then at the end."""

_SCREEN = "colours"
_COMMENT = "comment"


def is_gif(data: bytes) -> bool:
    """Whether the bytes begin with a GIF's header and whole colour table."""
    return data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 13 and len(data) >= _end_of_color_table(data)


def split(data: bytes) -> list[FilePart]:
    """Split a GIF into its version, its screen with colours, XMP if that comes first, and the rest."""
    end = _end_of_color_table(data)
    view = memoryview(data)
    parts = [FilePart(kind=PartKind.HEAD, data=view[:6]), FilePart(kind=_SCREEN, data=view[6:end])]
    stop = data.find(_MAGIC, end) if data.startswith(_TAG, end) else -1
    if stop >= 0:
        parts.append(FilePart(kind=PartKind.XMP, data=view[end : stop + len(_MAGIC)]))
        end = stop + len(_MAGIC)
    return [*parts, FilePart(kind=PartKind.TAIL, data=view[end:])]


def join(parts: Sequence[FilePart], *, xmp: bytes) -> bytes:
    """Join a GIF89a file with XMP after its colours; `parts` lack the version."""
    return join_parts(b"GIF89a", parts[:1], _TAG + xmp + _MAGIC, parts[1:])


def metadata_of_parts(parts: Sequence[FilePart]) -> EmbeddedMetadata:
    """Read the metadata, in any order."""
    blocks = list(islice(_blocks(first_part(parts, PartKind.TAIL)), MAX_PARTS))
    return EmbeddedMetadata(
        media=MEDIA,
        xmp=first_part(parts, PartKind.XMP)[len(_TAG) : -len(_MAGIC)],
        xmp_more=b"\n".join(content for kind, content in blocks if kind == PartKind.XMP),
        comments=[decode_text(content) for kind, content in blocks if kind == _COMMENT],
    )


def _blocks(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield comments and XMP between the pictures, up to the first damaged block."""
    at = 0
    while data[at : at + 1] in (b"\x21", b"\x2c"):
        if data.startswith(_TAG, at):
            stop = data.find(_MAGIC, at)
            if stop < 0:
                return
            yield PartKind.XMP, data[at + len(_TAG) : stop]
            at = stop + len(_MAGIC)
            continue
        kind = data[at : at + 2]
        if kind[0] == 0x2C:
            flags = data[at + 9] if at + 9 < len(data) else 0
            at += 9 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
        content, at = _sub_blocks(data, at + 2)
        if kind == b"\x21\xfe":
            yield _COMMENT, content


def _sub_blocks(data: bytes, at: int) -> tuple[bytes, int]:
    """The content of a sequence of sub-blocks, and its end."""
    pieces: list[bytes] = []
    while at < len(data) and data[at]:
        pieces.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    return b"".join(pieces), at + 1


def _end_of_color_table(data: bytes) -> int:
    return 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)

"""An image file as a list of parts whose concatenation is the file.

Each format module (`png`, `jpeg`, `webp`, `gif`) splits a file into `FilePart`s, joins parts with new metadata, and
reads the metadata of parts as one `EmbeddedMetadata`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct, field


class PartKind(StrEnum):
    """The kinds of parts that formats have in common."""

    HEAD = "head"
    XMP = "xmp"
    EXTENDED_XMP = "xmp-more"
    """XMP that doesn't fit into the first part."""
    EXIF = "exif"
    C2PA = "c2pa"
    TEXT = "text:"
    """The prefix of kinds of texts with a key: `text:parameters`."""
    TAIL = "tail"
    """The bytes after the last well-formed part."""


class FilePart(Struct, frozen=True, kw_only=True):
    """A range of the file. `kind` is a `PartKind`, or the format's own name.

    `data` is a view of the file's bytes, so that they are copied only once, when the parts are joined.
    """

    kind: str
    data: memoryview


class EmbeddedMetadata(Struct, frozen=True, kw_only=True):
    """The metadata of a picture file.

    `xmp` is the packet, `xmp_more` extended XMP and packets in other places; `texts` are texts with a key (PNG),
    `comments` texts without (GIF, JPEG); `exif` is the TIFF structure, `iim` IPTC-IIM. Missing data is empty. `c2pa`:
    whether it has content credentials. `skipped` names the places that could not be read.
    """

    media: str
    xmp: bytes = b""
    xmp_more: bytes = b""
    texts: Mapping[str, str] = field(default_factory=dict)
    comments: Sequence[str] = ()
    exif: bytes = b""
    iim: bytes = b""
    c2pa: bool = False
    skipped: Sequence[str] = ()


def join_parts(*pieces: Iterable[FilePart] | bytes) -> bytes:
    """Join parts and bytes."""
    row: list[bytes | memoryview] = []
    for piece in pieces:
        row += [piece] if isinstance(piece, bytes) else [part.data for part in piece]
    return b"".join(row)


def first_part(parts: Sequence[FilePart], kind: str) -> bytes:
    """The bytes of the first part of a kind; empty if there is none."""
    return next((bytes(part.data) for part in parts if part.kind == kind), b"")

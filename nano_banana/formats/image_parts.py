"""An image file as a list of parts whose concatenation is the file.

Each format module (`png`, `jpeg`, `webp`, `gif`) splits a file into `FilePart`s, joins parts with new metadata, and
reads the metadata of parts as one `EmbeddedMetadata`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

HEAD = "head"
XMP = "xmp"
EXTENDED_XMP = "xmp-more"
"""What of an XMP packet had no room in the first part."""

EXIF = "exif"
C2PA = "c2pa"
TEXT = "text:"
"""Leads the kinds of texts with a key: `text:parameters`."""

TAIL = "tail"
"""What follows the last part that is built as the standard says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """A stretch of the file. `kind` is one of the names here, or the format's own for it.

    `data` is a view of the file's bytes: a picture's megabytes are copied once, when the parts are put together.
    """

    kind: str
    data: memoryview


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedMetadata:
    """What a picture file tells besides its pixels.

    `xmp` is the packet, `xmp_more` the rest of a long one, and packets in other places; `texts` those with a key
    (PNG), `comments` those without (GIF, JPEG); `exif` the TIFF structure, `iim` the older form of IPTC's fields. Empty
    where there is none. `c2pa` says whether it carries content credentials. `skipped` names the places that could not
    be read.
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
    """The bytes of rows of parts, and of what stands between them."""
    row: list[bytes | memoryview] = []
    for piece in pieces:
        row += [piece] if isinstance(piece, bytes) else [part.data for part in piece]
    return b"".join(row)


def first_part(parts: Sequence[FilePart], kind: str) -> bytes:
    """The bytes of the first part of a kind; empty where there is none."""
    return next((bytes(part.data) for part in parts if part.kind == kind), b"")

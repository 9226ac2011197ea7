"""GIF files as blocks: XMP put in behind the colours of the whole file.

GIF89a specification §17–26; XMP part 3, §1.1.2 (an application extension that is not cut into sub-blocks).
"""

from __future__ import annotations

from collections.abc import Sequence

from nano_banana.marks.part import HEAD
from nano_banana.marks.part import TAIL
from nano_banana.marks.part import XMP
from nano_banana.marks.part import Part
from nano_banana.marks.part import Tales
from nano_banana.marks.part import first
from nano_banana.marks.part import joined

MEDIA = "image/gif"
_TAG = b"\x21\xff\x0bXMP DataXMP"
_MAGIC = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"
"""Wherever in the packet a reader takes a byte for a length, it lands in here, and then at the end."""

_COLOURS = "colours"


def is_gif(data: bytes) -> bool:
    """Whether the bytes begin a GIF, with all of its colours."""
    return data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 13 and len(data) >= _end_of_colours(data)


def split(data: bytes) -> list[Part]:
    """The version, the screen with its colours, XMP where it stands first, and all the rest."""
    end = _end_of_colours(data)
    view = memoryview(data)
    parts = [Part(kind=HEAD, data=view[:6]), Part(kind=_COLOURS, data=view[6:end])]
    stop = data.find(_MAGIC, end) if data.startswith(_TAG, end) else -1
    if stop >= 0:
        parts.append(Part(kind=XMP, data=view[end : stop + len(_MAGIC)]))
        end = stop + len(_MAGIC)
    return [*parts, Part(kind=TAIL, data=view[end:])]


def join(parts: Sequence[Part], *, xmp: bytes) -> bytes:
    """The file, as GIF89a, with XMP behind its colours; `parts` are without its version."""
    return joined(b"GIF89a", parts[:1], _TAG + xmp + _MAGIC, parts[1:])


def tales(parts: Sequence[Part]) -> Tales:
    """What the file tells."""
    return Tales(media=MEDIA, xmp=first(parts, XMP)[len(_TAG) : -len(_MAGIC)])


def _end_of_colours(data: bytes) -> int:
    return 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)

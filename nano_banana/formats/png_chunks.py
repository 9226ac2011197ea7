"""PNG files as chunks: pixels and colours apart from metadata.

PNG, third edition: §4.3 (precedence of colour chunks), §5.3 (chunks), §11 (their kinds).
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_END = b"IEND"

PIXEL_CHUNKS = frozenset(
    (b"IHDR", b"PLTE", b"IDAT", PNG_END, b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"cICP"),
)
"""What makes pixels and their colours (PNG, third edition, §11); text, EXIF, times and frames go."""

LARGEST_PROFILE = 32 << 20
"""Bytes of the largest ICC profile that is followed; scanners' and printers' have a few million."""

_DECODED = frozenset((b"IHDR", b"PLTE", b"IDAT", PNG_END, b"tRNS"))
_COLOURS = frozenset((b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM"))
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_ORIENTATION_KEYS = (b"XML:com.adobe.xmp", b"Raw profile type exif", b"Raw profile type APP1")
"""Texts that may say which way up the picture is."""

_LARGEST_TEXT = 1 << 20
"""Bytes of the largest text that Pillow reads, and of the largest EXIF data that is looked at."""


def png_without_metadata(data: bytes) -> bytes | None:
    """The PNG without text, EXIF, times, later frames or anything after its end.

    None where the file is not built as the standard says.
    """
    if not data.startswith(PNG_SIGNATURE):
        return None
    kept = [PNG_SIGNATURE]
    name = b""
    for name, at, stop in iter_chunks(data):
        if name in PIXEL_CHUNKS:
            kept.append(data[at:stop])
    return b"".join(kept) if name == PNG_END else None


def iter_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, begin and end (in bytes from the file's begin) of each chunk behind the signature, up to the PNG's end.

    What is cut short, or has no name, is no chunk.
    """
    return _iter_file_chunks(io.BytesIO(data), len(data))


def _iter_file_chunks(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    at = len(PNG_SIGNATURE)
    while at + 12 <= size:
        file.seek(at)
        head = file.read(8)
        stop, name = at + 12 + int.from_bytes(head[:4], "big"), head[4:]
        if stop > size or not name.isalpha():
            return
        yield name, at, stop
        if name == PNG_END:
            return
        at = stop


@dataclass(frozen=True, slots=True, kw_only=True)
class PngPixels:
    """A PNG reduced to what its pixels need: a file to decode, the ICC `profile` of its colours, its `exif`."""

    file: BinaryIO
    profile: bytes | None
    exif: bytes


def png_pixels(file: BinaryIO) -> PngPixels:
    """What of a PNG is needed to show it, however large or odd what stands beside the pixels is.

    A file that is cut short stays so. Closing the part's file closes `file`.
    """
    size = file.seek(0, io.SEEK_END)
    parts, end = [(0, len(PNG_SIGNATURE))], len(PNG_SIGNATURE)
    colours, exif = dict[bytes, bytes](), b""
    for name, at, stop in _iter_file_chunks(file, size):
        end = stop
        if name in _DECODED or (name in _TEXTS and _says_orientation(name, file, at, stop)):
            parts.append((at, stop))
        elif name in _COLOURS and name not in colours:
            colours[name] = _chunk_content(file, at, stop)
        elif name == b"eXIf" and stop - at <= _LARGEST_TEXT:
            exif = _chunk_content(file, at, stop)
        if name == PNG_END:
            break
    else:
        parts.append((end, size))
    return PngPixels(file=cast(BinaryIO, _SplicedFile(file, parts)), profile=_profile(colours), exif=exif)


def _says_orientation(name: bytes, file: BinaryIO, at: int, stop: int) -> bool:
    if stop - at > _LARGEST_TEXT:
        return False
    key, _, rest = _chunk_content(file, at, stop).partition(b"\0")
    if key not in _ORIENTATION_KEYS:
        return False
    deflated = (
        rest[1:] if name == b"zTXt" else rest[2:].split(b"\0", 2)[-1] if name == b"iTXt" and rest[:1] == b"\1" else b""
    )
    return not deflated or _inflated(deflated, _LARGEST_TEXT) is not None


def _chunk_content(file: BinaryIO, at: int, stop: int) -> bytes:
    file.seek(at + 8)
    return file.read(stop - at - 12)


def _profile(colours: dict[bytes, bytes]) -> bytes | None:
    """The ICC profile that colour chunks give or describe, in the standard's order of precedence (§4.3)."""
    # Here, not above: it loads numpy and Pillow, which a plan doesn't need.
    from nano_banana.formats.color_profiles import profile_from_cicp, profile_from_gamma

    cicp = colours.get(b"cICP", b"")
    if len(cicp) == 4 and cicp[2:] == b"\0\1":
        return profile_from_cicp(cicp[0], cicp[1])
    if b"iCCP" in colours:
        profile = _inflated(colours[b"iCCP"].partition(b"\0")[2][1:], LARGEST_PROFILE)
        if profile:
            return profile
    if b"sRGB" in colours or len(colours.get(b"gAMA", b"")) != 4:
        return None
    chromaticities = colours.get(b"cHRM", b"")
    points = [int.from_bytes(chromaticities[at : at + 4], "big") / 100_000 for at in range(0, 32, 4)]
    gamma = int.from_bytes(colours[b"gAMA"], "big") / 100_000
    return profile_from_gamma(gamma, points if len(chromaticities) == 32 else None)


def _inflated(data: bytes, most: int) -> bytes | None:
    """The whole of what was deflated, None if that is damaged or more than `most` bytes."""
    inflating = zlib.decompressobj()
    try:
        whole = inflating.decompress(data, most)
    except zlib.error:
        return None
    return whole if inflating.eof else None


class _SplicedFile(io.RawIOBase):
    """Stretches of a file, read as if they were one file."""

    def __init__(self, file: BinaryIO, parts: list[tuple[int, int]]) -> None:
        self._file = file
        self._parts: list[tuple[int, int, int]] = []
        self._size = self._at = 0
        for start, stop in parts:
            if self._parts and self._parts[-1][1] + self._parts[-1][2] == start:
                begin, first, length = self._parts.pop()
                self._parts.append((begin, first, length + stop - start))
            else:
                self._parts.append((self._size, start, stop - start))
            self._size += stop - start

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        wanted = self._size - self._at if size < 0 else size
        found = b"".join(self._stretches(wanted))
        self._at += len(found)
        return found

    def _stretches(self, wanted: int) -> Iterator[bytes]:
        at, end = self._at, self._at + wanted
        for begin, start, length in self._parts:
            if begin <= at < min(begin + length, end):
                self._file.seek(start + at - begin)
                data = self._file.read(min(begin + length, end) - at)
                yield data
                at += len(data)

    def close(self) -> None:
        super().close()
        self._file.close()

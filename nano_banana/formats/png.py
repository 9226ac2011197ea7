"""PNG files: chunks, pixels without metadata, texts and XMP.

PNG, third edition: §4.3 (precedence of colour chunks), §5.3 (chunks), §11 (their kinds; §11.3.3 tEXt, zTXt, iTXt).
XMP: part 3 of its specification, §1.1.5. Content credentials are in `caBX`.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from msgspec import Struct

from nano_banana.formats.exif_iptc import find_iim
from nano_banana.formats.image_parts import EmbeddedMetadata, FilePart, PartKind, first_part, join_parts
from nano_banana.formats.jpeg import EXIF_TAG, XMP_TAG
from nano_banana.formats.untrusted import MAX_PARTS, decode_text, inflate_bounded

MEDIA = "image/png"
XMP_KEY = "XML:com.adobe.xmp"
DEFLATE_FROM = 1024
"""Bytes from which a text is deflated."""

LARGEST_PROFILE = 32 << 20
"""Bytes of the largest ICC profile that is used; profiles of scanners and printers have a few million."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"IEND"
_DECODED = frozenset((b"IHDR", b"PLTE", b"IDAT", _END, b"tRNS"))
_COLOURS = frozenset((b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM"))
_PIXELS = _DECODED | _COLOURS | {b"sBIT"}
"""The chunks that make the pixels and their colours. Others hold text, EXIF, times or further frames."""

_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_COMF = "comf"
"""ComfyUI's own chunk in animated PNGs: a key and a text, as in tEXt."""

_PROFILE = "Raw profile type "
_ORIENTATION_KEYS = tuple(key.encode() for key in (XMP_KEY, _PROFILE + "exif", _PROFILE + "APP1"))
"""Keys of texts that may hold the picture's orientation."""

_LARGEST_TEXT = 1 << 20
"""Bytes of the largest text that Pillow reads, and of the largest EXIF data that is used."""

_KINDS = {b"IHDR": PartKind.HEAD, b"eXIf": PartKind.EXIF, b"caBX": PartKind.C2PA}


def is_png(data: bytes) -> bool:
    """Whether the bytes begin with a PNG's signature and header."""
    return data.startswith(_SIGNATURE) and data[12:16] == b"IHDR"


def iter_chunks(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, begin and end of each whole chunk of a file of `size` bytes, up to IEND.

    Offsets count from the beginning of the file. Stops at the first chunk that is cut short or has no valid name.
    """
    at = len(_SIGNATURE)
    while at + 12 <= size:
        file.seek(at)
        head = file.read(8)
        stop, name = at + 12 + int.from_bytes(head[:4], "big"), head[4:]
        if stop > size or not name.isalpha():
            return
        yield name, at, stop
        if name == _END:
            return
        at = stop


def png_without_metadata(data: bytes) -> bytes | None:
    """Return the PNG without text, EXIF, times, later frames or anything after its end.

    None if the file isn't a well-formed PNG.
    """
    if not data.startswith(_SIGNATURE):
        return None
    kept, name = [_SIGNATURE], b""
    for name, at, stop in iter_chunks(io.BytesIO(data), len(data)):
        if name in _PIXELS:
            kept.append(data[at:stop])
    return b"".join(kept) if name == _END else None


def has_only_pixels(path: Path) -> bool:
    """Whether this is a well-formed PNG that `png_without_metadata` would not change. Reads only the chunks' heads."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(len(_SIGNATURE)) != _SIGNATURE:
            return False
        chunks = list(iter_chunks(file, size))
    return all(name in _PIXELS for name, _, _ in chunks) and bool(chunks) and chunks[-1] == (_END, size - 12, size)


class PngPixels(Struct, frozen=True, kw_only=True):
    """A PNG reduced to what its pixels need: a file to decode, the ICC `profile` of its colours, its `exif`."""

    file: BinaryIO
    profile: bytes | None
    exif: bytes


def png_pixels(file: BinaryIO) -> PngPixels:
    """Reduce a PNG to its pixels, however large or malformed its other chunks are.

    A file that is cut short stays so. Closing the result's file closes `file`.
    """
    size = file.seek(0, io.SEEK_END)
    parts, end = [(0, len(_SIGNATURE))], len(_SIGNATURE)
    colours, exif, name = dict[bytes, bytes](), b"", b""
    for name, at, stop in iter_chunks(file, size):
        end = stop
        if name in _DECODED or (name in _TEXTS and _may_hold_orientation(name, file, at, stop)):
            parts.append((at, stop))
        elif name in _COLOURS and name not in colours:
            colours[name] = _chunk_content(file, at, stop)
        elif name == b"eXIf" and stop - at <= _LARGEST_TEXT:
            exif = _chunk_content(file, at, stop)
    if name != _END:
        parts.append((end, size))
    return PngPixels(file=cast(BinaryIO, _SplicedFile(file, parts)), profile=_profile(colours), exif=exif)


def _may_hold_orientation(name: bytes, file: BinaryIO, at: int, stop: int) -> bool:
    """Whether a text chunk has one of the keys for orientation, and Pillow can read it."""
    if stop - at > _LARGEST_TEXT:
        return False
    key, _, rest = _chunk_content(file, at, stop).partition(b"\0")
    text, deflated = _text_field(name, rest)
    return key in _ORIENTATION_KEYS and not (deflated and inflate_bounded(text, most=_LARGEST_TEXT) is None)


def _chunk_content(file: BinaryIO, at: int, stop: int) -> bytes:
    file.seek(at + 8)
    return file.read(stop - at - 12)


def _profile(colours: dict[bytes, bytes]) -> bytes | None:
    """The ICC profile that colour chunks hold or describe, in the standard's order of precedence (§4.3)."""
    # Imported here because it loads numpy and Pillow, which a plan doesn't need.
    from nano_banana.formats.color_profiles import profile_from_cicp, profile_from_gamma

    cicp = colours.get(b"cICP", b"")
    if len(cicp) == 4 and cicp[2:] == b"\0\1":
        return profile_from_cicp(cicp[0], cicp[1])
    if b"iCCP" in colours:
        profile = inflate_bounded(colours[b"iCCP"].partition(b"\0")[2][1:], most=LARGEST_PROFILE)
        if profile:
            return profile
    if b"sRGB" in colours or len(colours.get(b"gAMA", b"")) != 4:
        return None
    chromaticities = colours.get(b"cHRM", b"")
    points = [int.from_bytes(chromaticities[at : at + 4], "big") / 100_000 for at in range(0, 32, 4)]
    gamma = int.from_bytes(colours[b"gAMA"], "big") / 100_000
    return profile_from_gamma(gamma, points if len(chromaticities) == 32 else None)


class _SplicedFile(io.RawIOBase):
    """Reads some ranges of a file as if they were one file."""

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
        found = b"".join(self._read_ranges(wanted))
        self._at += len(found)
        return found

    def _read_ranges(self, wanted: int) -> Iterator[bytes]:
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


def split(data: bytes) -> list[FilePart]:
    """Split a PNG into its signature, its chunks, and the rest after the last whole chunk."""
    view, stop = memoryview(data), len(_SIGNATURE)
    parts = [FilePart(kind="signature", data=view[:stop])]
    for name, at, stop in islice(iter_chunks(io.BytesIO(data), len(data)), MAX_PARTS - 1):
        parts.append(FilePart(kind=_kind(name, data[at + 8 : at + 8 + 80]), data=view[at:stop]))
    return [*parts, FilePart(kind=PartKind.TAIL, data=view[stop:])]


def join(parts: Sequence[FilePart], *, xmp: bytes, texts: Mapping[str, str]) -> bytes:
    """Join the parts, with XMP and texts after the header."""
    new = [_text_chunk(XMP_KEY, xmp.decode(), deflate=False), *(_text_chunk(key, text) for key, text in texts.items())]
    at = next(at for at, part in enumerate(parts, 1) if part.kind == PartKind.HEAD)
    return join_parts(parts[:at], *new, parts[at:])


def metadata_of_parts(parts: Sequence[FilePart]) -> EmbeddedMetadata:
    """Read the metadata. If two texts have the same key, the first counts."""
    texts: dict[str, str] = {}
    skipped: list[str] = []
    for part in parts:
        if part.kind.startswith(PartKind.TEXT) or part.kind in (PartKind.XMP, _COMF):
            key, text = _read_text_chunk(bytes(part.data))
            texts.setdefault(key, text or "")
            skipped += [key] if text is None else []
    xmp = texts.pop(XMP_KEY, "")
    profiles = {name: _raw_profile(texts.pop(_PROFILE + name, "")) for name in ("xmp", "exif", "APP1", "iptc", "8bim")}
    exif = next((each for each in (profiles["exif"], profiles["APP1"]) if not each.startswith(XMP_TAG)), b"")
    more = [profiles["xmp"], *(each[len(XMP_TAG) :] for each in profiles.values() if each.startswith(XMP_TAG))]
    iim = profiles["iptc"] or profiles["8bim"]
    return EmbeddedMetadata(
        media=MEDIA,
        xmp=xmp.encode(),
        xmp_more=b"\n".join(filter(None, more)),
        texts=texts,
        exif=first_part(parts, PartKind.EXIF)[8:-4] or exif,
        iim=find_iim(iim) or iim,
        c2pa=any(part.kind == PartKind.C2PA for part in parts),
        skipped=tuple(f"the text `{key}`, damaged or too long" for key in skipped),
    )


def _kind(name: bytes, begin: bytes) -> str:
    if name not in _TEXTS:
        return _KINDS.get(name) or name.decode("latin-1")
    key = begin.partition(b"\0")[0].decode("latin-1")
    return PartKind.XMP if key == XMP_KEY else PartKind.TEXT + key


def _text_chunk(key: str, text: str, *, deflate: bool = True) -> bytes:
    """Encode a text as the simplest chunk that can hold it; zlib level 6."""
    name = key.encode("latin-1") + b"\0"
    plain = text.encode()
    if deflate and len(plain) >= DEFLATE_FROM:
        return _chunk(b"iTXt", name + b"\1\0\0\0" + zlib.compress(plain))
    if plain.isascii() and key != XMP_KEY:
        return _chunk(b"tEXt", name + plain)
    return _chunk(b"iTXt", name + b"\0\0\0\0" + plain)


def _chunk(name: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")


def _read_text_chunk(chunk: bytes) -> tuple[str, str | None]:
    """Key and text of a text chunk; the text is None if it is damaged or too long.

    The standard says Latin-1 for all but iTXt, but many programs write UTF-8.
    """
    key, _, rest = chunk[8:-4].partition(b"\0")
    field, deflated = _text_field(chunk[4:8], rest)
    text = inflate_bounded(field) if deflated else field
    return key.decode("latin-1"), None if text is None else decode_text(text)


def _text_field(name: bytes, rest: bytes) -> tuple[bytes, bool]:
    """The text of a text chunk, given what follows its key, and whether the text is deflated."""
    if name == b"zTXt":
        return rest[1:], True
    if name == b"iTXt":
        # Behind two flags come the language, the translated key and the text.
        return rest[2:].partition(b"\0")[2].partition(b"\0")[2], rest[:1] == b"\1"
    return rest, False


def _raw_profile(text: str) -> bytes:
    """The bytes that ImageMagick packed into `Raw profile type …`: a name, a length, then the bytes in hex."""
    lines = text.strip().split("\n", 2)
    if len(lines) < 3:
        return b""
    try:
        return bytes.fromhex(lines[2]).removeprefix(EXIF_TAG)
    except ValueError:
        return b""

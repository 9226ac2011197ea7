"""Image files: formats by suffix and first bytes, captions, hashes.

Formats are told apart by content (`format_of`). A caption is the text that a trainer gets with a photo.
"""

from __future__ import annotations

import errno
import struct
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from nano_banana.formats.file_stamps import is_regular

HEAD_BYTES = 64
"""Bytes from which all formats are told apart, except for RAW files that are built as TIFF."""


class ImageFormat(Struct, frozen=True, kw_only=True):
    """A format. `suffixes` are in lower case; `pillow` is Pillow's name of it, empty if it can't be read.

    EPS and the like are programs and are not read. HEIC needs an extra.
    """

    name: str
    media: str
    suffixes: tuple[str, ...]
    pillow: str = ""


JPEG = ImageFormat(
    name="JPEG", media="image/jpeg", suffixes=(".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".pjpeg"), pillow="JPEG"
)
PNG = ImageFormat(name="PNG", media="image/png", suffixes=(".png", ".apng"), pillow="PNG")
WEBP = ImageFormat(name="WebP", media="image/webp", suffixes=(".webp",), pillow="WEBP")
GIF = ImageFormat(name="GIF", media="image/gif", suffixes=(".gif",), pillow="GIF")
TIFF = ImageFormat(name="TIFF", media="image/tiff", suffixes=(".tif", ".tiff"), pillow="TIFF")
BMP = ImageFormat(name="BMP", media="image/bmp", suffixes=(".bmp", ".dib"), pillow="BMP")
AVIF = ImageFormat(name="AVIF", media="image/avif", suffixes=(".avif",), pillow="AVIF")
JPEG2000 = ImageFormat(
    name="JPEG 2000", media="image/jp2", suffixes=(".jp2", ".j2k", ".jpf", ".jpx"), pillow="JPEG2000"
)
PPM = ImageFormat(name="PPM", media="image/x-portable-anymap", suffixes=(".ppm", ".pgm", ".pbm", ".pnm"), pillow="PPM")
HEIC = ImageFormat(name="HEIC", media="image/heic", suffixes=(".heic", ".heif", ".hif"), pillow="HEIF")
RAW = ImageFormat(
    name="RAW",
    media="image/x-raw",
    suffixes=(
        *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".gpr", ".iiq", ".kdc", ".mef"),
        *(".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"),
    ),
)
JPEG_XL = ImageFormat(name="JPEG XL", media="image/jxl", suffixes=(".jxl",))
PSD = ImageFormat(name="Photoshop", media="image/vnd.adobe.photoshop", suffixes=(".psd", ".psb"))

FORMATS = (JPEG, PNG, WEBP, GIF, TIFF, BMP, AVIF, JPEG2000, PPM, HEIC, RAW, JPEG_XL, PSD)

READABLE_SUFFIXES = frozenset(suffix for known in FORMATS if known.pillow for suffix in known.suffixes)
"""What every command that is given a folder takes for a picture."""

UNREADABLE_SUFFIXES = frozenset(suffix for known in FORMATS if not known.pillow for suffix in known.suffixes)
"""Photos in formats that can't be read: they are named, never left out in silence."""

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_SIGNATURES = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF8", GIF),
    (b"BM", BMP),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", JPEG2000),
    (b"\xff\x4f\xff\x51", JPEG2000),
    (b"\xff\x0a", JPEG_XL),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", JPEG_XL),
    (b"8BPS", PSD),
    (b"FUJIFILMCCD-RAW", RAW),
    (b"IIRO", RAW),
    (b"IIRS", RAW),
    (b"MMOR", RAW),
    (b"IIU\x00", RAW),
    (b"FOVb", RAW),
    (b"\x00MRM", RAW),
    (b"II\x1a\x00\x00\x00HEAPCCDR", RAW),
)

_PREVIEW, _PHOTOMETRIC, _SUB_IFDS, _DNG_VERSION = 254, 262, 330, 50706
_SENSOR_DATA = (32803, 34892)
"""Values of PhotometricInterpretation: a colour filter array, and linear sensor data (DNG 1.7, chapter 4)."""
_MAX_TAGS = 1024


def format_of(path: Path) -> ImageFormat | None:
    """The format of a file by its content, None where it is no known image. Raises OSError if it can't be read.

    Pipes and devices are never opened: reading them may wait for ever.
    """
    if not is_regular(str(path), path.stat()):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        found = sniff_format(head)
        return RAW if found is TIFF and _is_raw_tiff(file, head) else found


def sniff_format(head: bytes) -> ImageFormat | None:
    """The format of a file that begins with `head` (HEAD bytes, or all of a shorter file).

    RAW files that are built as TIFF (NEF, ARW, DNG) pass for TIFF here.
    """
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    if head[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"):
        return RAW if head[8:10] == b"CR" else TIFF
    if head[:1] == b"P" and head[1:2] in b"123456" and head[2:3].isspace():
        return PPM
    return next((known for signature, known in _SIGNATURES if head.startswith(signature)), None)


def _iso_media(head: bytes) -> ImageFormat | None:
    """HEIC, AVIF or Canon's CR3 by the brands of ISO/IEC 14496-12; videos are none of them."""
    length = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, length, 4))]
    if brands[0] == b"crx ":
        return RAW
    for known, own in ((AVIF, _AVIF_BRANDS), (HEIC, _HEIC_BRANDS)):
        if brands[0] in own or (brands[0] in (b"mif1", b"msf1") and own.intersection(brands)):
            return known
    return None


def _is_raw_tiff(file: BinaryIO, head: bytes) -> bool:
    """Whether the first image of a TIFF is sensor data, or only a preview of it."""
    tags = _first_tags(file, head)
    if _DNG_VERSION in tags or tags.get(_PHOTOMETRIC) in _SENSOR_DATA:
        return True
    return bool(tags.get(_PREVIEW, 0) & 1) and _SUB_IFDS in tags


def _first_tags(file: BinaryIO, head: bytes) -> dict[int, int]:
    """The tags of a TIFF's first directory, with their values where those are one short or long number."""
    order = "<" if head[:2] == b"II" else ">"
    if head[2:4] not in (b"*\x00", b"\x00*"):
        return {}
    file.seek(struct.unpack(f"{order}I", head[4:8].ljust(4, b"\0"))[0])
    count = min(int.from_bytes(file.read(2), "little" if order == "<" else "big"), _MAX_TAGS)
    body = file.read(count * 12)
    tags: dict[int, int] = {}
    for at in range(0, len(body) - 11, 12):
        tag, kind = struct.unpack_from(f"{order}HH", body, at)
        tags[tag] = struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", body, at + 8)[0]
    return tags


def hamming_distance(one: str, other: str) -> int:
    """In how many bits two fingerprints of the same length, in hex, differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def with_prefix(prefix: str, text: str) -> str:
    """`text` after `prefix`: by a comma where the prefix ends in a word, and once where `text` begins with it.

    >>> captioned("photo of anqz7 woman", "smiling at a desk")
    'photo of anqz7 woman, smiling at a desk'
    """
    prefix, text = prefix.strip(), text.strip()
    if not prefix or not text:
        return prefix or text
    if text.casefold().startswith(prefix.casefold()) and not text[len(prefix) : len(prefix) + 1].isalnum():
        return text
    return f"{prefix}{' ' if prefix[-1] in _PREFIX_ENDS else ', '}{text}"


_PREFIX_ENDS = ",.:;!?–—"

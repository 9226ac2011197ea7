"""Photos as others may see them: without metadata, and packed in zips.

EXIF, XMP, comments, thumbnails and times are dropped. Coded pixels of JPEG and PNG files stay bit for bit where they
can; other photos are written as PNG in sRGB. A zip's bytes depend on its content alone.

JPEG (ITU-T T.81 annex B): a file is segments (`FF`, marker, two bytes of length, content); after SOS come coded
pixels, in which `FF` is followed by 00 or a restart marker and nothing else.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from nano_banana.formats.color_profiles import has_srgb_tones, is_srgb
from nano_banana.formats.picture_files import (
    encode_png,
    open_picture,
    open_picture_with_alpha,
    open_undecoded,
    orientation,
)
from nano_banana.formats.png_chunks import png_without_metadata

JPEG_START = b"\xff\xd8"
JPEG_END = b"\xff\xd9"
_SOS, _COM, _APP0, _APP2, _APP14, _APP15 = 0xDA, 0xFE, 0xE0, 0xE2, 0xEE, 0xEF
_JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def jpeg_without_metadata(data: bytes) -> bytes | None:
    """The JPEG without EXIF, XMP, comments, thumbnails or anything after its end, decoding to the same pixels.

    What tells colours stays: a bare JFIF header where there was one, the ICC profile, Adobe's APP14.
    None where the file is not built as the standard says.
    """
    if not data.startswith(JPEG_START):
        return None
    kept = [JPEG_START]
    at = len(JPEG_START)
    while data[at : at + 1] == b"\xff" and len(data) >= at + 4:
        marker = data[at + 1]
        if data[at : at + 2] == JPEG_END:
            return b"".join([*kept, JPEG_END])
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        stop = at + 2 + length
        if marker < 0xC0 or length < 2 or stop > len(data):
            return None
        if marker == _SOS:
            coming = _NEXT_MARKER.search(data, stop)
            stop = coming.start() if coming else len(data)
        kept.append(_kept_segment(marker, data[at:stop]))
        at = stop
    return b"".join([*kept, JPEG_END]) if data[at:] in (JPEG_END, b"") else None


def _kept_segment(marker: int, segment: bytes) -> bytes:
    content = segment[4:]
    if marker == _APP0:
        return _JFIF if content.startswith(b"JFIF\x00") else b""
    if marker == _APP2:
        return segment if content.startswith(b"ICC_PROFILE\x00") else b""
    if marker == _APP14:
        return segment if content.startswith(b"Adobe") else b""
    if marker == _COM or _APP0 < marker <= _APP15:
        return b""
    return segment


_LOSSLESS = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png"}


def photo_without_metadata(path: Path, *, place: str = "photo") -> tuple[bytes, str]:
    """The photo's bytes without metadata, and their suffix (`.jpg` or `.png`).

    An upright RGB or grey JPEG or PNG keeps its coded pixels, bit for bit, if they look right to a program that
    ignores colour profiles (as trainers do); anything else is decoded, turned upright, flattened onto white and
    written as PNG in sRGB. The whole photo is decoded either way, so that a damaged one is found here. Raises
    CallFailed as `open_picture` does.
    """
    picture = open_picture(path, place=place)
    with open_undecoded(path, place=place) as header:
        profile = header.info.get("icc_profile")
        suffix = _lossless_suffix(header) if not profile or has_srgb_tones(profile) else ""
    kept = _stripped(path) if suffix else None
    return (kept, suffix) if kept else (encode_png(picture), ".png")


def picture_without_metadata(path: Path, *, place: str = "photo") -> tuple[bytes, str]:
    """As `bare_photo`, for what is worked on further: transparency stays, and coded pixels only if they are sRGB.

    A huge photo comes as small as it is opened.
    """
    picture = open_picture_with_alpha(path, place=place)
    with open_undecoded(path, place=place) as header:
        profile = header.info.get("icc_profile")
        suffix = _lossless_suffix(header) if picture.size == header.size and (not profile or is_srgb(profile)) else ""
    kept = _stripped(path) if suffix else None
    return (kept, suffix) if kept else (encode_png(picture), ".png")


def _lossless_suffix(header: Image.Image) -> str:
    """The suffix of a photo whose coded pixels can be handed on, empty where they can't."""
    plain = header.mode in ("RGB", "L") and not header.has_transparency_data and orientation(header) == 1
    return _LOSSLESS.get(str(header.format), "") if plain else ""


def _stripped(path: Path) -> bytes | None:
    data = path.read_bytes()
    return jpeg_without_metadata(data) or png_without_metadata(data)


ZIP_MEDIA = "application/zip"
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_ZIP_UNIX = 3


def reproducible_zip(entries: Iterable[tuple[str, bytes]]) -> bytes:
    """A zip of the named entries in the order given: stored, dated 1980-01-01, mode 0644.

    Nothing is deflated: photos do not shrink, and deflated bytes differ between zlib's makers.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in entries:
            about = zipfile.ZipInfo(name, date_time=_ZIP_EPOCH)
            about.create_system = _ZIP_UNIX
            about.external_attr = 0o100644 << 16
            archive.writestr(about, data)
    return out.getvalue()

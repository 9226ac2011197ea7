"""Photos to hand out: without metadata, converted, or in a zip.

EXIF, XMP, comments, thumbnails and times are dropped. The coded pixels of JPEG and PNG files stay bit for bit if
possible; other photos are written as PNG in sRGB. The bytes of a zip depend only on its content.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from PIL.PngImagePlugin import PngInfo

from nano_banana.formats.color_profiles import has_srgb_tones, is_srgb
from nano_banana.formats.image_metadata import read_metadata
from nano_banana.formats.jpeg import MAX_XMP_BYTES, jpeg_without_metadata
from nano_banana.formats.picture_files import (
    encode_png,
    flattened,
    open_picture,
    open_picture_with_alpha,
    open_undecoded,
    orientation,
)
from nano_banana.formats.png import XMP_KEY, png_without_metadata

_LOSSLESS = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png"}


def photo_without_metadata(path: Path, *, place: str = "photo") -> tuple[bytes, str]:
    """The photo's bytes without metadata, and their suffix (`.jpg` or `.png`).

    An upright RGB or grey JPEG or PNG keeps its coded pixels, bit for bit, if they look right to a program that
    ignores colour profiles, as trainers do. Any other photo is decoded, turned upright, flattened onto white and
    written as PNG in sRGB. The whole photo is decoded in either case, so a damaged one is found here. Raises
    CallFailed as `open_picture` does.
    """
    picture = open_picture(path, place=place)
    return _coded_pixels(path, place, has_srgb_tones) or (encode_png(picture), ".png")


def picture_without_metadata(path: Path, *, place: str = "photo") -> tuple[bytes, str]:
    """Like `photo_without_metadata`, for further work: keeps transparency, and coded pixels only if they are sRGB.

    A huge photo is reduced as `open_picture` does.
    """
    picture = open_picture_with_alpha(path, place=place)
    kept = _coded_pixels(path, place, is_srgb, size=picture.size)
    return kept or (encode_png(picture), ".png")


def _coded_pixels(
    path: Path, place: str, is_usable: Callable[[bytes], bool], *, size: tuple[int, int] | None = None
) -> tuple[bytes, str] | None:
    """The file without metadata, and its suffix, if it needs no conversion; `size` is the size it must have."""
    with open_undecoded(path, place=place) as header:
        profile = header.info.get("icc_profile")
        plain = header.mode in ("RGB", "L") and not header.has_transparency_data and orientation(header) == 1
        suffix = _LOSSLESS.get(str(header.format))
        fits = size in (None, header.size) and (not profile or is_usable(profile))
    if not (plain and suffix and fits):
        return None
    data = path.read_bytes()
    kept = jpeg_without_metadata(data) or png_without_metadata(data)
    return (kept, suffix) if kept else None


ZIP_MEDIA = "application/zip"
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_ZIP_UNIX = 3


def reproducible_zip(entries: Iterable[tuple[str, bytes]]) -> bytes:
    """A zip of the entries (name, bytes) in the order given: stored, dated 1980-01-01, mode 0644.

    Nothing is deflated: photos don't shrink, and deflated bytes differ between versions of zlib.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in entries:
            about = zipfile.ZipInfo(name, date_time=_ZIP_EPOCH)
            about.create_system = _ZIP_UNIX
            about.external_attr = 0o100644 << 16
            archive.writestr(about, data)
    return out.getvalue()


OUTPUT_FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
"""The formats that can be written, by suffix."""


def convert_image(path: Path, suffix: str) -> bytes:
    """Convert the picture at `path` to the format of `suffix` (of OUTPUT_FORMATS), with its XMP.

    Raises CallFailed as `open_picture` does.
    """
    picture, form = open_picture_with_alpha(path, place=str(path)), OUTPUT_FORMATS[suffix]
    metadata = read_metadata(path.read_bytes())
    xmp = metadata.xmp if metadata is not None and len(metadata.xmp) <= MAX_XMP_BYTES else b""
    out = io.BytesIO()
    if form == "PNG":
        info = PngInfo()
        if xmp:
            info.add_itxt(XMP_KEY, xmp.decode("utf-8", "replace"))
        picture.save(out, form, pnginfo=info)
    else:
        picture = flattened(picture) if form == "JPEG" else picture
        picture.save(out, form, quality=95, **({"xmp": xmp} if xmp else {}))
    return out.getvalue()

"""Convert an image to PNG, JPEG or WebP and keep its XMP."""

from __future__ import annotations

import io
from pathlib import Path

from PIL.PngImagePlugin import PngInfo

from nano_banana.formats.image_metadata import read_metadata
from nano_banana.formats.picture_files import flattened, open_picture_with_alpha
from nano_banana.formats.png import XMP_KEY

OUTPUT_FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
"""The formats that can be written, by suffix."""

_MAX_XMP = 60_000
"""Bytes of XMP that fit into a JPEG's segment."""


def convert_image(path: Path, suffix: str) -> bytes:
    """The picture at `path` in the format of `suffix` (of FORMATS). Raises CallFailed as `open_picture` does."""
    picture, form = open_picture_with_alpha(path, place=str(path)), OUTPUT_FORMATS[suffix]
    told = read_metadata(path.read_bytes())
    xmp = told.xmp if told is not None and len(told.xmp) <= _MAX_XMP else b""
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

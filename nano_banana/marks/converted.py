"""A picture in another format, with what its XMP says of its origin."""

from __future__ import annotations

import io
from pathlib import Path

from PIL.PngImagePlugin import PngInfo

from nano_banana.imaging.open import laid_on, open_layers
from nano_banana.marks.form import tales
from nano_banana.marks.png import XMP_KEY

FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
"""The formats that can be written, by suffix."""

_LONGEST_XMP = 60_000
"""Bytes of XMP that fit into a JPEG's segment."""


def converted(path: Path, suffix: str) -> bytes:
    """The picture at `path` in the format of `suffix` (of FORMATS). Raises CallFailed as `open_picture` does."""
    picture, form = open_layers(path, place=str(path)), FORMATS[suffix]
    told = tales(path.read_bytes())
    xmp = told.xmp if told is not None and len(told.xmp) <= _LONGEST_XMP else b""
    out = io.BytesIO()
    if form == "PNG":
        info = PngInfo()
        if xmp:
            info.add_itxt(XMP_KEY, xmp.decode("utf-8", "replace"))
        picture.save(out, form, pnginfo=info)
    else:
        picture = laid_on(picture) if form == "JPEG" else picture
        picture.save(out, form, quality=95, **({"xmp": xmp} if xmp else {}))
    return out.getvalue()

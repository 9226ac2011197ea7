"""A photo as it may leave the house: without where, when and what with."""

from __future__ import annotations

from pathlib import Path

from PIL import ExifTags

from nano_banana.imaging.encode import png
from nano_banana.imaging.jpeg import bare_jpeg
from nano_banana.imaging.open import open_picture
from nano_banana.imaging.open import reading
from nano_banana.imaging.pngchunks import bare_png

_LOSSLESS = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png"}


def bare_photo(path: Path, *, place: str = "photo") -> tuple[bytes, str]:
    """The photo's bytes without metadata, and their suffix (`.jpg` or `.png`).

    An upright RGB or grey JPEG or PNG keeps its coded pixels, bit for bit; anything else is decoded, turned
    upright, flattened onto white and written as PNG. The whole photo is decoded either way, so that a
    damaged one is found here. Raises CallFailed as `open_picture` does.
    """
    picture = open_picture(path, place=place)
    with reading(path, place=place) as header:
        turned = header.getexif().get(ExifTags.Base.Orientation, 1) != 1
        plain = header.mode in ("RGB", "L") and not header.has_transparency_data
        suffix = _LOSSLESS.get(str(header.format), "")
    if suffix and plain and not turned:
        data = path.read_bytes()
        kept = bare_jpeg(data) or bare_png(data)
        if kept:
            return kept, suffix
    return png(picture), ".png"

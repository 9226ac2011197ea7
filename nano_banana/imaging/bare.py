"""A photo as it may leave the house: without where, when and what with."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from nano_banana.imaging.encode import png
from nano_banana.imaging.jpeg import bare_jpeg
from nano_banana.imaging.open import open_layers, open_picture, orientation, reading
from nano_banana.imaging.pngchunks import bare_png
from nano_banana.imaging.profile import has_srgb_tones, is_srgb

_LOSSLESS = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png"}


def bare_photo(path: Path, *, place: str = "photo") -> tuple[bytes, str]:
    """The photo's bytes without metadata, and their suffix (`.jpg` or `.png`).

    An upright RGB or grey JPEG or PNG keeps its coded pixels, bit for bit, if they look right to a program that
    ignores colour profiles (as trainers do); anything else is decoded, turned upright, flattened onto white and
    written as PNG in sRGB. The whole photo is decoded either way, so that a damaged one is found here. Raises
    CallFailed as `open_picture` does.
    """
    picture = open_picture(path, place=place)
    with reading(path, place=place) as header:
        profile = header.info.get("icc_profile")
        suffix = _lossless(header) if not profile or has_srgb_tones(profile) else ""
    kept = _kept(path) if suffix else None
    return (kept, suffix) if kept else (png(picture), ".png")


def bare_layers(path: Path, *, place: str = "photo") -> tuple[bytes, str]:
    """As `bare_photo`, for what is worked on further: transparency stays, and coded pixels only if they are sRGB.

    A huge photo comes as small as it is opened.
    """
    picture = open_layers(path, place=place)
    with reading(path, place=place) as header:
        profile = header.info.get("icc_profile")
        suffix = _lossless(header) if picture.size == header.size and (not profile or is_srgb(profile)) else ""
    kept = _kept(path) if suffix else None
    return (kept, suffix) if kept else (png(picture), ".png")


def _lossless(header: Image.Image) -> str:
    """The suffix of a photo whose coded pixels can be handed on, empty where they can't."""
    plain = header.mode in ("RGB", "L") and not header.has_transparency_data and orientation(header) == 1
    return _LOSSLESS.get(str(header.format), "") if plain else ""


def _kept(path: Path) -> bytes | None:
    data = path.read_bytes()
    return bare_jpeg(data) or bare_png(data)

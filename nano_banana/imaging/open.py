"""Any picture file as plain 8-bit sRGB pixels, the right way up."""

from __future__ import annotations

import functools
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import ExifTags
from PIL import Image
from PIL import ImageOps
from PIL import UnidentifiedImageError

from nano_banana.core.errors import CallFailed
from nano_banana.core.errors import trouble
from nano_banana.core.problem import Problem
from nano_banana.imaging.depth import eight_bits
from nano_banana.imaging.heic import add_heic
from nano_banana.imaging.heic import is_heic
from nano_banana.imaging.profile import to_srgb

MAX_PIXELS = 120_000_000
"""More than any camera in common use makes; a bomb has billions."""

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "JPEG2000", "PPM")
"""What is tried, by content and never by suffix. EPS and the like are programs and stay out."""

WHITE = (255, 255, 255)
BLACK = (0, 0, 0)


def open_picture(
    path: Path,
    *,
    place: str = "image",
    behind: tuple[int, int, int] = WHITE,
    max_pixels: float = MAX_PIXELS,
) -> Image.Image:
    """Read the picture at `path` as RGB, 8 bits a channel, sRGB, turned upright, first frame only.

    Transparent parts show the colour `behind`; `place` names the picture in errors. Raises CallFailed:
    `picture_unreadable` (no picture), `picture_broken` (damaged or cut short), `picture_too_big`, or `heic_missing`
    (a HEIC photo, where the extra that reads them is not installed).
    """
    picture = open_layers(path, place=place, max_pixels=max_pixels)
    if picture.mode == "RGB":
        return picture
    flat = Image.new("RGB", picture.size, behind)
    flat.paste(picture, mask=picture.getchannel("A"))
    return flat


def open_layers(path: Path, *, place: str = "image", max_pixels: float = MAX_PIXELS) -> Image.Image:
    """As `open_picture`, but a picture with transparency comes as RGBA."""
    with reading(path, place=place, max_pixels=max_pixels) as picture:
        picture.load()
        profile = picture.info.get("icc_profile")
        upright = eight_bits(ImageOps.exif_transpose(picture))
        if upright.has_transparency_data:
            layers = upright.convert("RGBA")
            plain = to_srgb(layers.convert("RGB"), profile)
            plain.putalpha(layers.getchannel("A"))
        else:
            plain = to_srgb(upright, profile)
    # Pillow would write what it finds here (ICC profile, EXIF) into the next file.
    plain.info = {}
    return plain


@contextmanager
def reading(path: Path, *, place: str, max_pixels: float = MAX_PIXELS) -> Iterator[Image.Image]:
    """Open a picture without decoding it yet, and translate all that Pillow may raise inside."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=_formats(path, place)) as picture:
                if picture.width * picture.height > max_pixels:
                    raise CallFailed([_too_big(place, max_pixels, picture.width * picture.height)])
                yield picture
    except Image.DecompressionBombError as error:
        raise CallFailed([_too_big(place, max_pixels, None)]) from error
    except UnidentifiedImageError as error:
        raise CallFailed([trouble("picture_unreadable", input=place)]) from error
    except (OSError, RuntimeError, SyntaxError, ValueError, EOFError, struct.error, zlib.error) as error:
        raise CallFailed([trouble("picture_broken", input=place)]) from error


def upright_size(path: Path, *, place: str = "image") -> tuple[int, int]:
    """Width and height of the picture at `path` once upright, without decoding it. Raises as `open_picture`."""
    with reading(path, place=place) as picture:
        return turned_size(picture)


def turned_size(picture: Image.Image) -> tuple[int, int]:
    """Width and height of an opened picture once its EXIF orientation is applied (5–8 lie on their side)."""
    if picture.getexif().get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8):
        return picture.height, picture.width
    return picture.size


def _formats(path: Path, place: str) -> tuple[str, ...]:
    """What to try. Raises CallFailed `heic_missing` for what only an extra can read."""
    if not is_heic(path):
        return _own_formats()
    if not add_heic():
        raise CallFailed([trouble("heic_missing", input=place)])
    return ("HEIF",)


@functools.cache
def _own_formats() -> tuple[str, ...]:
    """Those of FORMATS that this Pillow was built with (it fails on names that it does not know)."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _too_big(place: str, most: float, pixels: int | None) -> Problem:
    return trouble("picture_too_big", input=place, pixels=pixels, megapixels=round(most / 1e6, 1))

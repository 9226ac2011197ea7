"""Any picture file as plain 8-bit sRGB pixels, the right way up."""

from __future__ import annotations

import functools
import math
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from nano_banana.core.errors import CallFailed, trouble
from nano_banana.core.image_formats import (
    AVIF,
    BMP,
    GIF,
    HEIC,
    JPEG,
    JPEG2000,
    PNG,
    PPM,
    RAW,
    TIFF,
    WEBP,
    ImageFormat,
    format_of,
)
from nano_banana.core.problem import Problem
from nano_banana.imaging.depth import eight_bits
from nano_banana.imaging.heic import add_heic
from nano_banana.imaging.pngchunks import pixel_part
from nano_banana.imaging.profile import cicp_profile, to_srgb

MAX_PIXELS = 120_000_000
"""Of formats that are decoded whole: more than any camera in common use makes; a bomb has billions."""

MAX_JPEG_PIXELS = 250_000_000
"""Of JPEG, which is decoded at half the size or less: telephones make 200 megapixels."""

WORKING_PIXELS = 64_000_000
"""A larger picture is opened at half its size, a quarter …, so that its work takes less than 1 GB of memory."""

WHITE = (255, 255, 255)
BLACK = (0, 0, 0)

_PILLOW_NAMES = {
    JPEG: ("JPEG", "MPO"),
    PNG: ("PNG",),
    WEBP: ("WEBP",),
    GIF: ("GIF",),
    TIFF: ("TIFF",),
    BMP: ("BMP",),
    AVIF: ("AVIF",),
    JPEG2000: ("JPEG2000",),
    PPM: ("PPM",),
    HEIC: ("HEIF",),
}
"""What is tried, by content and never by suffix. EPS and the like are programs and stay out."""

_NCLX = b"colrnclx"


# Pillow's own limit is below what a telephone makes; each picture is checked against ours before it is decoded.
Image.MAX_IMAGE_PIXELS = MAX_JPEG_PIXELS


def open_picture(path: Path, *, place: str = "image", behind: tuple[int, int, int] = WHITE) -> Image.Image:
    """Read the picture at `path` as RGB, 8 bits a channel, sRGB, turned upright, first frame only.

    Transparent parts show the colour `behind`; `place` names the picture in errors. One of more than WORKING_PIXELS
    comes scaled down (see `opened_size`). Raises CallFailed: `picture_unreadable` (no picture), `picture_raw` and
    `picture_unsupported` (of a format that is not read), `picture_broken` (damaged or cut short), `picture_too_big`,
    or `heic_missing` (a HEIC photo, where the extra that reads them is not installed).
    """
    return laid_on(open_layers(path, place=place), behind)


def laid_on(picture: Image.Image, behind: tuple[int, int, int] = WHITE) -> Image.Image:
    """An RGB or RGBA picture as RGB, over a plain colour."""
    if picture.mode == "RGB":
        return picture
    flat = Image.new("RGB", picture.size, behind)
    flat.paste(picture, mask=picture.getchannel("A"))
    return flat


def open_layers(path: Path, *, place: str = "image") -> Image.Image:
    """As `open_picture`, but a picture with transparency comes as RGBA."""
    with reading(path, place=place) as picture:
        factor = _factor(picture.size)
        if factor > 1 and isinstance(picture, JpegImageFile):
            picture.draft(picture.mode, (picture.width // factor, picture.height // factor))
            factor = 1
        picture.load()
        plain = _plain(eight_bits(picture), picture.info.get("icc_profile"), factor)
        # The orientation is in what was opened, and a smaller picture is turned sooner.
        turn = _TURNS.get(orientation(picture))
    # Pillow would write what it finds here (ICC profile, EXIF) into the next file.
    plain.info = {}
    return plain if turn is None else plain.transpose(turn)


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _plain(picture: Image.Image, profile: bytes | None, factor: int) -> Image.Image:
    """Pixels as RGB or RGBA in sRGB, each side `factor` times shorter."""
    if not picture.has_transparency_data:
        return to_srgb(_reduced(picture, factor), profile)
    layers = _reduced(picture if picture.mode == "LA" else picture.convert("RGBA"), factor)
    alpha = layers.getchannel("A")
    plain = to_srgb(layers.getchannel("L") if layers.mode == "LA" else layers.convert("RGB"), profile)
    plain.putalpha(alpha)
    return plain


def _reduced(picture: Image.Image, factor: int) -> Image.Image:
    if factor == 1:
        return picture
    return (picture.convert("RGB") if picture.mode in ("1", "P") else picture).reduce(factor)


@contextmanager
def reading(path: Path, *, place: str) -> Iterator[Image.Image]:
    """Open a picture without decoding it yet, and translate all that Pillow may raise inside.

    Its `info` has the ICC profile of its colours, also where the file says them in another way.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with _opened(path, place) as picture:
                most = MAX_JPEG_PIXELS if isinstance(picture, JpegImageFile) else MAX_PIXELS
                if picture.width * picture.height > most:
                    raise CallFailed([_too_big(place, most, picture.width * picture.height)])
                yield picture
    except Image.DecompressionBombError as error:
        raise CallFailed([_too_big(place, MAX_PIXELS, None)]) from error
    except UnidentifiedImageError as error:
        raise CallFailed([trouble("picture_unreadable", input=place)]) from error
    except (OSError, RuntimeError, SyntaxError, ValueError, EOFError, struct.error, zlib.error) as error:
        raise CallFailed([trouble("picture_broken", input=place)]) from error


@contextmanager
def _opened(path: Path, place: str) -> Iterator[Image.Image]:
    known = format_of(path)
    names = _names(known, place)
    if known is not PNG:
        with Image.open(path, formats=names) as picture:
            if known in (AVIF, HEIC) and "icc_profile" not in picture.info:
                picture.info["icc_profile"] = _coded_profile(path)
            yield picture
        return
    with path.open("rb") as file:
        part = pixel_part(file)
        with part.file, Image.open(part.file, formats=names) as picture:
            picture.info["icc_profile"] = part.profile
            if part.exif:
                picture.info["exif"] = b"Exif\0\0" + part.exif
            yield picture


def _coded_profile(path: Path) -> bytes | None:
    """The colours that an AVIF or HEIC file names by code points (ISO/IEC 23008-12, `colr` box)."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
    at = head.find(_NCLX)
    if at < 0:
        return None
    primaries, transfer = struct.unpack_from(">HH", head.ljust(at + 12, b"\0"), at + len(_NCLX))
    return cicp_profile(primaries, transfer)


def upright_size(path: Path, *, place: str = "image") -> tuple[int, int]:
    """Width and height of what `open_picture` gives of `path`, without decoding it. Raises as `open_picture`."""
    with reading(path, place=place) as picture:
        return opened_size(picture)


def opened_size(picture: Image.Image) -> tuple[int, int]:
    """Width and height that a picture has once it is upright and, if it is huge, scaled down."""
    factor = _factor(picture.size)
    width, height = (math.ceil(side / factor) for side in turned_size(picture))
    return width, height


def turned_size(picture: Image.Image) -> tuple[int, int]:
    """Width and height of an opened picture once its EXIF orientation is applied (5–8 lie on their side)."""
    return (picture.height, picture.width) if orientation(picture) in (5, 6, 7, 8) else picture.size


def orientation(picture: Image.Image) -> int:
    """How an opened picture's EXIF data turns it, 1 (upright) to 8; damaged data turns nothing."""
    try:
        found = picture.getexif().get(ExifTags.Base.Orientation, 1)
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, struct.error):
        return 1
    return found if found in _TURNS else 1


def _factor(size: tuple[int, int]) -> int:
    """By how much each side of a picture is divided: 1, 2, 4 or 8, what JPEG can be decoded at."""
    return next((factor for factor in (1, 2, 4) if size[0] * size[1] <= WORKING_PIXELS * factor**2), 8)


def _names(known: ImageFormat | None, place: str) -> tuple[str, ...]:
    """What Pillow is to try. Raises CallFailed for what can't be read, or only by an extra that is missing."""
    if known is None:
        raise CallFailed([trouble("picture_unreadable", input=place)])
    if known is RAW:
        raise CallFailed([trouble("picture_raw", input=place)])
    if not known.readable:
        raise CallFailed([trouble("picture_unsupported", input=place, format=known.name)])
    if known is HEIC and not add_heic():
        raise CallFailed([trouble("heic_missing", input=place)])
    return tuple(name for name in _PILLOW_NAMES[known] if name in _pillow_formats())


@functools.cache
def _pillow_formats() -> frozenset[str]:
    """What this Pillow was built with (it fails on names that it does not know)."""
    Image.init()
    return frozenset((*Image.OPEN, "HEIF"))


def _too_big(place: str, most: float, pixels: int | None) -> Problem:
    return trouble("picture_too_big", input=place, pixels=pixels, megapixels=round(most / 1e6, 1))

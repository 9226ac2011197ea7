"""Picture files of any format as upright 8-bit sRGB pixels, and as PNG.

Files are read by Pillow, by content and never by suffix. HEIC needs the extra `heic`. Grey with 16 or 32 bits or floats
becomes 8 bits. `encode_png` writes equal bytes for equal pixels, without metadata.
"""

from __future__ import annotations

import functools
import io
import math
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from nano_banana.formats.image_formats import AVIF, HEIC, PNG, RAW, ImageFormat, format_of
from nano_banana.formats.png import png_pixels
from nano_banana.model.problem import CallFailed, Problem, problem

DEEP_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")


def to_eight_bits(picture: Image.Image) -> Image.Image:
    """Convert 16-bit, 32-bit and float grey to L; all other modes have 8 bits and stay.

    White is 65535 for integers (a 16-bit file's, in any of Pillow's modes), and for floats 1, or 255 if one is larger.
    NaN is black.
    """
    if picture.mode not in DEEP_MODES:
        return picture
    import numpy as np  # here, and colour profiles below, because a check of JPEG photos needs neither

    values = np.nan_to_num(np.asarray(picture).astype(np.float64))
    white = 65535.0 if picture.mode != "F" else 255.0 if values.max() > 1.0 else 1.0
    grey = np.clip(np.rint(values * (255.0 / white)), 0, 255).astype(np.uint8)
    return Image.fromarray(grey)


@functools.cache
def register_heic() -> bool:
    """Register HEIC with Pillow, once a process; false if `pi-heif` (the extra `heic`) is not installed."""
    try:
        import pi_heif
    except ImportError:
        return False
    pi_heif.register_heif_opener()
    return True


MAX_PIXELS = 120_000_000
"""Pixels, at most, of formats that are decoded whole. No common camera makes more; a bomb has billions."""

MAX_JPEG_PIXELS = 250_000_000
"""Pixels, at most, of JPEG, which is decoded at half the size or less. Phones make 200 megapixels."""

WORKING_PIXELS = 64_000_000
"""Pixels. A larger picture is opened at half its size, a quarter …, so that its work takes less than 1 GB of memory."""

WHITE = (255, 255, 255)
BLACK = (0, 0, 0)

_PLUGINS = {"WEBP": "WebP", "JPEG2000": "Jpeg2K"}
"""The modules of Pillow's plugins that are not called like their format."""

_NCLX = b"colrnclx"


# Pillow's own limit is too low for phones; ours is checked before a picture is decoded.
Image.MAX_IMAGE_PIXELS = MAX_JPEG_PIXELS


def open_picture(path: Path, *, place: str = "image", behind: tuple[int, int, int] = WHITE) -> Image.Image:
    """Read the picture at `path` as RGB, 8 bits a channel, sRGB, turned upright, first frame only.

    Transparent parts show the colour `behind`; `place` names the picture in errors. A picture of more than
    WORKING_PIXELS is scaled down (see `working_size`). Raises CallFailed: `picture_unreadable` (not a picture),
    `picture_raw` and `picture_unsupported` (a format that can't be read), `picture_broken` (damaged or cut short),
    `picture_too_big`, or `heic_missing` (a HEIC photo without the extra `heic`).
    """
    return flattened(open_picture_with_alpha(path, place=place), behind)


def flattened(picture: Image.Image, behind: tuple[int, int, int] = WHITE) -> Image.Image:
    """An RGB or RGBA picture as RGB, over a plain colour."""
    if picture.mode == "RGB":
        return picture
    flat = Image.new("RGB", picture.size, behind)
    flat.paste(picture, mask=picture.getchannel("A"))
    return flat


_DRAFT_FORMATS = ("JPEG", "MPO")
"""Formats that can be decoded at a fraction of their size in less time, with all of their bytes read."""


def check_picture_file(path: Path) -> None:
    """Check that the picture can be decoded. Raises CallFailed as `open_picture` does."""
    with open_undecoded(path, place=str(path)) as picture:
        if picture.format in _DRAFT_FORMATS:
            picture.draft("RGB", (1, 1))
            picture.load()
            return
    open_picture(path, place=str(path))


def open_picture_with_alpha(path: Path, *, place: str = "image") -> Image.Image:
    """Like `open_picture`, but a picture with transparency becomes RGBA."""
    with open_undecoded(path, place=place) as picture:
        factor = _reduction(picture.size)
        if factor > 1 and isinstance(picture, JpegImageFile):
            picture.draft(picture.mode, (picture.width // factor, picture.height // factor))
            factor = 1
        picture.load()
        plain = _srgb_pixels(to_eight_bits(picture), picture.info.get("icc_profile"), factor)
        # Turned last: a smaller picture is turned faster.
        turn = _TURNS.get(orientation(picture))
    # Pillow would write this (ICC profile, EXIF) into the next file.
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


def _srgb_pixels(picture: Image.Image, profile: bytes | None, factor: int) -> Image.Image:
    """The pixels as RGB or RGBA in sRGB, each side `factor` times shorter."""
    from nano_banana.formats.color_profiles import to_srgb

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
def open_undecoded(path: Path, *, place: str) -> Iterator[Image.Image]:
    """Open a picture without decoding it, and translate Pillow's errors in the block.

    Its `info` has an ICC profile even if the file describes its colours in another way.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with _opened_by_pillow(path, place) as picture:
                most = MAX_JPEG_PIXELS if isinstance(picture, JpegImageFile) else MAX_PIXELS
                if picture.width * picture.height > most:
                    raise CallFailed([_too_big(place, most, picture.width * picture.height)])
                yield picture
    except Image.DecompressionBombError as error:
        raise CallFailed([_too_big(place, MAX_PIXELS, None)]) from error
    except UnidentifiedImageError as error:
        raise CallFailed([problem("picture_unreadable", input=place)]) from error
    except (OSError, RuntimeError, SyntaxError, ValueError, EOFError, struct.error, zlib.error) as error:
        raise CallFailed([problem("picture_broken", input=place)]) from error


@contextmanager
def _opened_by_pillow(path: Path, place: str) -> Iterator[Image.Image]:
    known = format_of(path)
    formats = [_pillow_name(known, place)]
    if known is not PNG:
        with Image.open(path, formats=formats) as picture:
            if known in (AVIF, HEIC) and "icc_profile" not in picture.info:
                picture.info["icc_profile"] = _coded_profile(path)
            yield picture
        return
    with path.open("rb") as file:
        part = png_pixels(file)
        with part.file, Image.open(part.file, formats=formats) as picture:
            picture.info["icc_profile"] = part.profile
            if part.exif:
                picture.info["exif"] = b"Exif\0\0" + part.exif
            yield picture


def _coded_profile(path: Path) -> bytes | None:
    """The profile of an AVIF or HEIC file's code points (ISO/IEC 23008-12, `colr` box)."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
    at = head.find(_NCLX)
    if at < 0:
        return None
    primaries, transfer = struct.unpack_from(">HH", head.ljust(at + 12, b"\0"), at + len(_NCLX))
    from nano_banana.formats.color_profiles import profile_from_cicp

    return profile_from_cicp(primaries, transfer)


def upright_size(path: Path, *, place: str = "image") -> tuple[int, int]:
    """Width and height of the picture that `open_picture` returns, without decoding it. Raises as `open_picture`."""
    with open_undecoded(path, place=place) as picture:
        return working_size(picture)


def working_size(picture: Image.Image) -> tuple[int, int]:
    """Width and height of a picture when it is upright and, if huge, scaled down."""
    factor = _reduction(picture.size)
    width, height = (math.ceil(side / factor) for side in oriented_size(picture))
    return width, height


def oriented_size(picture: Image.Image) -> tuple[int, int]:
    """Width and height of an opened picture after its EXIF orientation is applied (5–8 swap them)."""
    return (picture.height, picture.width) if orientation(picture) in (5, 6, 7, 8) else picture.size


def orientation(picture: Image.Image) -> int:
    """An opened picture's EXIF orientation, 1 (upright) to 8; 1 if the data is damaged."""
    try:
        found = picture.getexif().get(ExifTags.Base.Orientation, 1)
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, struct.error):
        return 1
    return found if found in _TURNS else 1


def _reduction(size: tuple[int, int]) -> int:
    """The divisor of each side of a picture: 1, 2, 4 or 8, as JPEG can be decoded."""
    return next((factor for factor in (1, 2, 4) if size[0] * size[1] <= WORKING_PIXELS * factor**2), 8)


def _pillow_name(known: ImageFormat | None, place: str) -> str:
    """The format for Pillow to read. Raises CallFailed if the format can't be read, or needs a missing extra."""
    if known is None:
        raise CallFailed([problem("picture_unreadable", input=place)])
    if known is RAW:
        raise CallFailed([problem("picture_raw", input=place)])
    if known is HEIC:
        if not register_heic():
            raise CallFailed([problem("heic_missing", input=place)])
    else:
        # Pillow itself would load all of its 40 plugins for a format that it doesn't know yet. It may lack AVIF.
        with suppress(ImportError):
            import_module(f"PIL.{_PLUGINS.get(known.pillow, known.pillow.capitalize())}ImagePlugin")
    if known.pillow not in Image.OPEN:
        raise CallFailed([problem("picture_unsupported", input=place, format=known.name)])
    return known.pillow


def _too_big(place: str, most: float, pixels: int | None) -> Problem:
    return problem("picture_too_big", input=place, pixels=pixels, megapixels=round(most / 1e6, 1))


PNG_MEDIA = "image/png"


def encode_png(picture: Image.Image) -> bytes:
    """Encode `picture` as PNG without metadata."""
    bare = picture
    if picture.info:
        bare = picture.copy()
        bare.info = {}
    out = io.BytesIO()
    bare.save(out, format="PNG", compress_level=6)
    return out.getvalue()

"""Colour profiles: what a file's numbers mean, converted to sRGB."""

from __future__ import annotations

import functools
import io
import struct
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

Chromaticity = tuple[float, float]
Vector = NDArray[np.float64]

D65: Chromaticity = (0.3127, 0.3290)
SRGB_PRIMARIES: Sequence[Chromaticity] = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))

SRGB_TOLERANCE = 3
"""Levels of 255 by which a profile's colours may differ from sRGB's and still be the same numbers."""

_PCS_WHITE = (0.9642, 1.0, 0.8249)
_SAMPLES = 4096
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_REFERENCE_WHITE_NITS = 203
"""Diffuse white of HDR pictures (ITU-R BT.2408); what is brighter becomes white."""

_HLG_REFERENCE_WHITE = 0.75


def to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """`picture` as RGB in sRGB. Numbers that are sRGB already, or of no (readable) profile, stay as they are.

    An RGB picture may be changed in place, since a copy of a large photo is hundreds of megabytes. Raises ValueError
    for modes that can't be converted to RGB.
    """
    if profile and not is_srgb(profile):
        try:
            return _converted(picture, ImageCms.ImageCmsProfile(io.BytesIO(profile)))
        except (ImageCms.PyCMSError, OSError, TypeError, ImportError):
            # A damaged profile, or one of other channels: the numbers are still a picture.
            pass
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def is_srgb(profile: bytes) -> bool:
    """Whether numbers of this ICC profile are sRGB's, judged by its curves and primaries and not by its name.

    A profile made of tables can't be judged so: that one goes by its name.
    """
    return _difference(profile) <= SRGB_TOLERANCE


def has_srgb_tones(profile: bytes) -> bool:
    """Whether a program that ignores this ICC profile shows about the right light: greys near sRGB's."""
    return _difference(profile, greys=True) <= 4 * SRGB_TOLERANCE


@functools.lru_cache(maxsize=8)
def _difference(profile: bytes, *, greys: bool = False) -> float:
    """The largest difference (0–255) that turning numbers of the profile into sRGB makes; 0 for unusable profiles."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        named = "srgb" in ImageCms.getProfileDescription(source).casefold()
        if source.profile.xcolor_space.strip() == "GRAY":
            sample = Image.fromarray(np.arange(0, 256, dtype=np.uint8)[None, :])
        elif source.profile.xcolor_space.strip() == "RGB" and (source.profile.is_matrix_shaper or not named):
            sample = _sample(9 if not greys else 1)
        else:
            return 0.0 if named else 255.0
        before = np.asarray(sample.convert("RGB")).astype(int)
        return float(np.abs(np.asarray(_converted(sample, source)).astype(int) - before).max())
    except (ImageCms.PyCMSError, OSError, TypeError, ImportError):
        return 0.0


def _sample(steps: int) -> Image.Image:
    """An RGB picture of all greys, or of a grid of colours with `steps` values a channel."""
    if steps == 1:
        return Image.fromarray(np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2))
    values = np.linspace(0, 255, steps).astype(np.uint8)
    grid = np.stack(np.meshgrid(values, values, values), axis=-1).reshape(1, -1, 3)
    return Image.fromarray(np.ascontiguousarray(grid))


def _converted(picture: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    space = source.profile.xcolor_space.strip()
    mode = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}.get(space, picture.mode)
    if mode == "L" and picture.mode not in ("1", "L", "LA"):
        raise ImageCms.PyCMSError(f"a grey profile in a picture of mode {picture.mode}")
    if mode == "CMYK" and picture.mode != "CMYK":
        raise ImageCms.PyCMSError(f"a CMYK profile in a picture of mode {picture.mode}")
    direct = picture if picture.mode == mode else picture.convert(mode)
    target = ImageCms.createProfile("sRGB")
    if mode == "RGB":
        own = direct is not picture or not direct.readonly
        made = ImageCms.profileToProfile(direct, source, target, inPlace=own)
        return direct if made is None else made
    made = ImageCms.profileToProfile(direct, source, target, outputMode="RGB")
    return direct.convert("RGB") if made is None else made


def profile_from_gamma(gamma: float, chromaticities: Sequence[float] | None) -> bytes | None:
    """The profile that PNG's `gAMA` (0.45455 for sRGB) and `cHRM` (white, red, green, blue as x, y) describe.

    None where they say sRGB, or nothing that is possible.
    """
    if not 0.05 < gamma < 5:
        return None
    white, primaries = D65, SRGB_PRIMARIES
    if chromaticities is not None and len(chromaticities) == 8 and all(0 < value < 1 for value in chromaticities[1::2]):
        white, *primaries = ((x, y) for x, y in zip(chromaticities[::2], chromaticities[1::2], strict=True))
    usual = np.abs(np.array([white, *primaries]) - np.array([D65, *SRGB_PRIMARIES])).max() < 0.002
    if usual and abs(gamma - 0.45455) < 0.02:
        return None
    return _matrix_profile(primaries, white, lambda value: value ** (1 / gamma))


def profile_from_cicp(primaries: int, transfer: int) -> bytes | None:
    """The profile that coding-independent code points name (ITU-T H.273); None for sRGB and what is not known."""
    curve = _CURVES.get(transfer)
    known = _PRIMARIES.get(primaries)
    if curve is None or known is None or (primaries == 1 and curve is _srgb_curve):
        return None
    *colours, white = known
    return _matrix_profile(colours, white, curve)


def _srgb_curve(value: Vector) -> Vector:
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _pq_curve(value: Vector) -> Vector:
    """SMPTE ST 2084, with the reference white as 1."""
    root = value ** (1 / 78.84375)
    light = np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
    return np.minimum(light ** (1 / 0.1593017578125) * 10000 / _REFERENCE_WHITE_NITS, 1)


def _hlg_curve(value: Vector) -> Vector:
    """ARIB STD-B67, with the reference white as 1."""

    def scene(signal: Vector) -> Vector:
        bright = (np.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12
        return np.where(signal <= 0.5, signal**2 / 3, bright)

    return np.minimum(scene(value) / scene(np.array(_HLG_REFERENCE_WHITE)), 1)


_CURVES: dict[int, Callable[[Vector], Vector]] = {
    # Cameras and encoders write BT.709's number into pictures that are meant as sRGB.
    **dict.fromkeys((1, 6, 13, 14, 15), _srgb_curve),
    4: lambda value: value**2.2,
    5: lambda value: value**2.8,
    8: lambda value: value,
    16: _pq_curve,
    18: _hlg_curve,
}
_PRIMARIES: dict[int, tuple[Chromaticity, ...]] = {
    1: (*SRGB_PRIMARIES, D65),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), D65),
    6: ((0.63, 0.34), (0.31, 0.595), (0.155, 0.07), D65),
    9: ((0.708, 0.292), (0.17, 0.797), (0.131, 0.046), D65),
    11: ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06), (0.314, 0.351)),
    12: ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06), D65),
}


def _matrix_profile(primaries: Sequence[Chromaticity], white: Chromaticity, curve: Callable[[Vector], Vector]) -> bytes:
    """An ICC profile (version 2, matrix and curves) of these primaries and this curve from numbers to light."""
    table = np.rint(np.clip(curve(np.linspace(0, 1, _SAMPLES)), 0, 1) * 65535).astype(">u2")
    shape = b"curv\0\0\0\0" + struct.pack(">I", _SAMPLES) + table.tobytes()
    columns = _to_pcs(primaries, white)
    tags = [(b"wtpt", _xyz(_PCS_WHITE)), (b"desc", _DESCRIPTION), (b"cprt", b"text\0\0\0\0none\0")]
    tags += [(name + b"XYZ", _xyz(columns[:, at])) for at, name in enumerate((b"r", b"g", b"b"))]
    at = 132 + 12 * (len(tags) + 3)
    index, body = b"", b""
    for name, data in tags:
        index += struct.pack(">4sII", name, at + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    # The three channels share one curve.
    index += b"".join(struct.pack(">4sII", name, at + len(body), len(shape)) for name in (b"rTRC", b"gTRC", b"bTRC"))
    whole = struct.pack(">I", len(tags) + 3) + index + body + shape
    head = bytearray(128)
    struct.pack_into(">I", head, 0, 128 + len(whole))
    head[8:24], head[36:40], head[68:80] = b"\x02\x40\0\0mntrRGB XYZ ", b"acsp", _numbers(_PCS_WHITE)
    return bytes(head) + whole


def _to_pcs(primaries: Sequence[Chromaticity], white: Chromaticity) -> Vector:
    """The matrix from linear RGB to XYZ, adapted to the profile connection space's white (Bradford)."""
    colours = np.stack([_from_xy(point) for point in primaries], axis=1)
    light = _from_xy(white)
    matrix = colours * np.linalg.solve(colours, light)
    cones = np.diag((_BRADFORD @ np.array(_PCS_WHITE)) / (_BRADFORD @ light))
    return np.asarray(np.linalg.inv(_BRADFORD) @ cones @ _BRADFORD @ matrix, np.float64)


def _from_xy(point: Chromaticity) -> Vector:
    x, y = point
    return np.array([x / y, 1, (1 - x - y) / y])


def _numbers(values: Sequence[float] | Vector) -> bytes:
    return b"".join(struct.pack(">i", round(float(value) * 65536)) for value in values)


def _xyz(values: Sequence[float] | Vector) -> bytes:
    return b"XYZ \0\0\0\0" + _numbers(values)


_DESCRIPTION = b"desc\0\0\0\0\0\0\0\x05file\0" + bytes(78)

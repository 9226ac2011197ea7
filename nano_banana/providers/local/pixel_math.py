"""Pictures as floats: linear light, blurs, resampling, seeded noise.

All randomness follows from the seed and a purpose, so one more draw for one purpose changes nothing elsewhere.
"""

from __future__ import annotations

import hashlib
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels: TypeAlias = NDArray[np.float32]
"""Height × width × 3 (a picture) or height × width (a mask or a map), mostly 0–1."""

LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""Rec. 709 weights of linear red, green and blue."""


def as_float32(values: object) -> Pixels:
    """The values as a float picture."""
    return np.asarray(values, np.float32)


def to_linear(srgb: Pixels) -> Pixels:
    """Display values to linear light (gamma 2.2)."""
    return np.power(np.clip(srgb, 0, None), 2.2, dtype=np.float32)


def to_display(light: Pixels) -> Pixels:
    """Linear light to display values, clipped to 0–1."""
    return np.power(np.clip(light, 0, 1), 1 / 2.2, dtype=np.float32)


def luma(picture: Pixels) -> Pixels:
    """Brightness of each pixel (height × width)."""
    return as_float32(picture @ LUMA)


def saturated(picture: Pixels | NDArray[np.float64], amount: float) -> Pixels:
    """The picture with each pixel's distance to its grey times `amount`."""
    grey = (picture @ LUMA)[..., None]
    return as_float32(grey + (picture - grey) * amount)


def to_floats(picture: Image.Image) -> Pixels:
    """A Pillow picture as floats 0–1."""
    return np.asarray(picture, np.float32) / np.float32(255)


def to_image(picture: Pixels) -> Image.Image:
    """Floats 0–1 as a Pillow picture, RGB or L, rounded."""
    return Image.fromarray((np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8))


def resized(picture: Pixels, width: int, height: int) -> Pixels:
    """The picture or map resampled (bicubic) to `width` × `height`, unclipped."""
    if picture.shape[:2] == (height, width):
        return picture
    if picture.ndim == 2:
        return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC), np.float32)
    return np.stack([resized(np.ascontiguousarray(picture[..., at]), width, height) for at in range(3)], axis=-1)


def blurred(picture: Pixels, radius: float) -> Pixels:
    """Nearly Gaussian blur of standard deviation `radius` pixels: three box blurs, edges repeated.

    Wide blurs are made at a smaller size, which makes no visible difference.
    """
    height, width = picture.shape[:2]
    shrink = int(min(radius // 2, 8, min(height, width) // 8))
    if shrink >= 2:
        small = resized(picture, max(4, width // shrink), max(4, height // shrink))
        return resized(blurred(small, radius / shrink), width, height)
    if radius < 0.9:
        return _subpixel_blur(_subpixel_blur(picture, radius, 0), radius, 1)
    # Three boxes that reach `side` pixels each way have the variance side × (side + 1); some reach one further.
    side = int((np.sqrt(4 * radius * radius + 1) - 1) / 2)
    further = round(3 * (radius * radius - side * (side + 1)) / (2 * (side + 1)))
    result = picture
    for at in range(3):
        reach = side + (at < further)
        result = _box_blur(_box_blur(result, reach, 0), reach, 1)
    return result


def box_blurred(picture: Pixels, side: int) -> Pixels:
    """The mean over a square of 2 × `side` + 1 pixels around each pixel, edges repeated."""
    return _box_blur(_box_blur(picture, side, 0), side, 1)


def _subpixel_blur(picture: Pixels, radius: float, axis: int) -> Pixels:
    """A blur of less than a pixel, over the two neighbours."""
    share = np.float32(radius * radius / (2 * (1 - radius * radius)))
    near, here, far = _shifted_copies(picture, 1, axis)
    return as_float32((here + share * (near + far)) / (1 + 2 * share))


def _shifted_copies(picture: Pixels, side: int, axis: int) -> list[Pixels]:
    """The picture shifted by −`side` to `side` pixels along the axis, edges repeated."""
    padded = np.pad(picture, [(side, side) if at == axis else (0, 0) for at in range(picture.ndim)], mode="edge")
    length = picture.shape[axis]
    if axis == 0:
        return [padded[at : at + length] for at in range(2 * side + 1)]
    return [padded[:, at : at + length] for at in range(2 * side + 1)]


def _box_blur(picture: Pixels, side: int, axis: int) -> Pixels:
    if side <= 3:
        first, *others = _shifted_copies(picture, side, axis)
        total = first.copy()
        for other in others:
            total += other
        return as_float32(total / np.float32(2 * side + 1))
    around = [(side + 1, side) if at == axis else (0, 0) for at in range(picture.ndim)]
    sums = np.cumsum(np.pad(picture, around, mode="edge"), axis=axis, dtype=np.float64)
    length = picture.shape[axis]
    far = np.take(sums, range(2 * side + 1, 2 * side + 1 + length), axis=axis)
    near = np.take(sums, range(length), axis=axis)
    return as_float32((far - near) / (2 * side + 1))


def out_of_focus(picture: Pixels, radius: float, squeeze: float = 1.0) -> Pixels:
    """Blur of a wide-open lens: each point becomes a disc of `radius` pixels, `squeeze` × as wide as high.

    The rim of the disc is a little brighter than its middle, as good lenses draw it.
    """
    height, width = picture.shape[:2]
    down = np.fft.fftfreq(height)[:, None] * height
    across = np.fft.fftfreq(width)[None, :] * width
    distance = np.hypot(across / squeeze, down)
    disc = np.clip(radius + 0.5 - distance, 0, 1) * (0.85 + 0.15 * (distance / max(radius, 1)) ** 4)
    kernel = np.fft.rfft2(disc / disc.sum())[..., None]
    return as_float32(np.fft.irfft2(np.fft.rfft2(picture, axes=(0, 1)) * kernel, s=(height, width), axes=(0, 1)))


def mixed(under: Pixels, over: Pixels, amount: Pixels | float) -> Pixels:
    """`over` on `under`, `amount` 0–1 (a number, or a map as large as the pictures)."""
    share = amount[..., None] if isinstance(amount, np.ndarray) and amount.ndim < under.ndim else amount
    return as_float32(under + (over - under) * share)


def smoothstep(edge0: float, edge1: float, value: Pixels) -> Pixels:
    """Hermite's smooth step: 0 below `edge0`, 1 above `edge1`."""
    t = np.clip((value - edge0) / (edge1 - edge0), 0, 1)
    return as_float32(t * t * (3 - 2 * t))


def pixel_grid(height: int, width: int) -> tuple[Pixels, Pixels]:
    """For each pixel its x and y as fractions of the width and height (shapes 1 × width and height × 1)."""
    x = (np.arange(width, dtype=np.float32)[None, :] + 0.5) / width
    y = (np.arange(height, dtype=np.float32)[:, None] + 0.5) / height
    return as_float32(x), as_float32(y)


def smoothstep_number(edge0: float, edge1: float, value: float) -> float:
    """As `smoothstep`, for one number."""
    t = min(max((value - edge0) / (edge1 - edge0), 0.0), 1.0)
    return t * t * (3 - 2 * t)


def seeded_rng(seed: int, purpose: str) -> np.random.Generator:
    """A random generator for this seed and purpose; draws for one purpose don't change another's."""
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def value_noise(rng: np.random.Generator, height: int, width: int, cells: float, octaves: int = 3) -> Pixels:
    """Soft random shapes of mean 0 and deviation 1, `cells` of the largest to the height (value noise)."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        down = max(2, round(cells * 2**octave))
        across = max(2, round(down * width / height))
        grain = as_float32(rng.standard_normal((min(down, height), min(across, width))))
        total += resized(grain, width, height) * np.float32(0.55**octave)
    return as_float32((total - total.mean()) / max(float(total.std()), 1e-6))


def film_grain(rng: np.random.Generator, height: int, width: int, size: float = 1.0) -> Pixels:
    """Film grain of mean 0 and deviation 1; a larger `size` (from 1) makes it coarser."""
    noise = rng.standard_normal((height, width), np.float32)
    share = np.float32(min(max(size - 1, 0), 1))
    for axis in (0, 1):
        noise = as_float32(noise + share * (np.roll(noise, 1, axis) + np.roll(noise, -1, axis)) / 2)
    return as_float32(noise / max(float(noise.std()), 1e-6))

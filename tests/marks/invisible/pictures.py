"""Pictures to mark, and pictures that nobody marked."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.people import HOPPER, astronaut_file

Pixels = NDArray[np.uint8]

EXAMPLES = Path(__file__).parents[3] / "examples" / "astronaut" / "photos"
_SIZE = (448, 448)


def photos() -> dict[str, Pixels]:
    """Twelve photos and more, of people and other things; at most 448 pixels wide and high."""
    data = astronaut_file().parent
    names = ("astronaut.png", "coffee.png", "rocket.jpg", "motorcycle_left.png", "ihc.png", "hubble_deep_field.jpg")
    files = [*(data / name for name in names), HOPPER, *sorted(EXAMPLES.glob("*.jpg"))[:6]]
    return {path.name: opened(path) for path in files}


def opened(path: Path) -> Pixels:
    """The picture, no larger than it must be for the tests to be quick."""
    with Image.open(path) as picture:
        small = picture.convert("RGB")
    small.thumbnail(_SIZE, Image.Resampling.LANCZOS)
    return np.array(small)


def compressed(rgb: Pixels, quality: int, subsampling: int = 2) -> Pixels:
    """The picture after JPEG; 0 is 4:4:4, 2 is 4:2:0."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=quality, subsampling=subsampling)
    with Image.open(buffer) as picture:
        return np.array(picture.convert("RGB"))


def scaled(rgb: Pixels, by: float) -> Pixels:
    """The picture in another size."""
    picture = Image.fromarray(rgb)
    size = (round(picture.width * by), round(picture.height * by))
    return np.array(picture.resize(size, Image.Resampling.LANCZOS))


def made_up() -> Iterator[Pixels]:
    """What a camera does not see: noise, gradients, one colour, stripes."""
    rng = np.random.default_rng(5)
    for _ in range(8):
        yield rng.integers(0, 256, (288, 320, 3), dtype=np.uint8)
        corners = Image.fromarray(rng.integers(0, 256, (2, 2, 3), dtype=np.uint8))
        yield np.array(corners.resize((320, 288), Image.Resampling.BILINEAR))
        yield np.full((288, 320, 3), rng.integers(0, 256, 3), np.uint8)
        stripes = (np.arange(320) // rng.integers(1, 40) % 2 * 200).astype(np.uint8)
        yield np.broadcast_to(stripes[None, :, None], (288, 320, 3)).copy()

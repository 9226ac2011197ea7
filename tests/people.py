"""Real people for tests: two public-domain portraits."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

HOPPER = Path(__file__).parent / "portraits" / "grace_hopper.jpg"
"""Rear Admiral Grace Hopper: 512 × 600, one face about 150 pixels wide; see LICENSE.txt beside it."""


def astronaut_file() -> Path:
    """Eileen Collins, as scikit-image ships her: a PNG of 512 × 512, one face about 80 pixels wide."""
    import skimage

    return Path(skimage.__file__).parent / "data" / "astronaut.png"


def astronaut() -> Image.Image:
    """Eileen Collins as RGB."""
    return _opened(astronaut_file())


def hopper() -> Image.Image:
    """Grace Hopper as RGB."""
    return _opened(HOPPER)


def together(*people: Image.Image, height: int = 512) -> Image.Image:
    """The pictures side by side in this order, each `height` pixels high."""
    scaled = [person.resize((round(person.width * height / person.height), height)) for person in people]
    canvas = Image.new("RGB", (sum(person.width for person in scaled), height))
    left = 0
    for person in scaled:
        canvas.paste(person, (left, 0))
        left += person.width
    return canvas


def saved(picture: Image.Image, path: Path, *, quality: int = 95) -> Path:
    """Write the picture to `path` in the format of its suffix (`quality` is for JPEG), and return `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, quality=quality)
    return path


def jpeg(picture: Image.Image, quality: int) -> Image.Image:
    """The picture after JPEG compression."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def _opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")

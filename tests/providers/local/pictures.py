"""Pictures as bytes, and back."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from nano_banana.providers.workers import WorkResult

PHOTOS = Path(__file__).parents[3] / "examples" / "astronaut" / "photos"


def real_photo(name: str = "04-bust.jpg") -> bytes:
    """One of the example's photos."""
    return (PHOTOS / name).read_bytes()


def png_of(values: object) -> bytes:
    """An array (0–255) as PNG."""
    out = io.BytesIO()
    Image.fromarray(np.asarray(values, np.uint8)).save(out, "PNG")
    return out.getvalue()


def opened(result: WorkResult, place: str = "images/0") -> Image.Image:
    """A picture of a result."""
    return Image.open(io.BytesIO(result[1][place][0]))


def array(result: WorkResult, place: str = "images/0") -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Its pixels, 0–255."""
    return np.asarray(opened(result, place).convert("RGB"), np.float64)

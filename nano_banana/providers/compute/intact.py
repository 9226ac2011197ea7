"""Whether a user's picture can be read to its end, before a call needs it."""

from __future__ import annotations

from pathlib import Path

from nano_banana.imaging.open import open_picture, reading
from nano_banana.providers.compute.mask import mask
from nano_banana.providers.compute.request import Request

_SCALED = ("JPEG", "MPO")
"""Formats that are decoded to a fraction of their size in a fraction of the time, all of their bytes read."""


def check_picture(path: Path) -> None:
    """Decode it. Raises CallFailed as `open_picture` does."""
    with reading(path, place=str(path)) as picture:
        if picture.format in _SCALED:
            picture.draft("RGB", (1, 1))
            picture.load()
            return
    open_picture(path, place=str(path))


def check_mask(path: Path) -> None:
    """Read it as the mask of a picture of its own size. Raises CallFailed as `mask` does."""
    check_picture(path)
    mask(Request(arguments={"shape": {"file": True}}, inputs={"image": path, "file": path}))

"""A mask that belongs to a picture: as large as it, to the pixel."""

from __future__ import annotations

from PIL import Image

from nano_banana.core.errors import CallFailed, trouble
from nano_banana.imaging.open import BLACK, open_picture
from nano_banana.providers.compute.request import Request


def open_mask(request: Request, size: tuple[int, int]) -> Image.Image:
    """The input `mask` in mode L. Raises CallFailed `mask_size` where it is not `size` (width, height)."""
    mask = open_picture(request.input("mask"), place="mask", behind=BLACK).convert("L")
    if mask.size != size:
        raise misfit(mask.size, size)
    return mask


def misfit(mask: tuple[int, int], picture: tuple[int, int]) -> CallFailed:
    """The error for a mask of other proportions than its picture's (width, height)."""
    return CallFailed(
        [trouble("mask_size", width=mask[0], height=mask[1], picture_width=picture[0], picture_height=picture[1])]
    )

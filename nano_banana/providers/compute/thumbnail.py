"""A photo and its face, small enough for a page with hundreds of them."""

from __future__ import annotations

import io

from PIL import Image

from nano_banana.imaging.open import open_picture
from nano_banana.providers.compute.request import Request
from nano_banana.providers.compute.request import Result
from nano_banana.providers.compute.survey import face_of

JPEG = "image/jpeg"
AROUND = 1.7
"""Sides of the square around a face, in faces."""


def thumbnail(request: Request) -> Result:
    """Input `image`; arguments `side` (longest side in pixels, 320), `face` as `survey` takes it.

    Files `image` and, with a face, `face` (a square of half the side): JPEG, sRGB. Data: `width`, `height` of `image`.
    Raises CallFailed as `open_picture` does.
    """
    side = request.whole("side", 320, 16, 4096)
    picture = open_picture(request.input("image"), place="image")
    face = face_of(request)
    files = {}
    if face is not None:
        left, top, width, height = face
        reach = max(width, height, 1) * AROUND / 2
        middle, centre = left + width / 2, top + height / 2
        box = (int(middle - reach), int(centre - reach), int(middle + reach), int(centre + reach))
        small = (side // 2, side // 2)
        files["face"] = (_jpeg(picture.crop(_within(box, picture.size)).resize(small, Image.Resampling.LANCZOS)), JPEG)
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    files["image"] = (_jpeg(picture), JPEG)
    return {"width": picture.width, "height": picture.height}, files


def _within(box: tuple[int, int, int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The square moved, and where it must be made smaller, to lie in the picture; never empty."""
    side = max(1, min(box[2] - box[0], *size))
    left = min(max(box[0] + (box[2] - box[0] - side) // 2, 0), size[0] - side)
    top = min(max(box[1] + (box[3] - box[1] - side) // 2, 0), size[1] - side)
    return left, top, left + side, top + side


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, format="JPEG", quality=82)
    return out.getvalue()

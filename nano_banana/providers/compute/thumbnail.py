"""A photo and its face, small enough for a page with hundreds of them."""

from __future__ import annotations

import io

from PIL import Image

from nano_banana.imaging.open import open_picture
from nano_banana.providers.compute.request import Request, Result, bad
from nano_banana.providers.compute.survey import face_of

JPEG = "image/jpeg"
WEBP = "image/webp"
FORMATS = {JPEG: ("JPEG", 82), WEBP: ("WEBP", 62)}
"""What a small picture may be, as Pillow calls it, and how good."""

AROUND = 1.7
"""Sides of the square around a face, in faces."""


def thumbnail(request: Request) -> Result:
    """Input `image`; arguments `side` (longest side in pixels, 320), `media`, and `face` as `survey` takes it.

    Files `image` and, with a face, `face` (a square of half the side): sRGB, JPEG, or WebP where `media` is
    `image/webp`. Data: `width`, `height` of `image`. Raises CallFailed as `open_picture` does.
    """
    side = request.whole("side", 320, 16, 4096)
    media = request.text("media") or JPEG
    if media not in FORMATS:
        raise bad("media", media)
    picture = open_picture(request.input("image"), place="image")
    face = face_of(request)
    files = {}
    if face is not None:
        left, top, width, height = face
        reach = max(width, height, 1) * AROUND / 2
        middle, centre = left + width / 2, top + height / 2
        box = (int(middle - reach), int(centre - reach), int(middle + reach), int(centre + reach))
        small = (side // 2, side // 2)
        cut = picture.crop(_within(box, picture.size)).resize(small, Image.Resampling.LANCZOS)
        files["face"] = (_written(cut, media), media)
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    files["image"] = (_written(picture, media), media)
    return {"width": picture.width, "height": picture.height}, files


def _within(box: tuple[int, int, int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The square moved, and where it must be made smaller, to lie in the picture; never empty."""
    side = max(1, min(box[2] - box[0], *size))
    left = min(max(box[0] + (box[2] - box[0] - side) // 2, 0), size[0] - side)
    top = min(max(box[1] + (box[3] - box[1] - side) // 2, 0), size[1] - side)
    return left, top, left + side, top + side


def _written(picture: Image.Image, media: str) -> bytes:
    name, quality = FORMATS[media]
    out = io.BytesIO()
    picture.save(out, format=name, quality=quality)
    return out.getvalue()

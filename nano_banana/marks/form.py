"""The formats of pictures that can be marked, each as one way in and out."""

from __future__ import annotations

from collections.abc import Sequence

from nano_banana.marks import gif, jpeg, png, webp
from nano_banana.marks.part import Part, Tales


def media_of(data: bytes) -> str:
    """The media type of a picture that can be marked; empty for anything else."""
    tests = {png.MEDIA: png.is_png, jpeg.MEDIA: jpeg.is_jpeg, webp.MEDIA: webp.is_webp, gif.MEDIA: gif.is_gif}
    return next((media for media, test in tests.items() if test(data)), "")


def split(data: bytes, media: str) -> list[Part]:
    """The file as parts, which put together are its bytes."""
    splits = {png.MEDIA: png.split, jpeg.MEDIA: jpeg.split, webp.MEDIA: webp.split, gif.MEDIA: gif.split}
    return splits[media](data)


def tales(data: bytes) -> Tales | None:
    """What a picture file tells besides its pixels; None where it is no PNG, JPEG, WebP or GIF."""
    media = media_of(data)
    if not media:
        return None
    return tales_of(split(data, media), media)


def tales_of(parts: Sequence[Part], media: str) -> Tales:
    """What a file tells that was split already."""
    told = {png.MEDIA: png.tales, jpeg.MEDIA: jpeg.tales, webp.MEDIA: webp.tales, gif.MEDIA: gif.tales}
    return told[media](parts)

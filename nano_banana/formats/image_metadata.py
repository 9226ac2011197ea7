"""Read and split PNG, JPEG, WebP and GIF files through one interface."""

from __future__ import annotations

from collections.abc import Sequence

from nano_banana.formats import gif, jpeg, png, webp
from nano_banana.formats.image_parts import EmbeddedMetadata, FilePart


def embeddable_media_type(data: bytes) -> str:
    """The media type of a picture that can be marked; empty for anything else."""
    tests = {png.MEDIA: png.is_png, jpeg.MEDIA: jpeg.is_jpeg, webp.MEDIA: webp.is_webp, gif.MEDIA: gif.is_gif}
    return next((media for media, test in tests.items() if test(data)), "")


def split_parts(data: bytes, media: str) -> list[FilePart]:
    """The file as parts, which put together are its bytes."""
    splits = {png.MEDIA: png.split, jpeg.MEDIA: jpeg.split, webp.MEDIA: webp.split, gif.MEDIA: gif.split}
    return splits[media](data)


def read_metadata(data: bytes) -> EmbeddedMetadata | None:
    """What a picture file tells besides its pixels; None where it is no PNG, JPEG, WebP or GIF."""
    media = embeddable_media_type(data)
    if not media:
        return None
    return metadata_of_parts(split_parts(data, media), media)


def metadata_of_parts(parts: Sequence[FilePart], media: str) -> EmbeddedMetadata:
    """What a file tells that was split already."""
    told = {
        png.MEDIA: png.metadata_of_parts,
        jpeg.MEDIA: jpeg.metadata_of_parts,
        webp.MEDIA: webp.metadata_of_parts,
        gif.MEDIA: gif.metadata_of_parts,
    }
    return told[media](parts)

"""Read and split PNG, JPEG, WebP and GIF files through one interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from nano_banana.formats import gif, jpeg, png, webp
from nano_banana.formats.image_parts import EmbeddedMetadata, FilePart


class _FormatModule(Protocol):
    def split(self, data: bytes) -> list[FilePart]: ...

    def metadata_of_parts(self, parts: Sequence[FilePart]) -> EmbeddedMetadata: ...


_FORMATS: Mapping[str, _FormatModule] = {png.MEDIA: png, jpeg.MEDIA: jpeg, webp.MEDIA: webp, gif.MEDIA: gif}


def embeddable_media_type(data: bytes) -> str:
    """The media type of a picture whose metadata can be read and written; empty for anything else."""
    tests = {png.MEDIA: png.is_png, jpeg.MEDIA: jpeg.is_jpeg, webp.MEDIA: webp.is_webp, gif.MEDIA: gif.is_gif}
    return next((media for media, test in tests.items() if test(data)), "")


def split_parts(data: bytes, media: str) -> list[FilePart]:
    """Split a file into parts whose concatenation is the file."""
    return _FORMATS[media].split(data)


def read_metadata(data: bytes) -> EmbeddedMetadata | None:
    """The metadata of a picture file; None if it isn't a PNG, JPEG, WebP or GIF."""
    media = embeddable_media_type(data)
    return metadata_of_parts(split_parts(data, media), media) if media else None


def metadata_of_parts(parts: Sequence[FilePart], media: str) -> EmbeddedMetadata:
    """The metadata of a file that is split already."""
    return _FORMATS[media].metadata_of_parts(parts)

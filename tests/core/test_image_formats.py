"""A picture's format is told by its content."""

from __future__ import annotations

import pytest

from nano_banana.formats import image_formats
from nano_banana.formats.image_formats import ImageFormat, sniff_format


@pytest.mark.parametrize(
    ("head", "known"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", image_formats.HEIC),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", image_formats.HEIC),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", image_formats.AVIF),
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif", image_formats.AVIF),
        (b"\0\0\0\x18ftypmp42\0\0\0\0isommp42", None),
        (b"\xff\xd8\xff\xe0", image_formats.JPEG),
        (b"RIFF\0\0\0\0WEBPVP8 ", image_formats.WEBP),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"P6\n2 2\n", image_formats.PPM),
        (b"Photos", None),
        (b"II+\0\x08\0\0\0", image_formats.TIFF),
        (b"IIRO\x08\0\0\0", image_formats.RAW),
        (b"", None),
    ],
)
def test_it_is_told_by_its_first_bytes(head: bytes, known: ImageFormat | None) -> None:
    assert sniff_format(head) is known


def test_no_suffix_means_two_formats() -> None:
    suffixes = [suffix for known in image_formats.FORMATS for suffix in known.suffixes]
    assert len(suffixes) == len(set(suffixes))
    assert not image_formats.READABLE_SUFFIXES & image_formats.UNREADABLE_SUFFIXES

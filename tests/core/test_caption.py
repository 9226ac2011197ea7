"""The caption that a trainer gets."""

from __future__ import annotations

import pytest

from nano_banana.formats.image_formats import with_prefix

PREFIX = "photo of anqz7 woman"


@pytest.mark.parametrize(
    ("prefix", "text", "whole"),
    [
        (PREFIX, "smiling at a desk", "photo of anqz7 woman, smiling at a desk"),
        (PREFIX + ":", " at a desk\n", "photo of anqz7 woman: at a desk"),
        (PREFIX, "", PREFIX),
        ("", "at a desk", "at a desk"),
        ("", "", ""),
        (PREFIX, "Photo of anqz7 woman at a desk", "Photo of anqz7 woman at a desk"),
        (PREFIX, "photo of anqz7 womanhood", "photo of anqz7 woman, photo of anqz7 womanhood"),
        (PREFIX, PREFIX, PREFIX),
    ],
)
def test_a_prefix_begins_the_caption_once(prefix: str, text: str, whole: str) -> None:
    assert with_prefix(prefix, text) == whole
    assert with_prefix(prefix, whole) == whole

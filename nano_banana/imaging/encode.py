"""Pixels as files: the same pixels, the same bytes, and nothing else."""

from __future__ import annotations

import io

from PIL import Image

PNG = "image/png"


def png(picture: Image.Image) -> bytes:
    """`picture` as PNG without any metadata."""
    bare = picture
    if picture.info:
        bare = picture.copy()
        bare.info = {}
    out = io.BytesIO()
    bare.save(out, format="PNG", compress_level=6)
    return out.getvalue()

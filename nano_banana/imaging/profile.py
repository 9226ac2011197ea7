"""Colour profiles: what a file's numbers mean, said in sRGB."""

from __future__ import annotations

import io

from PIL import Image
from PIL import ImageCms


def to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """`picture` as RGB in sRGB. Numbers that are sRGB already, or of no (readable) profile, stay as they are.

    That is `picture` itself where it is RGB already. Raises ValueError for modes that cannot be said in RGB.
    """
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "srgb" not in ImageCms.getProfileDescription(source).casefold():
                return _translated(picture, source)
        except (ImageCms.PyCMSError, OSError, TypeError, ImportError):
            # A damaged profile, or one of other channels: the numbers are still a picture.
            pass
    # A copy of a large photo is hundreds of megabytes.
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _translated(picture: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    direct = picture if picture.mode in ("L", "RGB", "CMYK") else picture.convert("RGB")
    made = ImageCms.profileToProfile(direct, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    return direct.convert("RGB") if made is None else made

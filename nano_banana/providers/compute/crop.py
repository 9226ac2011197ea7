"""The region of a mask, cut out and scaled for a painter."""

from __future__ import annotations

from PIL import Image

from nano_banana.core.errors import CallFailed, trouble
from nano_banana.imaging.encode import PNG, png
from nano_banana.imaging.frame import frame
from nano_banana.imaging.open import open_picture
from nano_banana.providers.compute.masked import open_mask
from nano_banana.providers.compute.request import Request, Result


def crop(request: Request) -> Result:
    """Inputs `image`, `mask`; arguments `megapixels` (1.0), `multiple` (16), `context` (0.5), `least` (0): see `frame`.

    Files `image` (PNG, RGB) and `mask` (PNG, L: white wherever the paste will take anything of the
    painter's, so that a soft edge fades between two whole pictures). Data: `box`, `width`, `height`.
    Raises CallFailed: `mask_size`, `mask_empty`.
    """
    picture = open_picture(request.input("image"), place="image")
    mask = open_mask(request, picture.size)
    region = mask.getbbox()
    if not region:
        raise CallFailed([trouble("mask_empty")])
    cut = frame(
        region,
        picture.size,
        megapixels=request.number("megapixels", 1.0, 0.01, 64),
        multiple=request.whole("multiple", 16, 1, 512),
        context=request.number("context", 0.5, 0, 10),
        least=request.whole("least", 0, 0, 4096),
    )
    size = (cut.width, cut.height)
    image = _scaled(picture.crop(cut.box), size, Image.Resampling.LANCZOS)
    hard = mask.crop(cut.box).point(lambda value: 255 if value else 0)
    files = {"image": (png(image), PNG), "mask": (png(_scaled(hard, size, Image.Resampling.BILINEAR)), PNG)}
    return {"box": list(cut.box), "width": cut.width, "height": cut.height}, files


def _scaled(picture: Image.Image, size: tuple[int, int], how: Image.Resampling) -> Image.Image:
    return picture if picture.size == size else picture.resize(size, how)

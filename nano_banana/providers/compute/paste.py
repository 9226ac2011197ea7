"""A painted cut, put back where it came from, through the mask."""

from __future__ import annotations

from PIL import Image

from nano_banana.imaging.blend import blend
from nano_banana.imaging.encode import PNG, png
from nano_banana.imaging.open import open_layers, open_picture
from nano_banana.providers.compute.masked import open_mask
from nano_banana.providers.compute.request import Request, Result, bad, numbers


def paste(request: Request) -> Result:
    """Inputs `original`, `painted` (of any size), `mask` (the original's size); argument `box` of the crop.

    File `image`: PNG, RGB (RGBA for an original with transparency, which it keeps). Where the mask is black
    the pixels are the original's, bit for bit. Data: `width`, `height`. Raises CallFailed: `mask_size`.
    """
    original = open_layers(request.input("original"), place="original")
    painted = open_picture(request.input("painted"), place="painted")
    mask = open_mask(request, original.size)
    pasted = blend(original, painted, mask, _box(request, original))
    return {"width": pasted.width, "height": pasted.height}, {"image": (png(pasted), PNG)}


def _box(request: Request, original: Image.Image) -> tuple[int, int, int, int]:
    value = request.arguments.get("box")
    left, top, right, bottom = (int(edge) for edge in numbers("box", value, 0, max(original.size), count=4))
    if not (left < right <= original.width and top < bottom <= original.height):
        raise bad("box", value)
    return left, top, right, bottom

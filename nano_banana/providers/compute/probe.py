"""What a picture's header says, without decoding it."""

from __future__ import annotations

from PIL import Image

from nano_banana.imaging.open import opened_size, reading
from nano_banana.providers.compute.request import Request, Result


def probe(request: Request) -> Result:
    """Input `image`; data: `width` and `height` (upright), `mode` (as Pillow names it), `media` type."""
    with reading(request.input("image"), place="image") as picture:
        width, height = opened_size(picture)
        media = Image.MIME.get(str(picture.format), "application/octet-stream")
        return {"width": width, "height": height, "mode": picture.mode, "media": media}, {}

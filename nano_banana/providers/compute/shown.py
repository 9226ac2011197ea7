"""A mask of one picture, and the picture with the mask over it."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from nano_banana.core.json import JSONObject
from nano_banana.imaging.encode import png
from nano_banana.imaging.open import open_picture
from nano_banana.imaging.overlay import overlay
from nano_banana.providers.compute.mask import mask
from nano_banana.providers.compute.request import Request


def shown(image: Path, arguments: JSONObject) -> tuple[JSONObject, bytes, bytes]:
    """What the compute endpoint `mask` answers: its data, its mask (PNG), and the overlay to look at (PNG).

    Raises as `mask` does.
    """
    data, files = mask(Request(arguments=arguments, inputs={"image": image}))
    drawn = files["mask"][0]
    with Image.open(io.BytesIO(drawn)) as opened:
        return data, drawn, png(overlay(open_picture(image), opened))

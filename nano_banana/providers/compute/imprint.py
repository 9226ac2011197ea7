"""A picture with an invisible mark in its pixels."""

from __future__ import annotations

import numpy as np
from PIL import Image

from nano_banana.core.errors import CallFailed, trouble
from nano_banana.imaging.encode import PNG, png
from nano_banana.imaging.open import open_layers
from nano_banana.marks.invisible.message import OWN, is_message
from nano_banana.marks.invisible.rivagan import written
from nano_banana.providers.compute.request import Request, Result, bad


def imprint(request: Request) -> Result:
    """Input `image`; argument `message` (8 hex digits; without it this program's own).

    File `image`: PNG of the same size, RGB (RGBA for a picture with transparency, which it keeps). Data: `message`,
    and how many of its 32 bits are read again (`agree`) at what `strength`. Raises CallFailed as `open_layers` does
    and `mark_not_held`; Unusable `marks_missing`.
    """
    message = request.text("message") or OWN
    if not is_message(message):
        raise bad("message", message)
    picture = open_layers(request.input("image"), place="image")
    pixels, match, strength = written(np.asarray(picture.convert("RGB")), message)
    if not match.found:
        raise CallFailed([trouble("mark_not_held", agree=match.agree, least=match.least)])
    marked = Image.fromarray(pixels)
    if picture.mode == "RGBA":
        marked.putalpha(picture.getchannel("A"))
    return {"message": message, "agree": match.agree, "strength": strength}, {"image": (png(marked), PNG)}

"""A picture file of the user's as a take begins with it."""

from __future__ import annotations

from nano_banana.imaging.bare import bare_layers
from nano_banana.providers.compute.request import Request, Result

_MEDIA = {".jpg": "image/jpeg", ".png": "image/png"}


def open_file(request: Request) -> Result:
    """Input `file`, of any format that is read; file `image`, a JPEG or PNG, upright, in sRGB, without metadata.

    An upright RGB or grey JPEG or PNG in sRGB keeps its coded pixels; transparency stays. Raises CallFailed
    as `open_picture` does.
    """
    data, suffix = bare_layers(request.input("file"), place="file")
    return {}, {"image": (data, _MEDIA[suffix])}

"""A picture as it is handed out: cropped, scaled, in another format."""

from __future__ import annotations

import io
from typing import TypeAlias

import numpy as np
from PIL import Image

from nano_banana.faces.face import main_faces
from nano_banana.faces.find import find_faces
from nano_banana.faces.networks import DETECTOR, weights_of
from nano_banana.imaging.encode import PNG, png
from nano_banana.imaging.open import WHITE, open_layers
from nano_banana.providers.compute.request import Request, Result, bad

LONGEST = 16_384
FORMATS = {PNG: "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
"""Media type to Pillow's name."""

Point: TypeAlias = tuple[float, float]


def fit(request: Request) -> Result:
    """Input `image`; arguments `media`, `quality` (92), and either `longest`, or `width` and `height` with `around`.

    `longest` scales down so that no side is longer, and never up. `width` and `height` cut out as much of these
    proportions as there is, `around` the `face` (of several people all main faces; the centre where there is none) or
    the `centre`, and scale it to that size exactly. File `image`: sRGB, without metadata; transparency stays but in a
    JPEG, where it is white. Data: `width`, `height`, `scale` (above 1 where it was enlarged), `faces` (how many it is
    centred on). Raises CallFailed as `open_picture` does, and Unusable `faces_missing`.
    """
    media = request.text("media") or PNG
    if media not in FORMATS:
        raise bad("media", media)
    picture = open_layers(request.input("image"), place="image")
    if picture.mode == "RGBA" and media == "image/jpeg":
        flat = Image.new("RGB", picture.size, WHITE)
        flat.paste(picture, mask=picture.getchannel("A"))
        picture = flat
    before: float = picture.width
    faces = 0
    if "width" in request.arguments:
        size = (request.whole("width", 0, 1, LONGEST), request.whole("height", 0, 1, LONGEST))
        middle, faces = _middle(request, picture)
        box = window(picture.size, size, middle)
        before = box[2] - box[0]
        picture = picture.resize(size, Image.Resampling.LANCZOS, box=box)
    elif "longest" in request.arguments:
        longest = request.whole("longest", 0, 1, LONGEST)
        picture.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=None)
    data = _encoded(picture, media, request.whole("quality", 92, 1, 100))
    told = {"width": picture.width, "height": picture.height, "scale": picture.width / before, "faces": faces}
    return told, {"image": (data, media)}


def window(picture: tuple[int, int], wanted: tuple[int, int], middle: Point) -> tuple[float, float, float, float]:
    """The largest box of the wanted proportions in the picture, as near to `middle` as it lies within (pixels)."""
    scale = min(picture[0] / wanted[0], picture[1] / wanted[1])
    width, height = wanted[0] * scale, wanted[1] * scale
    left = min(max(middle[0] - width / 2, 0.0), picture[0] - width)
    top = min(max(middle[1] - height / 2, 0.0), picture[1] - height)
    return left, top, left + width, top + height


def _middle(request: Request, picture: Image.Image) -> tuple[Point, int]:
    """The point that the crop lies around, and how many faces that is the middle of."""
    around = request.text("around") or "centre"
    if around not in ("face", "centre"):
        raise bad("around", around)
    if around == "face":
        weights_of(DETECTOR)
        faces = main_faces(find_faces(np.asarray(picture.convert("RGB"), np.uint8)) or ())
        if faces:
            left, top = min(face.left for face in faces), min(face.top for face in faces)
            right = max(face.left + face.width for face in faces)
            bottom = max(face.top + face.height for face in faces)
            return ((left + right) / 2, (top + bottom) / 2), len(faces)
    return (picture.width / 2, picture.height / 2), 0


def _encoded(picture: Image.Image, media: str, quality: int) -> bytes:
    if media == PNG:
        return png(picture)
    out = io.BytesIO()
    # Coarser colours (4:2:0) would destroy invisible marks.
    more = {"subsampling": 0, "optimize": True} if media == "image/jpeg" else {}
    picture.save(out, format=FORMATS[media], quality=quality, **more)
    return out.getvalue()

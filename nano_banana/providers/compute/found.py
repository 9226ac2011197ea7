"""A mask of what is found: each face's region grown by its own size."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageChops

from nano_banana.core.errors import CallFailed, trouble
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.faces.drawn import Region
from nano_banana.faces.face import Face
from nano_banana.faces.parts import ORDERS, PARTS, WHICH
from nano_banana.faces.regions import find_regions
from nano_banana.imaging.edges import feather, grow
from nano_banana.imaging.open import open_picture
from nano_banana.providers.compute.request import Request, bad

MOST_FACES = 32
"""The highest number that `which` may be."""


def found(request: Request, wish: JSONValue) -> tuple[Image.Image, JSONObject]:
    """What `wish` ({part, which, order}) finds in the input `image`, as a mask (mode L) of the upright picture's size.

    `grow` and `feather` are fractions of the mean side of each face's own region. Data: `models`, `face` (the boxes
    of the faces whose regions these are: left, top, width, height in pixels) and `rough` (a region is guessed from
    the eyes alone, because the landmarks are weak). Raises CallFailed `nothing_found`, Unusable `faces_missing`,
    `weights_wrong`.
    """
    part, which, order = _wish(wish)
    picture = open_picture(request.input("image"), place="image")
    wider, softer = request.number("grow", 0, 0, 4), request.number("feather", 0, 0, 4)
    seen = find_regions(np.asarray(picture), part, which=which, order=order)
    if not seen.regions:
        raise CallFailed([trouble("nothing_found", part=part, which=which, faces=seen.counted)])
    canvas = Image.new("L", picture.size, 0)
    for region in seen.regions:
        _lay(canvas, region, wider, softer)
    faces: list[JSONValue] = [_box(face) for face in seen.faces]
    return canvas, {"models": seen.models, "face": faces, "rough": seen.rough}


def _wish(wish: JSONValue) -> tuple[str, str | int, str]:
    if not isinstance(wish, Mapping) or not {"part"} <= set(wish) <= {"part", "which", "order"}:
        raise bad("find", wish)
    part, which, order = wish["part"], wish.get("which", "largest"), wish.get("order", "size")
    if not isinstance(part, str) or part not in PARTS:
        raise bad("part", part)
    if not isinstance(order, str) or order not in ORDERS:
        raise bad("order", order)
    if isinstance(which, str) and which in WHICH:
        return part, which, order
    if isinstance(which, bool) or not isinstance(which, int) or not 1 <= which <= MOST_FACES:
        raise bad("which", which)
    return part, which, order


def _lay(canvas: Image.Image, region: Region, wider: float, softer: float) -> None:
    """Grow and soften the region, and lay it on the canvas where it is lighter."""
    high, wide = region.mask.shape
    side = (high + wide) / 2
    reach, band = min(wider * side, max(canvas.size)), softer * side
    margin = math.ceil(reach * 1.09 + band) + 2
    left, top = max(0, region.left - margin), max(0, region.top - margin)
    right = min(canvas.width, region.left + wide + margin)
    bottom = min(canvas.height, region.top + high + margin)
    piece = Image.new("L", (right - left, bottom - top), 0)
    piece.paste(Image.fromarray(region.mask), (region.left - left, region.top - top))
    piece = feather(grow(piece, reach), band)
    canvas.paste(ImageChops.lighter(canvas.crop((left, top, right, bottom)), piece), (left, top))


def _box(face: Face) -> list[JSONValue]:
    return [round(value, 2) for value in (face.left, face.top, face.width, face.height)]

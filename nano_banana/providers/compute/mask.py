"""A mask for a picture: a shape or a file, grown, softened, turned round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard

import numpy as np
from PIL import Image

from nano_banana.core.errors import CallFailed, trouble
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.imaging.drawn_mask import drawn_mask
from nano_banana.imaging.edges import feather, grow
from nano_banana.imaging.encode import PNG, png
from nano_banana.imaging.open import upright_size
from nano_banana.imaging.shapes import box_mask, ellipse_mask, polygon_mask
from nano_banana.providers.compute.found import found
from nano_banana.providers.compute.masked import misfit
from nano_banana.providers.compute.request import Request, Result, bad, many, numbers

SAME_PROPORTIONS = 0.01
_NOISE = 8


def mask(request: Request) -> Result:
    """Input `image` (and `file`); arguments `shape` ({box|ellipse|polygon|file|find: …}), `grow`, `feather`, `invert`.

    File `mask`: PNG, mode L, as large as the upright picture, white where it is to be repainted. Data: `box`
    (left, top, right, bottom in pixels of what is not black) and `coverage` (0–1). `grow` and `feather` are
    fractions of the mean side of the region's bounding box. What is found (see `found`) says more in its data.
    Raises CallFailed: `mask_size`, `mask_empty`, `nothing_found`, and as `drawn_mask`.
    """
    shape = request.arguments.get("shape")
    drawn, more = found(request, shape["find"]) if _is_find(shape) else (_shaped(request), {})
    if request.flag("invert"):
        drawn = drawn.point(lambda value: 255 - value)
    box = drawn.getbbox()
    if not box:
        raise CallFailed([trouble("mask_empty")])
    coverage = round(float(np.asarray(drawn).mean()) / 255, 6)
    return {"box": list(box), "coverage": coverage, **more}, {"mask": (png(drawn), PNG)}


def _is_find(shape: JSONValue) -> TypeGuard[JSONObject]:
    return isinstance(shape, Mapping) and list(shape) == ["find"]


def _shaped(request: Request) -> Image.Image:
    size = upright_size(request.input("image"), place="image")
    drawn = _drawn(request, size)
    region = drawn.getbbox()
    if region:
        side = (region[2] - region[0] + region[3] - region[1]) / 2
        reach = min(request.number("grow", 0, 0, 4) * side, max(size))
        drawn = feather(grow(drawn, reach), request.number("feather", 0, 0, 4) * side)
    return drawn


def _drawn(request: Request, size: tuple[int, int]) -> Image.Image:
    shape = request.arguments.get("shape")
    if not isinstance(shape, Mapping) or len(shape) != 1:
        raise bad("shape", shape)
    ((kind, value),) = shape.items()
    if kind == "box":
        return box_mask(size, _box(kind, value))
    if kind == "ellipse":
        return ellipse_mask(size, _box(kind, value))
    if kind == "polygon" and len(many(kind, value)) > 2:
        corners = [numbers(kind, corner, -4, 5, count=2) for corner in many(kind, value)]
        return polygon_mask(size, [(x, y) for x, y in corners])
    if kind == "file" and value is True:
        return _from_file(request, size)
    raise bad("shape", shape)


def _box(kind: str, value: JSONValue) -> tuple[float, float, float, float]:
    left, top, right, bottom = numbers(kind, value, -4, 5, count=4)
    return left, top, right, bottom


def _from_file(request: Request, size: tuple[int, int]) -> Image.Image:
    given = drawn_mask(request.input("file"), place="file")
    theirs, ours = given.width / given.height, size[0] / size[1]
    if abs(theirs / ours - 1) > SAME_PROPORTIONS:
        raise misfit(given.size, size)
    if given.size != size:
        given = given.resize(size, Image.Resampling.BILINEAR)
    # What JPEG leaves beside an edge would make the region as large as the picture.
    return given.point(lambda value: 0 if value < _NOISE else 255 if value > 255 - _NOISE else value)

"""Endpoints for masks: make, crop out, paste back, show, and check files."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops

from nano_banana.faces.face import FACE_CHOICES, FACE_ORDERS, PARTS
from nano_banana.faces.regions import MaskRegion, find_regions
from nano_banana.formats.picture_files import (
    BLACK,
    PNG_MEDIA,
    check_picture_file,
    encode_png,
    open_picture,
    open_picture_with_alpha,
    upright_size,
)
from nano_banana.imaging.mask_images import (
    box_mask,
    crop_frame,
    ellipse_mask,
    feather_mask,
    grow_mask,
    mask_overlay,
    paste_by_mask,
    polygon_mask,
    read_mask,
)
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import CallFailed, problem
from nano_banana.providers.compute.compute_request import (
    ComputeRequest,
    argument_error,
    number_arguments,
    sequence_argument,
)
from nano_banana.providers.workers import WorkResult


def open_mask(request: ComputeRequest, size: tuple[int, int]) -> Image.Image:
    """The input `mask` in mode L. Raises CallFailed `mask_size` if it isn't `size` (width, height)."""
    mask = open_picture(request.input("mask"), place="mask", behind=BLACK).convert("L")
    if mask.size != size:
        raise mask_size_error(mask.size, size)
    return mask


def mask_size_error(mask: tuple[int, int], picture: tuple[int, int]) -> CallFailed:
    """The error for a mask of other proportions than its picture's (width, height)."""
    return CallFailed(
        [problem("mask_size", width=mask[0], height=mask[1], picture_width=picture[0], picture_height=picture[1])]
    )


MAX_WHICH = 32
"""The highest number that `which` may be."""


def find_mask(request: ComputeRequest, wish: JSONValue) -> tuple[Image.Image, JSONObject]:
    """What `wish` ({part, which, order}) finds in the input `image`, as a mask (mode L) of the upright picture's size.

    `grow` and `feather` are fractions of the mean side of each face's own region. Data: `models`, `face` (the boxes
    of the faces whose regions these are: left, top, width, height in pixels) and `rough` (a region is guessed from
    the eyes alone, because the landmarks are weak). Raises CallFailed `nothing_found`, Unusable `faces_missing`,
    `weights_wrong`.
    """
    part, which, order = _find_arguments(wish)
    picture = open_picture(request.input("image"), place="image")
    wider, softer = request.number("grow", 0, 0, 4), request.number("feather", 0, 0, 4)
    seen = find_regions(np.asarray(picture), part, which=which, order=order)
    if not seen.regions:
        raise CallFailed([problem("nothing_found", part=part, which=which, faces=seen.counted)])
    canvas = Image.new("L", picture.size, 0)
    for region in seen.regions:
        _add_region(canvas, region, wider, softer)
    faces: list[JSONValue] = [
        [round(value, 2) for value in (face.left, face.top, face.width, face.height)] for face in seen.faces
    ]
    return canvas, {"models": seen.models, "face": faces, "rough": seen.rough}


def _find_arguments(wish: JSONValue) -> tuple[str, str | int, str]:
    if not isinstance(wish, Mapping) or not {"part"} <= set(wish) <= {"part", "which", "order"}:
        raise argument_error("find", wish)
    part, which, order = wish["part"], wish.get("which", "largest"), wish.get("order", "size")
    if not isinstance(part, str) or part not in PARTS:
        raise argument_error("part", part)
    if not isinstance(order, str) or order not in FACE_ORDERS:
        raise argument_error("order", order)
    if isinstance(which, str) and which in FACE_CHOICES:
        return part, which, order
    if isinstance(which, bool) or not isinstance(which, int) or not 1 <= which <= MAX_WHICH:
        raise argument_error("which", which)
    return part, which, order


def _add_region(canvas: Image.Image, region: MaskRegion, wider: float, softer: float) -> None:
    """Grow and soften the region, and merge it into the canvas (the lighter pixel wins)."""
    high, wide = region.mask.shape
    side = (high + wide) / 2
    reach, band = min(wider * side, max(canvas.size)), softer * side
    margin = math.ceil(reach * 1.09 + band) + 2
    left, top = max(0, region.left - margin), max(0, region.top - margin)
    right = min(canvas.width, region.left + wide + margin)
    bottom = min(canvas.height, region.top + high + margin)
    piece = Image.new("L", (right - left, bottom - top), 0)
    piece.paste(Image.fromarray(region.mask), (region.left - left, region.top - top))
    piece = feather_mask(grow_mask(piece, reach), band)
    canvas.paste(ImageChops.lighter(canvas.crop((left, top, right, bottom)), piece), (left, top))


MASK_TOLERANCE = 0.01
_NOISE = 8


def mask(request: ComputeRequest) -> WorkResult:
    """Input `image` (and `file`); arguments `shape` ({box|ellipse|polygon|file|find: …}), `grow`, `feather`, `invert`.

    File `mask`: PNG, mode L, as large as the upright picture, white where it is to be repainted. Data: `box`
    (left, top, right, bottom in pixels of what is not black) and `coverage` (0–1). `grow` and `feather` are
    fractions of the mean side of the region's bounding box. What is found (see `found`) says more in its data.
    Raises CallFailed: `mask_size`, `mask_empty`, `nothing_found`, and as `drawn_mask`.
    """
    shape = request.arguments.get("shape")
    if isinstance(shape, Mapping) and list(shape) == ["find"]:
        drawn, more = find_mask(request, shape["find"])
    else:
        drawn, more = _shape_mask(request), {}
    if request.flag("invert"):
        drawn = drawn.point(lambda value: 255 - value)
    box = drawn.getbbox()
    if not box:
        raise CallFailed([problem("mask_empty")])
    coverage = round(float(np.asarray(drawn).mean()) / 255, 6)
    return {"box": list(box), "coverage": coverage, **more}, {"mask": (encode_png(drawn), PNG_MEDIA)}


def _shape_mask(request: ComputeRequest) -> Image.Image:
    size = upright_size(request.input("image"), place="image")
    drawn = _draw_shape(request, size)
    region = drawn.getbbox()
    if region:
        side = (region[2] - region[0] + region[3] - region[1]) / 2
        reach = min(request.number("grow", 0, 0, 4) * side, max(size))
        drawn = feather_mask(grow_mask(drawn, reach), request.number("feather", 0, 0, 4) * side)
    return drawn


def _draw_shape(request: ComputeRequest, size: tuple[int, int]) -> Image.Image:
    shape = request.arguments.get("shape")
    if not isinstance(shape, Mapping) or len(shape) != 1:
        raise argument_error("shape", shape)
    ((kind, value),) = shape.items()
    if kind in {"box", "ellipse"}:
        left, top, right, bottom = number_arguments(kind, value, -4, 5, count=4)
        return (box_mask if kind == "box" else ellipse_mask)(size, (left, top, right, bottom))
    if kind == "polygon" and len(sequence_argument(kind, value)) > 2:
        corners = [number_arguments(kind, corner, -4, 5, count=2) for corner in sequence_argument(kind, value)]
        return polygon_mask(size, [(x, y) for x, y in corners])
    if kind == "file" and value is True:
        return _from_file(request, size)
    raise argument_error("shape", shape)


def _from_file(request: ComputeRequest, size: tuple[int, int]) -> Image.Image:
    given = read_mask(request.input("file"), place="file")
    theirs, ours = given.width / given.height, size[0] / size[1]
    if abs(theirs / ours - 1) > MASK_TOLERANCE:
        raise mask_size_error(given.size, size)
    if given.size != size:
        given = given.resize(size, Image.Resampling.BILINEAR)
    # What JPEG leaves beside an edge would make the region as large as the picture.
    return given.point(lambda value: 0 if value < _NOISE else 255 if value > 255 - _NOISE else value)


def crop(request: ComputeRequest) -> WorkResult:
    """Inputs `image`, `mask`; arguments `megapixels` (1.0), `multiple` (16), `context` (0.5), `least` (0): see `frame`.

    Files `image` (PNG, RGB) and `mask` (PNG, L: white wherever the paste will take anything of the
    painter's, so that a soft edge fades between two whole pictures). Data: `box`, `width`, `height`.
    Raises CallFailed: `mask_size`, `mask_empty`.
    """
    picture = open_picture(request.input("image"), place="image")
    mask = open_mask(request, picture.size)
    region = mask.getbbox()
    if not region:
        raise CallFailed([problem("mask_empty")])
    cut = crop_frame(
        region,
        picture.size,
        megapixels=request.number("megapixels", 1.0, 0.01, 64),
        multiple=request.whole("multiple", 16, 1, 512),
        context=request.number("context", 0.5, 0, 10),
        least=request.whole("least", 0, 0, 4096),
    )
    size = (cut.width, cut.height)
    image = _scale_crop(picture.crop(cut.box), size, Image.Resampling.LANCZOS)
    hard = mask.crop(cut.box).point(lambda value: 255 if value else 0)
    files = {
        "image": (encode_png(image), PNG_MEDIA),
        "mask": (encode_png(_scale_crop(hard, size, Image.Resampling.BILINEAR)), PNG_MEDIA),
    }
    return {"box": list(cut.box), "width": cut.width, "height": cut.height}, files


def _scale_crop(picture: Image.Image, size: tuple[int, int], how: Image.Resampling) -> Image.Image:
    return picture if picture.size == size else picture.resize(size, how)


def paste(request: ComputeRequest) -> WorkResult:
    """Inputs `original`, `painted` (of any size), `mask` (the original's size); argument `box` of the crop.

    File `image`: PNG, RGB (RGBA for an original with transparency, which it keeps). Where the mask is black
    the pixels are the original's, bit for bit. Data: `width`, `height`. Raises CallFailed: `mask_size`.
    """
    original = open_picture_with_alpha(request.input("original"), place="original")
    painted = open_picture(request.input("painted"), place="painted")
    mask = open_mask(request, original.size)
    pasted = paste_by_mask(original, painted, mask, _paste_box(request, original))
    return {"width": pasted.width, "height": pasted.height}, {"image": (encode_png(pasted), PNG_MEDIA)}


def _paste_box(request: ComputeRequest, original: Image.Image) -> tuple[int, int, int, int]:
    value = request.arguments.get("box")
    left, top, right, bottom = (int(edge) for edge in number_arguments("box", value, 0, max(original.size), count=4))
    if not (left < right <= original.width and top < bottom <= original.height):
        raise argument_error("box", value)
    return left, top, right, bottom


def preview_mask(image: Path, arguments: JSONObject) -> tuple[JSONObject, bytes, bytes]:
    """What the compute endpoint `mask` answers: its data, its mask (PNG), and the overlay to look at (PNG).

    Raises as `mask` does.
    """
    data, files = mask(ComputeRequest(arguments=arguments, inputs={"image": image}))
    drawn = files["mask"][0]
    with Image.open(io.BytesIO(drawn)) as opened:
        return data, drawn, encode_png(mask_overlay(open_picture(image), opened))


def check_mask_file(path: Path) -> None:
    """Read it as the mask of a picture of its own size. Raises CallFailed as `mask` does."""
    check_picture_file(path)
    mask(ComputeRequest(arguments={"shape": {"file": True}}, inputs={"image": path, "file": path}))

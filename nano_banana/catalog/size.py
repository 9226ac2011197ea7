"""Sizes of pictures: names, sides and ratios, resolved to pixels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from nano_banana.catalog.endpoint import Endpoint, Task
from nano_banana.catalog.field import MISSING
from nano_banana.core.json import JSONObject, JSONValue

NAMED: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "square_hd": (1024, 1024),
        "square": (512, 512),
        "portrait_4_3": (768, 1024),
        "portrait_16_9": (576, 1024),
        "landscape_4_3": (1024, 768),
        "landscape_16_9": (1024, 576),
    }
)
"""fal's named sizes, width and height in pixels (its toolkit's presets)."""

MULTIPLE = 16
"""FLUX draws in blocks of this many pixels."""

_SIDES: Mapping[str, int] = MappingProxyType({"1K": 1024, "2K": 2048, "4K": 4096})


def argument(endpoint: Endpoint, arguments: JSONObject, name: str | None) -> JSONValue:
    """What stands in the field `name`, else its default, else None."""
    field = endpoint.field_for(name)
    if field is None:
        return None
    unsaid = None if field.default is MISSING else field.default
    return arguments.get(field.name, unsaid)


def pixels(
    endpoint: Endpoint, arguments: JSONObject, *, picture: tuple[int, int] | None = None
) -> tuple[int, int] | None:
    """Width and height of a result; None where nothing tells.

    `picture` is the size of the input picture. Where only a ratio is given the size is nominal: the
    ratio's shape with the area of a square of 1024, 2048 or 4096 pixels, sides in multiples of 16.
    """
    return known_pixels(endpoint, arguments, picture=picture) or _nominal(endpoint, arguments)


def known_pixels(
    endpoint: Endpoint, arguments: JSONObject, *, picture: tuple[int, int] | None = None
) -> tuple[int, int] | None:
    """As `pixels`, but only a size that the arguments or the input picture say exactly."""
    roles = endpoint.roles
    if roles.size:
        said = argument(endpoint, arguments, roles.size)
        if said is None:
            return picture if roles.image else None
        return _said(said)
    if roles.aspect_ratio:
        return picture if argument(endpoint, arguments, roles.aspect_ratio) == "match_input" else None
    if endpoint.does in {Task.UPSCALE, Task.RESTORE}:
        return _enlarged(endpoint, arguments, picture)
    return picture if endpoint.does in {Task.IMAGE_TO_IMAGE, Task.INPAINT} else None


def _enlarged(endpoint: Endpoint, arguments: JSONObject, picture: tuple[int, int] | None) -> tuple[int, int] | None:
    factor = argument(endpoint, arguments, endpoint.roles.factor)
    if picture is None or isinstance(factor, bool) or not isinstance(factor, int | float):
        return None
    return round(picture[0] * factor), round(picture[1] * factor)


def _said(size: JSONValue) -> tuple[int, int] | None:
    if isinstance(size, str):
        return NAMED.get(size)
    if isinstance(size, Mapping):
        width, height = size.get("width"), size.get("height")
        if isinstance(width, int | float) and isinstance(height, int | float):
            return int(width), int(height)
    return None


def _nominal(endpoint: Endpoint, arguments: JSONObject) -> tuple[int, int] | None:
    ratio = argument(endpoint, arguments, endpoint.roles.aspect_ratio)
    resolution = argument(endpoint, arguments, endpoint.roles.resolution)
    side = _SIDES.get(str(resolution)) if resolution is not None else _SIDES["1K"]
    across, _, down = ratio.partition(":") if isinstance(ratio, str) else ("", "", "")
    if side is None or not (across.isdecimal() and down.isdecimal() and int(across) and int(down)):
        return None
    stretch = math.sqrt(int(across) / int(down))
    return _block(side * stretch), _block(side / stretch)


def _block(length: float) -> int:
    return max(MULTIPLE, round(length / MULTIPLE) * MULTIPLE)

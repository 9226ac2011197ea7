"""What a call would cost by the prices that are known; never a guess."""

from __future__ import annotations

import math
from collections.abc import Mapping

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.price import Money, Price, Unit
from nano_banana.catalog.size import argument, known_pixels
from nano_banana.core.json import JSONObject, JSONValue

_SMALL, _LARGE = 1_000_000, 1 << 20
"""A megapixel by either reading; which one the bill means is not documented."""


def estimate(
    endpoint: Endpoint, arguments: JSONObject, *, picture: tuple[int, int] | None = None, inputs: int = 1
) -> Money | None:
    """Low and high US dollars of one call, or None where the price or the units are unknown.

    `arguments` may be completed or not; `picture` is the size of the input picture, for endpoints whose result has its
    size or a multiple of it, and `inputs` how many pictures go in. Started megapixels count whole, a picture at a time:
    1024×1024 is one or two.
    """
    price = endpoint.price
    if price is None or any(argument(endpoint, arguments, name) for name in price.unknown_with):
        return None
    units = _units(endpoint, price, arguments, picture, inputs)
    factor = _factor(endpoint, price, arguments)
    if units is None or factor is None:
        return None
    low, high = (max(count, price.minimum or 0) * factor for count in units)
    extra = extra_usd(endpoint, arguments)
    if price.first is not None:
        extra += price.first - price.usd
    dearer = price.usd if price.usd_high is None else price.usd_high
    return Money(low=round(low * price.usd + extra, 6), high=round(high * dearer + extra, 6))


def _units(
    endpoint: Endpoint, price: Price, arguments: JSONObject, picture: tuple[int, int] | None, inputs: int
) -> tuple[int, int] | None:
    if price.unit is Unit.STEP:
        steps = _whole(argument(endpoint, arguments, endpoint.roles.steps))
        return None if steps is None else (steps, steps)
    count = _count(endpoint, arguments)
    if price.unit is Unit.IMAGE:
        return count, count
    size = known_pixels(endpoint, arguments, picture=picture)
    if size is None and price.input_units is None:
        return None
    low, high = price.input_units or (0, 0)
    if size is not None:
        # Whether an enlarger's bill counts what goes in or what comes out is not documented either.
        least = picture if picture is not None and endpoint.roles.factor and price.block == 1 else size
        made = _blocks(least, _LARGE, price.block) * count, _blocks(size, _SMALL, price.block) * count
    else:
        made = low * count, high * count
    return made[0] + inputs * low, made[1] + inputs * high


def _blocks(size: tuple[int, int], megapixel: int, block: int) -> int:
    return math.ceil(math.ceil(_area(size) / megapixel) / block)


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def _count(endpoint: Endpoint, arguments: JSONObject) -> int:
    return _whole(argument(endpoint, arguments, endpoint.roles.count)) or 1


def _factor(endpoint: Endpoint, price: Price, arguments: JSONObject) -> float | None:
    factor = 1.0
    for name, table in price.times.items():
        value = argument(endpoint, arguments, name)
        if not isinstance(value, str) or value not in table:
            return None
        factor *= table[value]
    return factor


def extra_usd(endpoint: Endpoint, arguments: JSONObject) -> float:
    """What fields of a request add to its price, in US dollars; 0 without a price."""
    total = 0.0
    for name, more in (endpoint.price.plus if endpoint.price else {}).items():
        value = argument(endpoint, arguments, name)
        if isinstance(more, Mapping):
            total += more.get(value, 0) if isinstance(value, str) else 0
        elif value is True:
            total += more
    return total * _count(endpoint, arguments)


def _whole(value: JSONValue) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

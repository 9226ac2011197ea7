"""How many units a request is billed, as the catalog counts them."""

from __future__ import annotations

import math

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.estimate import extra_usd
from nano_banana.catalog.price import Unit
from nano_banana.catalog.size import argument
from nano_banana.core.json import JSONObject

MEGAPIXEL = 1 << 20
"""1024 × 1024 is one."""


def billed(endpoint: Endpoint, arguments: JSONObject, size: tuple[int, int]) -> float:
    """Units of the endpoint's price; 1 where it has none. `size` is the result's, in pixels.

    Factors and surcharges are told in units too, so that units × price is the whole bill.
    """
    price = endpoint.price
    if price is None:
        return 1.0
    if price.unit is Unit.STEP:
        steps = _whole(argument(endpoint, arguments, endpoint.roles.steps)) or 0
        return float(max(steps, price.minimum or 0))
    count = _whole(argument(endpoint, arguments, endpoint.roles.count)) or 1
    each = math.ceil(math.ceil(size[0] * size[1] / MEGAPIXEL) / price.block) if price.unit is Unit.MEGAPIXEL else 1
    units = float(max(each * count, price.minimum or 0))
    for name, table in price.times.items():
        units *= table.get(str(argument(endpoint, arguments, name)), 1.0)
    extra = extra_usd(endpoint, arguments) + (0 if price.first is None else price.first - price.usd)
    return round(units + (extra / price.usd if price.usd else 0), 6)


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

"""What a request cost, by the units that fal says it billed."""

from __future__ import annotations

import math
from collections.abc import Mapping

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.size import argument
from nano_banana.core.call import Call

HEADER = "x-fal-billable-units"


def units_in(headers: Mapping[str, str]) -> float | None:
    """The billed units; None where the answer does not say."""
    try:
        units = float(headers.get(HEADER, ""))
    except ValueError:
        return None
    return units if math.isfinite(units) and units >= 0 else None


def cost_of(units: float | None, call: Call, catalog: Catalog) -> float | None:
    """Units in US dollars.

    None where units or price are unknown or sources of the price disagree; also where the price hangs on arguments
    (a resolution, an extra), since units may or may not count these.
    """
    if units == 0:
        return 0.0
    endpoint = catalog.get(call.endpoint)
    if units is None or endpoint is None or endpoint.price is None:
        return None
    price = endpoint.price
    extras = (*price.times, *price.plus, *price.unknown_with)
    if price.first is not None or price.block != 1 or price.usd_high not in (None, price.usd):
        return None
    if any(argument(endpoint, call.arguments, name) for name in extras):
        return None
    return round(units * price.usd, 6)

"""What a call costs: estimates from dated prices, and quoted prices.

Never a guess: where the price or the units are unknown, so is the estimate. A quote that differs from the known price
by more than a factor of two is not trusted: the price becomes a range, so that a budget counts with the higher figure.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from nano_banana.catalog.arguments import argument_value, known_result_size
from nano_banana.catalog.endpoint import Endpoint, Price, PriceRange, Unit
from nano_banana.model.json_values import JSONObject, JSONValue

_SMALL, _LARGE = 1_000_000, 1 << 20
"""The two usual sizes of a megapixel; which one is billed is not documented."""


def estimate_price(
    endpoint: Endpoint, arguments: JSONObject, *, picture: tuple[int, int] | None = None, inputs: int = 1
) -> PriceRange | None:
    """Low and high US dollars of one call, or None if the price or the units are unknown.

    `arguments` may be completed or not; `picture` is the size of the input picture, for endpoints whose result has its
    size or a multiple of it, and `inputs` how many pictures go in. Started megapixels count whole, a picture at a time:
    1024×1024 is one or two.
    """
    price = endpoint.price
    if price is None or any(argument_value(endpoint, arguments, name) for name in price.unknown_with):
        return None
    units = _billed_units(endpoint, price, arguments, picture, inputs)
    factor = price_factor(endpoint, price, arguments)
    if units is None or factor is None:
        return None
    low, high = (max(count, price.minimum or 0) * factor for count in units)
    extra = surcharge_usd(endpoint, arguments)
    if price.first is not None:
        extra += price.first - price.usd
    return PriceRange(low=round(low * price.usd + extra, 6), high=round(high * price.highest_usd + extra, 6))


def _billed_units(
    endpoint: Endpoint, price: Price, arguments: JSONObject, picture: tuple[int, int] | None, inputs: int
) -> tuple[int, int] | None:
    if price.unit is Unit.STEP:
        steps = whole_number(argument_value(endpoint, arguments, endpoint.roles.steps))
        return None if steps is None else (steps, steps)
    count = result_count(endpoint, arguments)
    if price.unit is Unit.IMAGE:
        return count, count
    size = known_result_size(endpoint, arguments, picture=picture)
    if size is None and price.input_units is None:
        return None
    low, high = price.input_units or (0, 0)
    if size is not None:
        # Whether an enlarger's bill counts what goes in or what comes out is not documented either.
        least = picture if picture is not None and endpoint.roles.factor and price.block == 1 else size
        made = _billed_blocks(least, _LARGE, price.block) * count, _billed_blocks(size, _SMALL, price.block) * count
    else:
        made = low * count, high * count
    return made[0] + inputs * low, made[1] + inputs * high


def _billed_blocks(size: tuple[int, int], megapixel: int, block: int) -> int:
    return math.ceil(math.ceil(size[0] * size[1] / megapixel) / block)


def result_count(endpoint: Endpoint, arguments: JSONObject) -> int:
    """How many results a request asks for."""
    return whole_number(argument_value(endpoint, arguments, endpoint.roles.count)) or 1


def price_factor(endpoint: Endpoint, price: Price, arguments: JSONObject) -> float | None:
    """What the arguments multiply the price by; None if that isn't known."""
    factor = 1.0
    for name, table in price.times.items():
        value = argument_value(endpoint, arguments, name)
        if not isinstance(value, str) or value not in table:
            return None
        factor *= table[value]
    return factor


def surcharge_usd(endpoint: Endpoint, arguments: JSONObject) -> float:
    """What fields of a request add to its price, in US dollars; 0 without a price."""
    total = 0.0
    for name, more in (endpoint.price.plus if endpoint.price else {}).items():
        value = argument_value(endpoint, arguments, name)
        if isinstance(more, Mapping):
            total += more.get(value, 0) if isinstance(value, str) else 0
        elif value is True:
            total += more
    return total * result_count(endpoint, arguments)


def whole_number(value: JSONValue) -> int | None:
    """The value as a whole number; None if it isn't a number."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


QUOTE_SOURCE = "fal's pricing API"

DOUBTFUL_FACTOR = 2.0
"""Quotes have been wrong before, once by a factor of 59: those that differ more than this are doubted."""

QUOTED_UNITS: Mapping[str, Unit] = MappingProxyType(
    {word: unit for unit in Unit for word in (unit.value, f"{unit.value}s")}
)


class PriceQuote(Struct, frozen=True, kw_only=True):
    """A service's price for one `unit` (its own word); `as_of` is the day of the query (`2026-08-14`)."""

    amount: float
    unit: str
    currency: str = "USD"
    as_of: str


def quoted_unit(quote: PriceQuote) -> Unit | None:
    """The unit that the quote means; None for an unknown word or another currency."""
    return QUOTED_UNITS.get(quote.unit.strip().casefold()) if quote.currency.upper() == "USD" else None


def is_usable(price: Price | None, quote: PriceQuote) -> bool:
    """Whether the quote has the price's unit, so that it can replace it."""
    unit = quoted_unit(quote)
    return unit is not None and (price is None or price.unit is unit)


def is_doubtful(price: Price | None, quote: PriceQuote) -> bool:
    """Whether the quote is far from the known price: more than twice the highest figure, or under half the lowest."""
    if price is None or not is_usable(price, quote):
        return False
    return quote.amount > DOUBTFUL_FACTOR * price.highest_usd or quote.amount * DOUBTFUL_FACTOR < price.usd


def with_quote(endpoint: Endpoint, quote: PriceQuote) -> Endpoint:
    """The endpoint at the quoted price; factors and minimums stay. Unchanged if the quote isn't usable.

    With a doubtful quote, the price is a range, so that budgets use the higher figure.
    """
    price, unit = endpoint.price, quoted_unit(quote)
    if unit is None or not is_usable(price, quote):
        return endpoint
    if price is None:
        return replace(endpoint, price=Price(usd=quote.amount, unit=unit, as_of=quote.as_of, source=QUOTE_SOURCE))
    low, high = quote.amount, None
    if is_doubtful(price, quote):
        low, high = min(quote.amount, price.usd), max(quote.amount, price.highest_usd)
    return replace(endpoint, price=replace(price, usd=low, usd_high=high, as_of=quote.as_of, source=QUOTE_SOURCE))


QUOTES_FILE = "prices.json"
"""The file's name in the store's folder."""


class _QuotesFile(Struct, frozen=True, kw_only=True):
    prices: dict[str, PriceQuote]


def format_quotes(quotes: Mapping[str, PriceQuote]) -> str:
    """The file's text."""
    return json.dumps({"prices": msgspec.to_builtins(dict(sorted(quotes.items())))}, indent=1) + "\n"


def read_quotes(path: Path) -> dict[str, PriceQuote]:
    """The quotes in the file. None if it doesn't exist or is damaged: they can be fetched again."""
    try:
        # (msgspec's JSON has no half surrogate pairs, which a unit's name may have.)
        return msgspec.convert(json.loads(path.read_bytes()), _QuotesFile).prices
    except (OSError, ValueError, RecursionError):
        return {}

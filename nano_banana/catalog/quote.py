"""A price that a service quoted, laid over what the catalog says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.price import Price, Unit

SOURCE = "fal's pricing API"

DOUBTFUL = 2.0
"""Quotes were wrong before, once by 59 times: one that differs more than this is not taken at its word."""

UNITS: Mapping[str, Unit] = MappingProxyType(
    {
        "image": Unit.IMAGE,
        "images": Unit.IMAGE,
        "megapixel": Unit.MEGAPIXEL,
        "megapixels": Unit.MEGAPIXEL,
        "step": Unit.STEP,
        "steps": Unit.STEP,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a service says `unit` (its own word) costs; `as_of` is the day it was asked (`2026-08-14`)."""

    amount: float
    unit: str
    currency: str = "USD"
    as_of: str


def unit_of(quote: Quote) -> Unit | None:
    """The unit that the quote means; None for a word that is not known, or another currency."""
    return UNITS.get(quote.unit.strip().casefold()) if quote.currency.upper() == "USD" else None


def usable(price: Price | None, quote: Quote) -> bool:
    """Whether the quote counts what the price counts, so that it can take its place."""
    unit = unit_of(quote)
    return unit is not None and (price is None or price.unit is unit)


def doubtful(price: Price | None, quote: Quote) -> bool:
    """Whether the quote is far from what was known: more than twice the dearest figure, or under half the cheapest."""
    if price is None or not usable(price, quote):
        return False
    dearest = price.usd if price.usd_high is None else price.usd_high
    return quote.amount > DOUBTFUL * dearest or quote.amount * DOUBTFUL < price.usd


def with_quote(endpoint: Endpoint, quote: Quote) -> Endpoint:
    """The endpoint at the quoted price; factors and minimums stay. As it was, where the quote is not usable.

    Between a doubtful quote and what was known the price is a range, so that a budget counts with the dearer.
    """
    price, unit = endpoint.price, unit_of(quote)
    if unit is None or not usable(price, quote):
        return endpoint
    if price is None:
        return replace(endpoint, price=Price(usd=quote.amount, unit=unit, as_of=quote.as_of, source=SOURCE))
    low, high = quote.amount, None
    if doubtful(price, quote):
        known = (price.usd, price.usd if price.usd_high is None else price.usd_high)
        low, high = min(quote.amount, *known), max(quote.amount, *known)
    return replace(endpoint, price=replace(price, usd=low, usd_high=high, as_of=quote.as_of, source=SOURCE))

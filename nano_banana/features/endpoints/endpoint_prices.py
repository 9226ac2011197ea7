"""Endpoint prices as they are written and as fal quotes them.

Also asks fal's platform for listings, which `endpoint_refresh` compares.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Price
from nano_banana.catalog.endpoint_format import endpoint_digest, endpoint_to_json
from nano_banana.catalog.openapi_listing import EndpointListing, parse_listing
from nano_banana.catalog.pricing import QUOTES_FILE, PriceQuote, format_quotes, is_doubtful, is_usable, read_quotes
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import Invalid, problem
from nano_banana.providers.fal.fal_config import FalConfig
from nano_banana.settings.config_file import write_atomically


def fetch_quotes(config: FalConfig, ids: Sequence[str], *, now: float) -> dict[str, PriceQuote]:
    """What fal says these endpoints cost; those that it has no price for are absent. `now` in seconds since 1970.

    Raises Refused where there is no key or it may not ask, CallFailed where fal can't be reached.
    """
    from nano_banana.providers.fal.fal_platform_api import ask_platform

    found = asyncio.run(ask_platform(config, lambda platform: platform.prices(ids)))
    day = datetime.fromtimestamp(now, UTC).date().isoformat()
    return {
        name: PriceQuote(amount=price.amount, unit=price.unit, currency=price.currency, as_of=day)
        for name, price in found.items()
    }


def fetch_listings(config: FalConfig, ids: Sequence[str], *, now: float) -> dict[str, EndpointListing]:
    """How fal lists each of these endpoints; one that it does not know is `gone`. Raises as `fetch_quotes` does."""
    from nano_banana.providers.fal.fal_platform_api import ask_platform

    found = asyncio.run(ask_platform(config, lambda platform: platform.models(ids)))
    return {
        name: parse_listing(name, found[name].openapi, as_of=now, deprecated=found[name].status == "deprecated")
        if name in found
        else EndpointListing(id=name, as_of=now, gone=True)
        for name in ids
    }


class PriceRow(Struct, frozen=True, kw_only=True):
    """One endpoint's prices: `written` in its file, `quoted` by fal, and `price`, which plans count with.

    `used` says that the quote counts what the file counts; `doubtful` that it is far from the file's figure.
    """

    endpoint: str
    written: Price | None
    quoted: PriceQuote | None
    price: Price | None
    used: bool
    doubtful: bool
    own: bool


def price_rows(catalog: Catalog, ids: Sequence[str]) -> list[PriceRow]:
    """A row for each of these endpoints that the catalog has."""
    rows = []
    for name in ids:
        written, now, quote = catalog.written(name), catalog.get(name), catalog.quotes.get(name)
        if written is None or now is None:
            continue
        rows.append(
            PriceRow(
                endpoint=name,
                written=written.price,
                quoted=quote,
                price=now.price,
                used=quote is not None and is_usable(written.price, quote),
                doubtful=quote is not None and is_doubtful(written.price, quote),
                own=catalog.is_own(name),
            )
        )
    return rows


def refresh_prices(config: FalConfig, store: Path, ids: Sequence[str], *, now: float) -> int:
    """Ask fal what these endpoints cost, keep it in the store's folder, and return how many it has a price for.

    Raises Refused (no key, or one that may not ask), CallFailed (no answer), Unusable (can't be written).
    """
    found = fetch_quotes(config, ids, now=now)
    file = store / QUOTES_FILE
    kept = {name: quote for name, quote in read_quotes(file).items() if name not in ids}
    write_atomically(file, format_quotes({**kept, **found}).encode(), mode=0o644)
    return len(found)


def check_endpoints_known(catalog: Catalog, names: Iterable[str]) -> Sequence[str]:
    """The names, each once. Raises Invalid with each that the catalog does not have."""
    names = tuple(dict.fromkeys(names))
    wrong = [
        problem("endpoint_unlisted", suggestions=catalog.near(name), name=name)
        for name in names
        if not catalog.get(name)
    ]
    if wrong:
        raise Invalid(wrong)
    return names


def endpoint_json(catalog: Catalog, name: str) -> JSONObject:
    """A known endpoint as its file would have it, at its newest price; whether the project describes it; its digest."""
    endpoint = catalog.get(name)
    if endpoint is None:
        raise KeyError(name)
    return {**endpoint_to_json(endpoint), "own": catalog.is_own(name), "digest": endpoint_digest(endpoint)}

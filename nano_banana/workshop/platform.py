"""What fal's platform tells of endpoints: quoted prices and listings."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nano_banana.catalog.listing import Listing
from nano_banana.catalog.quote import Quote
from nano_banana.core.errors import Refused, trouble
from nano_banana.workshop.crew import Access

if TYPE_CHECKING:
    from nano_banana.providers.fal.terms import Terms


def fetch_quotes(access: Access, ids: Sequence[str], *, now: float) -> dict[str, Quote]:
    """What fal says these endpoints cost; those that it has no price for are absent. `now` in seconds since 1970.

    Raises Refused where there is no key or it may not ask, CallFailed where fal can't be reached.
    """
    from nano_banana.providers.fal.inquiry import inquire

    found = asyncio.run(inquire(_terms(access), lambda platform: platform.prices(ids)))
    day = datetime.fromtimestamp(now, UTC).date().isoformat()
    return {
        name: Quote(amount=price.amount, unit=price.unit, currency=price.currency, as_of=day)
        for name, price in found.items()
    }


def fetch_listings(access: Access, ids: Sequence[str], *, now: float) -> dict[str, Listing]:
    """How fal lists each of these endpoints; one that it does not know is `gone`. Raises as `fetch_quotes` does."""
    from nano_banana.catalog.listed import read_listing
    from nano_banana.providers.fal.inquiry import inquire

    found = asyncio.run(inquire(_terms(access), lambda platform: platform.models(ids)))
    return {
        name: read_listing(name, found[name].openapi, as_of=now, deprecated=found[name].status == "deprecated")
        if name in found
        else Listing(id=name, as_of=now, gone=True)
        for name in ids
    }


def _terms(access: Access) -> Terms:
    from nano_banana.providers.fal.terms import Terms

    key = access.key()
    if key is None:
        raise Refused([trouble("no_key")])
    return Terms(key=key, base=access.base)

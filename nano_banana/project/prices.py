"""Prices as they are written and as they were quoted, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.price import Price
from nano_banana.catalog.quote import Quote, doubtful, usable
from nano_banana.catalog.quotes import FILE, quotes_text, read_quotes
from nano_banana.config_file import write_atomically
from nano_banana.workshop.crew import Access
from nano_banana.workshop.platform import fetch_quotes


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """One endpoint's prices: `written` in its file, `quoted` by fal, and `price`, which plans count with.

    `used` says that the quote counts what the file counts; `doubtful` that it is far from the file's figure.
    """

    endpoint: str
    written: Price | None
    quoted: Quote | None
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
                used=quote is not None and usable(written.price, quote),
                doubtful=quote is not None and doubtful(written.price, quote),
                own=catalog.is_own(name),
            )
        )
    return rows


def refresh_prices(access: Access, store: Path, ids: Sequence[str], *, now: float) -> int:
    """Ask fal what these endpoints cost, keep it in the store's folder, and return how many it has a price for.

    Raises Refused (no key, or one that may not ask), CallFailed (no answer), Unusable (can't be written).
    """
    found = fetch_quotes(access, ids, now=now)
    file = store / FILE
    kept = {name: quote for name, quote in read_quotes(file).items() if name not in ids}
    write_atomically(file, quotes_text({**kept, **found}).encode(), mode=0o644)
    return len(found)

"""Quoted prices over written ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import PriceRange, Unit
from nano_banana.catalog.pricing import (
    QUOTE_SOURCE,
    PriceQuote,
    estimate_price,
    format_quotes,
    is_doubtful,
    quoted_unit,
    read_quotes,
    with_quote,
)
from tests.catalog.describe import made, shipped


def quote(amount: float, unit: str = "megapixels", currency: str = "USD") -> PriceQuote:
    return PriceQuote(amount=amount, unit=unit, currency=currency, as_of="2026-11-20")


def test_a_quote_takes_the_place_of_the_figure_alone() -> None:
    known = shipped("nano-banana-pro")
    assert known.price
    price = with_quote(known, quote(known.price.usd * 1.5, "image")).price
    assert price
    assert (price.usd, price.usd_high, price.as_of, price.source) == (
        known.price.usd * 1.5,
        None,
        "2026-11-20",
        QUOTE_SOURCE,
    )
    assert (price.times, price.plus, price.minimum) == (known.price.times, known.price.plus, known.price.minimum)


@pytest.mark.parametrize(
    ("amount", "range_"), [(0.035 / 59, (0.035 / 59, 0.035)), (0.0, (0.0, 0.035)), (1.0, (0.035, 1.0))]
)
def test_a_quote_far_from_what_is_known_makes_a_range(amount: float, range_: tuple[float, float]) -> None:
    known = shipped("flux-lora")
    assert is_doubtful(known.price, quote(amount))
    priced = with_quote(known, quote(amount))
    assert priced.price
    assert (priced.price.usd, priced.price.usd_high) == range_
    size = {"image_size": {"width": 512, "height": 512}}
    assert estimate_price(priced, size) == PriceRange(low=round(range_[0], 6), high=round(range_[1], 6))


def test_a_range_that_is_known_is_not_left_for_a_figure_near_it() -> None:
    known = shipped("flux-2-trainer")
    assert known.price
    assert not is_doubtful(known.price, quote(known.price.usd * 2, "steps"))


@pytest.mark.parametrize("odd", [quote(1, "compute_second"), quote(1, "image"), quote(1, currency="EUR")])
def test_a_quote_for_something_else_is_not_used(odd: PriceQuote) -> None:
    known = shipped("flux-lora")
    assert with_quote(known, odd) is known
    assert not is_doubtful(known.price, odd)


def test_an_endpoint_without_a_price_gets_one() -> None:
    price = with_quote(made({}), quote(0.04, "Images")).price
    assert price
    assert (price.usd, price.unit, price.source) == (0.04, Unit.IMAGE, QUOTE_SOURCE)
    assert quoted_unit(quote(1, "units")) is None


def test_quotes_are_kept_in_a_file_and_laid_over_the_catalog(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    catalog = Catalog.load(quotes=file)
    assert catalog.quotes == {}
    file.write_text(format_quotes({"fal-ai/flux-lora": quote(0.04), "no/such": quote(1), "a/b": quote(1, "\ud800")}))
    catalog = Catalog.load(quotes=file)
    now, before = catalog.get("fal-ai/flux-lora"), catalog.written("fal-ai/flux-lora")
    assert now
    assert before
    assert now.price
    assert before.price
    assert (now.price.usd, before.price.usd) == (0.04, 0.035)
    assert catalog.get("fal-ai/flux-lora") is now
    assert catalog.get("no/such") is None


@pytest.mark.parametrize("text", ["", "[]", '{"prices": 3}', '{"prices": {"a/b": 3, "c/d": {"amount": "1"}}}', "\xff"])
def test_a_damaged_file_is_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "prices.json"
    file.write_bytes(text.encode("latin-1"))
    assert read_quotes(file) == {}

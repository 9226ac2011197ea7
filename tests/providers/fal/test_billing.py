"""Units billed, and what they cost."""

from __future__ import annotations

import pytest

from nano_banana.catalog.catalog import Catalog
from nano_banana.model.call import Call
from nano_banana.model.json_values import JSONValue
from nano_banana.providers.fal.fal_results import billed_units, cost_of
from tests.providers.fal.odd import ENDPOINT
from tests.providers.fal.scene import CATALOG


@pytest.mark.parametrize(
    ("text", "want"),
    [("1", 1.0), ("0", 0.0), ("0.25", 0.25), (" 3 ", 3.0), ("", None), ("many", None), ("-1", None), ("nan", None),
     ("inf", None), ("1e400", None)],
)  # fmt: skip
def test_units(text: str, want: float | None) -> None:
    assert billed_units({"x-fal-billable-units": text}) == want
    assert billed_units({}) is None


def call(endpoint: str = ENDPOINT, **arguments: JSONValue) -> Call:
    return Call(provider="fal", endpoint=endpoint, arguments=arguments)


def price(endpoint: str) -> float:
    found = CATALOG.get(endpoint)
    assert found is not None
    assert found.price is not None
    return found.price.usd


def test_units_are_paid_at_the_catalog_s_price() -> None:
    assert cost_of(2.0, call(), CATALOG) == pytest.approx(2 * price(ENDPOINT))
    assert cost_of(0.0, call("nobody/knows"), CATALOG) == 0.0
    assert cost_of(None, call(), CATALOG) is None
    assert cost_of(1.0, call("nobody/knows"), CATALOG) is None


def test_what_hangs_on_arguments_or_is_a_range_is_not_guessed() -> None:
    for name, endpoint in ((id_, CATALOG.get(id_)) for id_ in CATALOG.ids):
        if endpoint is None or endpoint.price is None:
            continue
        found, usd = cost_of(3.0, call(name), CATALOG), endpoint.price
        sure = usd.usd_high in (None, usd.usd)
        assert found is None or (sure and found == pytest.approx(3 * usd.usd))
        assert found is not None or not sure or usd.times or usd.plus or usd.unknown_with or usd.first or usd.block > 1
    assert isinstance(CATALOG, Catalog)

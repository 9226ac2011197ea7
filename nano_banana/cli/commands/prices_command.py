"""`prices`: show what endpoints cost, and ask fal for current prices."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.diagnostics import plural
from nano_banana.cli.formatting import money, one_line
from nano_banana.cli.options import as_json, overrides, pass_screen, store
from nano_banana.cli.project_loading import open_project, run_request_from, settings_for
from nano_banana.cli.screen import Screen
from nano_banana.model.json_values import JSONObject
from nano_banana.model.known_folders import project_root

if TYPE_CHECKING:
    from nano_banana.features.endpoints.endpoint_prices import PriceRow
    from nano_banana.settings.configuration import Settings

SECTION = ("Look", 9)

EPILOG = """\b
Examples:
  nano-banana prices
  nano-banana prices portraits/recipe.yaml --refresh
  nano-banana prices fal-ai/flux-lora --json
"""


@click.command(name="prices", epilog=EPILOG)
@click.argument("names", nargs=-1, type=click.Path(), metavar="[ENDPOINT|RECIPE]...")
@click.option("--refresh", is_flag=True, help="Ask fal's pricing API first; needs a key.")
@as_json
@store
@pass_screen
def command(screen: Screen, names: tuple[str, ...], *, refresh: bool, as_json: bool, store: Path | None) -> None:
    """Say what endpoints cost, by whose word and of what day.

    Of those that are named, of a recipe's, or of all. What fal quoted is kept with the store, and plans count with
    it. A quote more than twice or less than half of what was known makes the price a range: quotes were wrong before.
    """
    from nano_banana.features.endpoints.endpoint_prices import check_endpoints_known, price_rows, refresh_prices
    from nano_banana.providers.fal.fal_config import fal_config
    from nano_banana.session.opening import project_catalog

    recipes = [name for name in names if Path(name).exists() or name.endswith((".yaml", ".yml"))]
    folder = run_request_from(Path(recipes[0])).recipe.absolute().parent if recipes else Path.cwd()
    settings = settings_for(screen, start=folder, overrides=overrides(store=store))
    asked = [endpoint for name in recipes for endpoint in _recipe_endpoints(screen, name, settings)]
    catalog = project_catalog(project_root(folder), settings)
    asked += check_endpoints_known(catalog, [name for name in names if name not in recipes])
    ids = list(dict.fromkeys(asked)) if names else list(catalog.ids)
    priced = None
    if refresh:
        priced = refresh_prices(fal_config(settings, os.environ), settings.store, ids, now=time.time())
        catalog = project_catalog(project_root(folder), settings)
    rows = price_rows(catalog, ids)
    if as_json:
        screen.json({"prices": [_price_json(row) for row in rows], "refreshed": priced})
        return
    screen.table([_price_row(row) for row in rows], head=("endpoint", "price", "per", "as of", "by"))
    _note_quotes(screen, rows)
    if priced is not None:
        screen.note(f"fal quoted {plural(priced, 'price')} for {plural(len(ids), 'endpoint')}")


def _recipe_endpoints(screen: Screen, name: str, settings: Settings) -> list[str]:
    from nano_banana.features.endpoints.endpoint_refresh import paid_endpoints

    with open_project(screen, run_request_from(Path(name)), settings) as project:
        return paid_endpoints(project)


def _price_row(row: PriceRow) -> tuple[str, ...]:
    price = row.price
    if price is None:
        return row.endpoint, "unknown", "", "", ""
    by = "fal" if row.used else "the project" if row.own else "the package"
    high = "" if price.usd_high is None else f"–{money(price.usd_high)}"
    return row.endpoint, money(price.usd) + high, price.unit.value, price.as_of, by


def _note_quotes(screen: Screen, rows: list[PriceRow]) -> None:
    for row in rows:
        quote, written = row.quoted, row.written
        if quote is not None and not row.used:
            said = one_line(f"{quote.amount:g} {quote.currency} per {quote.unit}")
            screen.note(f"{row.endpoint}: fal quotes {said}, which plans can't count with")
        elif quote is not None and row.doubtful and written is not None:
            said = f"{money(quote.amount)}, far from the {money(written.usd)} of {written.as_of}"
            screen.note(f"{row.endpoint}: fal quotes {said}; plans count with both, budgets with the dearer")


def _price_json(row: PriceRow) -> JSONObject:
    price, quote = row.price, row.quoted
    return {
        "endpoint": row.endpoint,
        "usd": None if price is None else price.usd,
        "usd_high": None if price is None else price.usd_high,
        "unit": None if price is None else price.unit.value,
        "as_of": None if price is None else price.as_of,
        "source": None if price is None else price.source,
        "quote": None
        if quote is None
        else {
            "amount": quote.amount,
            "unit": quote.unit,
            "currency": quote.currency,
            "as_of": quote.as_of,
            "used": row.used,
            "doubtful": row.doubtful,
        },
    }

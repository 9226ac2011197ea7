"""`prices`: show what endpoints cost, and ask fal for current prices."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import asdict

from nano_banana.cli.formatting import fields_of, money, one_line, plural
from nano_banana.cli.options import add_options, pass_screen
from nano_banana.cli.project_loading import open_request, run_request_from, settings_for
from nano_banana.cli.screen import Screen
from nano_banana.model.known_folders import project_root

if TYPE_CHECKING:
    from nano_banana.features.endpoint_refresh import PriceRow
    from nano_banana.settings.configuration import Settings

SECTION = ("Inspect", 9)


@click.command(name="prices")
@click.argument("names", nargs=-1, type=click.Path(), metavar="[ENDPOINT|RECIPE]...")
@click.option("--refresh", is_flag=True, help="Get current prices from fal first (needs a key).")
@add_options("--json", "--store")
@pass_screen
def command(screen: Screen, names: tuple[str, ...], *, refresh: bool) -> None:
    """Show endpoint prices, with source and date.

    For the named endpoints, a recipe's, or all. fal's quotes are stored and used by plans. A quote that is more than
    twice or less than half the known price makes the price a range, because quotes have been wrong.

    Examples:
      nano-banana prices
      nano-banana prices portraits/recipe.yaml --refresh
      nano-banana prices fal-ai/flux-lora --json
    """
    from nano_banana.features.endpoint_refresh import check_endpoints_known, price_rows, refresh_prices
    from nano_banana.providers.fal.fal_config import fal_config
    from nano_banana.session.opening import project_catalog

    recipes = [name for name in names if Path(name).exists() or name.endswith((".yaml", ".yml"))]
    folder = run_request_from(Path(recipes[0])).recipe.absolute().parent if recipes else Path.cwd()
    settings = settings_for(screen, start=folder)
    asked = [endpoint for name in recipes for endpoint in _recipe_endpoints(screen, name, settings)]
    catalog = project_catalog(project_root(folder), settings)
    asked += check_endpoints_known(catalog, [name for name in names if name not in recipes])
    ids = list(dict.fromkeys(asked)) if names else list(catalog.ids)
    priced = None
    if refresh:
        priced = refresh_prices(fal_config(settings, os.environ), settings.store, ids, now=time.time())
        catalog = project_catalog(project_root(folder), settings)
    rows = price_rows(catalog, ids)
    if screen.machine:
        screen.json({"prices": [_price_json(row) for row in rows], "refreshed": priced})
        return
    screen.table([_price_row(row) for row in rows], head=("endpoint", "price", "per", "as of", "source"))
    _note_quotes(screen, rows)
    if priced is not None:
        screen.note(f"got {plural(priced, 'price')} from fal for {plural(len(ids), 'endpoint')}")


def _recipe_endpoints(screen: Screen, name: str, settings: Settings) -> list[str]:
    from nano_banana.features.endpoint_refresh import paid_endpoints

    with open_request(screen, run_request_from(Path(name)), settings) as session:
        return paid_endpoints(session)


def _price_row(row: PriceRow) -> tuple[str, ...]:
    price = row.price
    if price is None:
        return row.endpoint, "unknown", "", "", ""
    by = "fal" if row.used else "project" if row.own else "program"
    high = "" if price.usd_high is None else f"–{money(price.usd_high)}"
    return row.endpoint, money(price.usd) + high, price.unit.value, price.as_of, by


def _note_quotes(screen: Screen, rows: list[PriceRow]) -> None:
    for row in rows:
        quote, written = row.quoted, row.written
        if quote is not None and not row.used:
            said = one_line(f"{quote.amount:g} {quote.currency} per {quote.unit}")
            screen.note(f"{row.endpoint}: fal quotes {said}; plans can't use this unit")
        elif quote is not None and row.doubtful and written is not None:
            said = f"{money(quote.amount)}, but the known price is {money(written.usd)} ({written.as_of})"
            screen.note(f"{row.endpoint}: fal quotes {said}; plans show both, budgets use the higher")


def _price_json(row: PriceRow) -> dict[str, object]:
    quote = row.quoted and {**asdict(row.quoted), "used": row.used, "doubtful": row.doubtful}
    price = fields_of(row.price, "usd", "usd_high", "unit", "as_of", "source")
    return {"endpoint": row.endpoint, **price, "quote": quote}

"""`catalog`: show endpoints, and update the project's copies of them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import asdict

from nano_banana.cli.app import SuggestingGroup
from nano_banana.cli.formatting import fields_of, money, plural, short_path
from nano_banana.cli.options import add_options, complete_endpoints, pass_screen
from nano_banana.cli.project_loading import settings_for
from nano_banana.cli.screen import Screen
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_number, as_object
from nano_banana.model.known_folders import project_root

if TYPE_CHECKING:
    from nano_banana.features.endpoint_refresh import EndpointRefresh


SECTION = ("Inspect", 10)


def endpoint_price_text(told: JSONObject) -> str:
    """`$0.035 per megapixel`, a range, or `unknown`."""
    price = as_object(told.get("price"))
    if not price:
        return "unknown"
    high = f"–{money(as_number(price['usd_high']))}" if "usd_high" in price else ""
    return f"{money(as_number(price['usd']))}{high} per {price['unit']}"


def say_endpoint(screen: Screen, told: JSONObject) -> None:
    """Print everything known about an endpoint; `told` is its description as JSON."""
    screen.say(f"{told['id']}: {text_at(told, 'title') or text_at(told, 'does')}")
    if "description" in told:
        screen.say(f"  {told['description']}")
    screen.say()
    roles: dict[str, list[str]] = {}
    for role, field in as_object(told.get("roles")).items():
        if role != "trigger_as":
            roles.setdefault(str(field), []).append(role)
    rows = [_field_cells(name, as_object(item), roles) for name, item in as_object(told["fields"]).items()]
    if rows:
        screen.table(rows, head=("field", "type", "default", "allowed", "role"), indent=2)
        screen.say()
    price = as_object(told.get("price"))
    rest = f", as of {price['as_of']} ({price['source']})" if price else ""
    facts = [("does", text_at(told, "does")), ("price", endpoint_price_text(told) + rest)]
    facts += [(key, text_at(told, key)) for key in ("base", "trains", "adapters_max") if key in told]
    facts += [("makes", ", ".join(map(str, as_items(told["makes"]))))]
    facts += [("from", "project" if told["own"] else "program"), ("digest", text_at(told, "digest")[:16])]
    facts += [("note", str(note)) for note in as_items(told.get("notes"))]
    screen.table(facts, indent=2)


def _field_cells(name: str, field: JSONObject, roles: dict[str, list[str]]) -> tuple[str, ...]:
    default = "required" if field.get("required") else value_text(field["default"]) if "default" in field else ""
    low, high, most = field.get("minimum"), field.get("maximum"), field.get("max_items")
    takes = [f"≥ {low:g}"] if isinstance(low, int | float) else []
    takes += [f"≤ {high:g}"] if isinstance(high, int | float) else []
    takes += [f"at most {most}"] if most is not None else []
    takes += [value_text(field["choices"])] if "choices" in field else []
    return name, text_at(field, "type"), default, ", ".join(takes), ", ".join(roles.get(name, []))


def text_at(data: JSONObject, key: str) -> str:
    """The value of `key` as text; empty if there is none."""
    value = data.get(key)
    return "" if value is None else str(value)


def value_text(value: JSONValue) -> str:
    """A default or a list of choices as text."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


CHANGE_TEXTS = {
    "new": "new: {after}",
    "gone": "removed",
    "type": "now {after}, was {before}",
    "required": "required: {after}, was {before}",
    "default": "default now {after}, was {before}",
    "range": "allows {after}, was {before}",
    "choices": "one of {after}, was one of {before}",
}
FATE_TEXTS = {
    "added": "added, price unknown",
    "same": "unchanged",
    "gone": "no longer at fal; the local description is kept",
    "undescribed": "fal publishes no schema; the local description is kept",
}
UNSURE_TEXTS = {
    "does": "what it is for",
    "base": "the model family of its adapters",
    "trains": "the model family that it trains for",
    "makes": "where its result has files",
    "roles": "which field has which role",
}


@click.group(name="catalog", cls=SuggestingGroup, invoke_without_command=True)
@add_options("--json", "--store")
@click.pass_context
def command(context: click.Context) -> None:
    """Show endpoints and update the project's descriptions of them.

    Some endpoints come with the program; a project can add or override them in `endpoints/*.yaml`.

    Examples:
      nano-banana catalog list
      nano-banana catalog show fal-ai/flux-lora
      nano-banana catalog refresh fal-ai/flux-lora
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command(name="list")
@add_options("--json", "--store")
@pass_screen
def list_(screen: Screen) -> None:
    """List all known endpoints.

    Examples:
      nano-banana catalog list
      nano-banana catalog list --json
    """
    from nano_banana.features.endpoint_refresh import endpoint_json
    from nano_banana.session.opening import project_catalog

    settings = settings_for(screen)
    catalog = project_catalog(project_root(Path.cwd()), settings)
    told = [endpoint_json(catalog, name) for name in catalog.ids]
    if screen.machine:
        screen.json({"endpoints": [{key: item for key, item in one.items() if key != "fields"} for one in told]})
        return
    rows = [
        (
            text_at(one, "id"),
            text_at(one, "does"),
            text_at(one, "trains") or text_at(one, "base"),
            endpoint_price_text(one),
            "project" if one["own"] else "program",
        )
        for one in told
    ]
    screen.table(rows, head=("endpoint", "does", "adapters", "price", "from"), spare=("from", "adapters"))


@command.command()
@click.argument("endpoint", shell_complete=complete_endpoints)
@add_options("--json", "--store")
@pass_screen
def show(screen: Screen, endpoint: str) -> None:
    """Show one endpoint: fields, types, ranges, defaults and price.

    Example:
      nano-banana catalog show fal-ai/flux-lora
    """
    from nano_banana.features.endpoint_refresh import check_endpoints_known, endpoint_json
    from nano_banana.session.opening import project_catalog

    settings = settings_for(screen)
    catalog = project_catalog(project_root(Path.cwd()), settings)
    (name,) = check_endpoints_known(catalog, [endpoint])
    told = endpoint_json(catalog, name)
    if screen.machine:
        screen.json(told)
    else:
        say_endpoint(screen, told)


@command.command()
@click.argument("endpoints", nargs=-1, shell_complete=complete_endpoints, metavar="[ENDPOINT]...")
@add_options("--json", "--store")
@pass_screen
def refresh(screen: Screen, endpoints: tuple[str, ...]) -> None:
    """Fetch endpoint schemas from fal and write the differences to `endpoints/`.

    Updates the named endpoints (new ones are added), or all known ones. Needs a key. Roles, purpose, price and notes
    are kept, because fal doesn't publish them; for a new endpoint, roles are guessed from field names.

    Examples:
      nano-banana catalog refresh
      nano-banana catalog refresh fal-ai/flux-lora
    """
    from nano_banana.features.endpoint_refresh import check_endpoint_ids, refresh_endpoints, refresh_listings
    from nano_banana.providers.fal.fal_config import fal_config
    from nano_banana.session.opening import endpoints_folder, project_catalog

    root = project_root(Path.cwd())
    settings = settings_for(screen)
    catalog = project_catalog(root, settings)
    check_endpoint_ids(catalog, endpoints)
    ids = list(dict.fromkeys(endpoints)) or list(catalog.ids)
    listings = refresh_listings(fal_config(settings, os.environ), settings.store, ids, now=time.time())
    done = refresh_endpoints(catalog, endpoints_folder(root), listings, named=bool(endpoints))
    if screen.machine:
        screen.json({"endpoints": [_refresh_json(one) for one in done]})
        return
    for one in done:
        if endpoints or one.fate != "same" or one.deprecated:
            _say_refresh(screen, one)
    same = sum(one.fate == "same" for one in done)
    screen.say(f"checked {plural(len(done), 'endpoint')} at fal; {same:,} unchanged")


def _say_refresh(screen: Screen, one: EndpointRefresh) -> None:
    written = f"; wrote {short_path(one.file)}" if one.file else ""
    said = plural(len(one.changes), "change") if one.fate == "changed" else FATE_TEXTS[one.fate]
    screen.say(f"{one.endpoint}: {said}{written}")
    if one.deprecated:
        screen.say("  deprecated by fal")
    rows = [
        (
            change.field,
            CHANGE_TEXTS[change.sort].format(before=value_text(change.before), after=value_text(change.after)),
        )
        for change in one.changes
    ]
    if rows:
        screen.table(rows, indent=2)
    if one.price_lost:
        screen.say("  price unknown: it depended on a field that was removed")
    for key in one.unsure:
        screen.say(f"  could not determine `{key}` ({UNSURE_TEXTS[key]}); fill it in by hand")


def _refresh_json(one: EndpointRefresh) -> dict[str, object]:
    changes = [{**fields_of(change, "field", "before", "after"), "what": change.sort} for change in one.changes]
    return {**asdict(one), "changes": changes}

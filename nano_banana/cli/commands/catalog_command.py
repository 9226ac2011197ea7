"""`catalog`: show endpoints, and update the project's copies of them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.app import SuggestingGroup
from nano_banana.cli.diagnostics import plural, short_path
from nano_banana.cli.formatting import money
from nano_banana.cli.options import as_json, complete_endpoints, overrides, pass_screen, store
from nano_banana.cli.project_loading import settings_for
from nano_banana.cli.screen import Screen
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_number, as_object
from nano_banana.model.known_folders import project_root

SECTION = ("Look", 10)


def endpoint_price_text(told: JSONObject) -> str:
    """`$0.035 per megapixel`, a range, or `unknown`."""
    price = as_object(told.get("price"))
    if not price:
        return "unknown"
    high = f"–{money(as_number(price['usd_high']))}" if "usd_high" in price else ""
    return f"{money(as_number(price['usd']))}{high} per {price['unit']}"


def say_endpoint(screen: Screen, told: JSONObject) -> None:
    """Print all that is known of it; `told` is its description as JSON."""
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
        screen.table(rows, head=("field", "type", "default", "takes", "role"), indent=2)
        screen.say()
    price = as_object(told.get("price"))
    rest = f", as of {price['as_of']} ({price['source']})" if price else ""
    facts = [("does", text_at(told, "does")), ("price", endpoint_price_text(told) + rest)]
    facts += [(key, text_at(told, key)) for key in ("base", "trains", "adapters_max") if key in told]
    facts += [("makes", ", ".join(map(str, as_items(told["makes"]))))]
    facts += [("by", "the project" if told["own"] else "the package"), ("digest", text_at(told, "digest")[:16])]
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
    """What stands under `key`, as text; nothing is empty."""
    value = data.get(key)
    return "" if value is None else str(value)


def value_text(value: JSONValue) -> str:
    """A default or a list of choices in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


if TYPE_CHECKING:
    from nano_banana.features.endpoints.endpoint_refresh import EndpointRefresh

EPILOG = """\b
Examples:
  nano-banana catalog list
  nano-banana catalog show fal-ai/flux-lora
  nano-banana catalog refresh fal-ai/flux-lora
"""

CHANGE_TEXTS = {
    "new": "is new: {after}",
    "gone": "is gone",
    "type": "is now {after}, was {before}",
    "required": "required: {after}, was {before}",
    "default": "default is now {after}, was {before}",
    "range": "takes {after}, took {before}",
    "choices": "is one of {after}, was of {before}",
}
FATE_TEXTS = {
    "same": "as it was",
    "gone": "fal has no such endpoint any more; what is known of it stays",
    "undescribed": "fal does not say what it takes; what is known of it stays",
}
UNSURE_TEXTS = {
    "does": "what it is for",
    "base": "which family of adapters it takes",
    "trains": "which family of adapters it trains",
    "makes": "where the files of its result stand",
    "roles": "which field plays which role",
}


@click.group(name="catalog", cls=SuggestingGroup, epilog=EPILOG, no_args_is_help=False)
def command() -> None:
    """Show endpoints, and bring the project's copies up to date.

    The program ships some; a project has more, or its own view of one, in `endpoints/*.yaml`.
    """


@command.command(name="list", epilog="\b\nExamples:\n  nano-banana catalog list\n  nano-banana catalog list --json\n")
@as_json
@store
@pass_screen
def list_(screen: Screen, *, as_json: bool, store: Path | None) -> None:
    """List the endpoints that recipes can use by name."""
    from nano_banana.features.endpoints.endpoint_prices import endpoint_json
    from nano_banana.session.opening import project_catalog

    settings = settings_for(screen, overrides=overrides(store=store))
    catalog = project_catalog(project_root(Path.cwd()), settings)
    told = [endpoint_json(catalog, name) for name in catalog.ids]
    if as_json:
        screen.json({"endpoints": [{key: item for key, item in one.items() if key != "fields"} for one in told]})
        return
    rows = [
        (
            text_at(one, "id"),
            text_at(one, "does"),
            text_at(one, "trains") or text_at(one, "base"),
            endpoint_price_text(one),
            "the project" if one["own"] else "the package",
        )
        for one in told
    ]
    screen.table(rows, head=("endpoint", "does", "adapters", "price", "by"))


@command.command(epilog="\b\nExample:\n  nano-banana catalog show fal-ai/flux-lora\n")
@click.argument("endpoint", shell_complete=complete_endpoints)
@as_json
@store
@pass_screen
def show(screen: Screen, endpoint: str, *, as_json: bool, store: Path | None) -> None:
    """Show one endpoint: its fields with their types, ranges and defaults, its price and what else is known."""
    from nano_banana.features.endpoints.endpoint_prices import check_endpoints_known, endpoint_json
    from nano_banana.session.opening import project_catalog

    settings = settings_for(screen, overrides=overrides(store=store))
    catalog = project_catalog(project_root(Path.cwd()), settings)
    (name,) = check_endpoints_known(catalog, [endpoint])
    told = endpoint_json(catalog, name)
    if as_json:
        screen.json(told)
    else:
        say_endpoint(screen, told)


@command.command(
    epilog="\b\nExamples:\n  nano-banana catalog refresh\n  nano-banana catalog refresh fal-ai/flux-lora\n"
)
@click.argument("endpoints", nargs=-1, shell_complete=complete_endpoints, metavar="[ENDPOINT]...")
@as_json
@store
@pass_screen
def refresh(screen: Screen, endpoints: tuple[str, ...], *, as_json: bool, store: Path | None) -> None:
    """Ask fal what endpoints take, and write what differs to `endpoints/`.

    Of those that are named (also such as nobody described yet), or of all that are known. Needs a key. What fal
    can't tell stays: roles, what it is for, the price, notes. Of an endpoint that nobody described the roles are
    guessed from the names of its fields, and what could not be guessed is said.
    """
    from nano_banana.features.endpoints.endpoint_refresh import check_endpoint_ids, refresh_endpoints, refresh_listings
    from nano_banana.providers.fal.fal_config import fal_config
    from nano_banana.session.opening import endpoints_folder, project_catalog

    root = project_root(Path.cwd())
    settings = settings_for(screen, overrides=overrides(store=store))
    catalog = project_catalog(root, settings)
    check_endpoint_ids(catalog, endpoints)
    ids = list(dict.fromkeys(endpoints)) or list(catalog.ids)
    listings = refresh_listings(fal_config(settings, os.environ), settings.store, ids, now=time.time())
    done = refresh_endpoints(catalog, endpoints_folder(root), listings, named=bool(endpoints))
    if as_json:
        screen.json({"endpoints": [_refresh_json(one) for one in done]})
        return
    for one in done:
        if endpoints or one.fate != "same" or one.deprecated:
            _say_refresh(screen, one)
    same = sum(one.fate == "same" for one in done)
    screen.say(f"asked fal for {plural(len(done), 'endpoint')}; {same:,} as known here")


def _say_refresh(screen: Screen, one: EndpointRefresh) -> None:
    written = f"; wrote {short_path(str(one.file), Path.cwd())}" if one.file else ""
    if one.fate == "changed":
        said = plural(len(one.changes), "change")
    elif one.fate == "added":
        said = "taken over, its price unknown"
    else:
        said = FATE_TEXTS[one.fate]
    screen.say(f"{one.endpoint}: {said}{written}")
    if one.deprecated:
        screen.say("  fal calls it deprecated")
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
        screen.say("  its price hung on a field that is gone, and is unknown now")
    for key in one.unsure:
        screen.say(f"  not told, see `{key}` in the file: {UNSURE_TEXTS[key]}")


def _refresh_json(one: EndpointRefresh) -> JSONObject:
    return {
        "endpoint": one.endpoint,
        "fate": one.fate,
        "file": None if one.file is None else str(one.file),
        "deprecated": one.deprecated,
        "unsure": list(one.unsure),
        "price_lost": one.price_lost,
        "changes": [
            {"field": change.field, "what": change.sort.value, "before": change.before, "after": change.after}
            for change in one.changes
        ],
    }

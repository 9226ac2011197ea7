"""Commands that show endpoints, and bring copies of them up to date."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.completing import endpoint_ids
from nano_banana.cli.endpoint import price_of, say_endpoint, text_of, value_of
from nano_banana.cli.family import Family
from nano_banana.cli.house import settings_for
from nano_banana.cli.options import as_json, overrides, pass_screen, store
from nano_banana.cli.render import numbered, shown
from nano_banana.cli.screen import Screen
from nano_banana.core.json import JSONObject
from nano_banana.core.root import project_root

if TYPE_CHECKING:
    from nano_banana.project.endpoints import Refresh

EPILOG = """\b
Examples:
  nano-banana catalog list
  nano-banana catalog show fal-ai/flux-lora
  nano-banana catalog refresh fal-ai/flux-lora
"""

CHANGES = {
    "new": "is new: {after}",
    "gone": "is gone",
    "type": "is now {after}, was {before}",
    "required": "required: {after}, was {before}",
    "default": "default is now {after}, was {before}",
    "range": "takes {after}, took {before}",
    "choices": "is one of {after}, was of {before}",
}
FATES = {
    "same": "as it was",
    "gone": "fal has no such endpoint any more; what is known of it stays",
    "undescribed": "fal does not say what it takes; what is known of it stays",
}
UNSURE = {
    "does": "what it is for",
    "base": "which family of adapters it takes",
    "trains": "which family of adapters it trains",
    "makes": "where the files of its result stand",
    "roles": "which field plays which role",
}


@click.group(name="catalog", cls=Family, epilog=EPILOG, no_args_is_help=False)
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
    from nano_banana.project.house import catalog_of, tell_endpoint

    settings = settings_for(screen, overrides=overrides(store=store))
    catalog = catalog_of(project_root(Path.cwd()), settings)
    told = [tell_endpoint(catalog, name) for name in catalog.ids]
    if as_json:
        screen.json({"endpoints": [{key: item for key, item in one.items() if key != "fields"} for one in told]})
        return
    rows = [
        (
            text_of(one, "id"),
            text_of(one, "does"),
            text_of(one, "trains") or text_of(one, "base"),
            price_of(one),
            "the project" if one["own"] else "the package",
        )
        for one in told
    ]
    screen.table(rows, head=("endpoint", "does", "adapters", "price", "by"))


@command.command(epilog="\b\nExample:\n  nano-banana catalog show fal-ai/flux-lora\n")
@click.argument("endpoint", shell_complete=endpoint_ids)
@as_json
@store
@pass_screen
def show(screen: Screen, endpoint: str, *, as_json: bool, store: Path | None) -> None:
    """Show one endpoint: its fields with their types, ranges and defaults, its price and what else is known."""
    from nano_banana.project.house import catalog_of, check_known, tell_endpoint

    settings = settings_for(screen, overrides=overrides(store=store))
    catalog = catalog_of(project_root(Path.cwd()), settings)
    (name,) = check_known(catalog, [endpoint])
    told = tell_endpoint(catalog, name)
    if as_json:
        screen.json(told)
    else:
        say_endpoint(screen, told)


@command.command(
    epilog="\b\nExamples:\n  nano-banana catalog refresh\n  nano-banana catalog refresh fal-ai/flux-lora\n"
)
@click.argument("endpoints", nargs=-1, shell_complete=endpoint_ids, metavar="[ENDPOINT]...")
@as_json
@store
@pass_screen
def refresh(screen: Screen, endpoints: tuple[str, ...], *, as_json: bool, store: Path | None) -> None:
    """Ask fal what endpoints take, and write what differs to `endpoints/`.

    Of those that are named (also such as nobody described yet), or of all that are known. Needs a key. What fal
    can't tell stays: roles, what it is for, the price, notes. Of an endpoint that nobody described the roles are
    guessed from the names of its fields, and what could not be guessed is said.
    """
    from nano_banana.project.endpoints import check_ids, refresh_endpoints
    from nano_banana.project.house import catalog_of, endpoints_folder, house_access
    from nano_banana.project.listings import ask_listings

    root = project_root(Path.cwd())
    settings = settings_for(screen, overrides=overrides(store=store))
    catalog = catalog_of(root, settings)
    check_ids(catalog, endpoints)
    ids = list(dict.fromkeys(endpoints)) or list(catalog.ids)
    listings = ask_listings(house_access(settings, os.environ), settings.store, ids, now=time.time())
    done = refresh_endpoints(catalog, endpoints_folder(root), listings, named=bool(endpoints))
    if as_json:
        screen.json({"endpoints": [_refresh_as_json(one) for one in done]})
        return
    for one in done:
        if endpoints or one.fate != "same" or one.deprecated:
            _say_refresh(screen, one)
    same = sum(one.fate == "same" for one in done)
    screen.say(f"asked fal for {numbered(len(done), 'endpoint')}; {same:,} as known here")


def _say_refresh(screen: Screen, one: Refresh) -> None:
    written = f"; wrote {shown(str(one.file), Path.cwd())}" if one.file else ""
    if one.fate == "changed":
        said = numbered(len(one.changes), "change")
    elif one.fate == "added":
        said = "taken over, its price unknown"
    else:
        said = FATES[one.fate]
    screen.say(f"{one.endpoint}: {said}{written}")
    if one.deprecated:
        screen.say("  fal calls it deprecated")
    rows = [
        (change.field, CHANGES[change.sort].format(before=value_of(change.before), after=value_of(change.after)))
        for change in one.changes
    ]
    if rows:
        screen.table(rows, indent=2)
    if one.price_lost:
        screen.say("  its price hung on a field that is gone, and is unknown now")
    for key in one.unsure:
        screen.say(f"  not told, see `{key}` in the file: {UNSURE[key]}")


def _refresh_as_json(one: Refresh) -> JSONObject:
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

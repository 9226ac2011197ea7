"""The commands of the shelf: every adapter that was trained or brought in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.adapter_files import NAME, bring, export, open_shelf
from nano_banana.cli.cells import visible
from nano_banana.cli.family import Family
from nano_banana.cli.house import settings_for
from nano_banana.cli.options import as_json, overrides, pass_screen, store, yes
from nano_banana.cli.screen import Screen
from nano_banana.core.errors import Invalid, LimitReached, trouble
from nano_banana.core.json import JSONObject

if TYPE_CHECKING:
    from nano_banana.project.shelf_nouns import Shelf, Shelved

EPILOG = """\b
Examples:
  nano-banana models
  nano-banana models show ana@3
  nano-banana models export ana ana.nbm --samples 4
  nano-banana models import ~/Downloads/ana-lora.safetensors --name ana --trigger anqz7 --noun woman
"""


@click.group(name="models", cls=Family, epilog=EPILOG, invoke_without_command=True)
@as_json
@store
@click.pass_context
def command(context: click.Context, *, as_json: bool, store: Path | None) -> None:
    """List, share and bring in adapters.

    Every adapter that a run trains is put on the shelf, under its subject's name and the next version. A recipe
    draws with it by `adapters: {ana_lora: {model: ana@3}}`; the lock pins its bytes.
    """
    if context.invoked_subcommand is None:
        context.invoke(listing, as_json=as_json, store=store)


@command.command(name="list", epilog="\b\nExamples:\n  nano-banana models list\n  nano-banana models list --json\n")
@as_json
@store
@pass_screen
def listing(screen: Screen, *, as_json: bool = False, store: Path | None = None) -> None:
    """List every adapter, by name and version."""
    from nano_banana.cli.adapters import say_list, shelved_json

    found, users = _everything(screen, store)
    if as_json:
        screen.json({"models": [shelved_json(each, users.get(each.digest, ())) for each in found]})
    else:
        say_list(screen, found, users)


def _everything(screen: Screen, store: Path | None) -> tuple[Sequence[Shelved], Mapping[str, Sequence[str]]]:
    """All that is on the shelf, and who draws with it; looking makes no store."""
    if not settings_for(screen, overrides=overrides(store=store)).store.is_dir():
        return (), {}
    with open_shelf(screen, store) as shelf:
        return shelf.all(), shelf.users()


@command.command(epilog="\b\nExamples:\n  nano-banana models show ana\n  nano-banana models show ana@2 --json\n")
@click.argument("name", metavar=NAME)
@as_json
@store
@pass_screen
def show(screen: Screen, name: str, *, as_json: bool, store: Path | None) -> None:
    """Say all that is known of an adapter, and who drew with it."""
    from nano_banana.cli.adapters import say_one, shelved_json

    with open_shelf(screen, store, wanted=name) as shelf:
        found = shelf.get(name)
        users = shelf.users().get(found.digest, ())
        uses = [use for use in shelf.uses() if use.digest == found.digest]
    if as_json:
        runs: list[JSONObject] = [
            {"run": use.run, "recipe": use.recipe, "calls": use.calls, "last_at": use.last_at} for use in uses
        ]
        screen.json({**shelved_json(found, users), "runs": runs})
    else:
        say_one(screen, found, users, uses)


@command.command(epilog="\b\nExample:\n  nano-banana models rename ana ana-2026\n")
@click.argument("old", metavar="NAME")
@click.argument("new", metavar="NEW")
@store
@pass_screen
def rename(screen: Screen, old: str, new: str, *, store: Path | None) -> None:
    """Give a name's versions another name; recipes that name the old one must be changed."""
    with open_shelf(screen, store, wanted=old) as shelf:
        shelf.rename(old, new)
        users = sorted({user for each in shelf.all() if each.name == new for user in _others(shelf, each)})
    screen.say(f"{old} is {new} now")
    if users:
        screen.note(f"drawn with by {', '.join(map(visible, users))}: where a recipe says `model: {old}`, change it")


@command.command(
    epilog="\b\nExamples:\n  nano-banana models tag ana@3 good\n  nano-banana models tag ana good --remove\n"
)
@click.argument("name", metavar=NAME)
@click.argument("tag")
@click.option("--remove", is_flag=True, help="Let the tag stand for nothing any more.")
@store
@pass_screen
def tag(screen: Screen, name: str, tag: str, *, remove: bool, store: Path | None) -> None:
    """Give a version a name of its own, which a recipe may use: `model: ana@good`."""
    with open_shelf(screen, store, wanted=name) as shelf:
        if remove:
            found = shelf.untag(name.partition("@")[0], tag)
            screen.say(f"{found.name}@{tag} no longer stands for {found.reference}")
        else:
            found = shelf.tag(name, tag)
            screen.say(f"{found.name}@{tag} stands for {found.reference}")


@command.command(epilog="\b\nExample:\n  nano-banana models rm ana@2 --yes\n")
@click.argument("name", metavar=NAME)
@click.option("--force", is_flag=True, help="Also what another recipe's last run drew with.")
@yes
@store
@pass_screen
def rm(screen: Screen, name: str, *, force: bool, yes: bool, store: Path | None) -> None:
    """Take a version off the shelf.

    Its number is never given again. The bytes go with `nano-banana cache gc`, unless a run still needs them; what a
    recipe trained itself, its next run puts back.
    """
    with open_shelf(screen, store, wanted=name) as shelf:
        found = shelf.get(name)
        others = _others(shelf, found)
        if others and not force:
            raise Invalid([trouble("rm_used", model=found.reference, recipes=", ".join(others))])
        if not yes and not _agreed(screen, found.reference):
            return
        shelf.remove(found.reference)
    screen.say(f"{found.reference} is off the shelf; `nano-banana cache gc` frees what nothing else needs")


def _others(shelf: Shelf, found: Shelved) -> list[str]:
    """The recipes that drew with it last and did not train it: it is on the shelf that they need it."""
    return [user for user in shelf.users().get(found.digest, ()) if user != found.card.recipe]


def _agreed(screen: Screen, reference: str) -> bool:
    if not screen.lively:
        raise LimitReached([trouble("rm_unasked", model=reference)])
    return screen.confirm(f"take {reference} off the shelf?")


@command.command(epilog="\b\nExample:\n  nano-banana models diff ana@1 ana@2\n")
@click.argument("one", metavar="A")
@click.argument("two", metavar="B")
@as_json
@store
@pass_screen
def diff(screen: Screen, one: str, two: str, *, as_json: bool, store: Path | None) -> None:
    """Say in what two adapters differ: settings, training set, likeness, size, trigger."""
    from nano_banana.cli.adapters import diff_json, say_diff

    with open_shelf(screen, store, wanted=one) as shelf:
        first, second = shelf.get(one), shelf.get(two)
    if as_json:
        screen.json(diff_json(first, second))
    else:
        say_diff(screen, first, second)


command.add_command(export)
command.add_command(bring)

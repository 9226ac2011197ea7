"""The commands of the shelf: every adapter that was trained or brought in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.amounts import size
from nano_banana.cli.cells import visible
from nano_banana.cli.family import Family
from nano_banana.cli.house import settings_for
from nano_banana.cli.options import FILE
from nano_banana.cli.options import as_json
from nano_banana.cli.options import overrides
from nano_banana.cli.options import pass_screen
from nano_banana.cli.options import store
from nano_banana.cli.options import yes
from nano_banana.cli.render import numbered
from nano_banana.cli.screen import Screen
from nano_banana.core.errors import Invalid
from nano_banana.core.errors import LimitReached
from nano_banana.core.errors import trouble
from nano_banana.core.json import JSONObject

if TYPE_CHECKING:
    from nano_banana.project.shelf_nouns import Brought
    from nano_banana.project.shelf_nouns import Shelf

EPILOG = """\b
Examples:
  nano-banana models
  nano-banana models show ana@3
  nano-banana models export ana ana.nbm --samples 4
  nano-banana models import ~/Downloads/ana-lora.safetensors --name ana --trigger anqz7 --noun woman
"""

NAME = "NAME[@VERSION|@TAG]"


@contextmanager
def _shelf(screen: Screen, folder: Path | None) -> Iterator[Shelf]:
    """The shelf of the project around the working folder; a store that is not there yet is made."""
    from nano_banana.project.shelf_nouns import Shelf

    with Shelf.opened(settings_for(screen, overrides=overrides(store=folder)).store) as shelf:
        yield shelf


@click.group(name="models", cls=Family, epilog=EPILOG, invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """List, share and bring in adapters.

    Every adapter that a run trains is put on the shelf, under its subject's name and the next version. A recipe
    draws with it by `adapters: {ana_lora: {model: ana@3}}`; the lock pins its bytes.
    """
    if context.invoked_subcommand is None:
        context.invoke(listing)


@command.command(name="list", epilog="\b\nExamples:\n  nano-banana models list\n  nano-banana models list --json\n")
@as_json
@store
@pass_screen
def listing(screen: Screen, *, as_json: bool = False, store: Path | None = None) -> None:
    """List every adapter, by name and version."""
    from nano_banana.cli.adapters import say_list
    from nano_banana.cli.adapters import shelved_json

    with _shelf(screen, store) as shelf:
        found, users = shelf.all(), shelf.users()
    if as_json:
        screen.json({"models": [shelved_json(each, users.get(each.digest, ())) for each in found]})
    else:
        say_list(screen, found, users)


@command.command(epilog="\b\nExamples:\n  nano-banana models show ana\n  nano-banana models show ana@2 --json\n")
@click.argument("name", metavar=NAME)
@as_json
@store
@pass_screen
def show(screen: Screen, name: str, *, as_json: bool, store: Path | None) -> None:
    """Say all that is known of an adapter, and who drew with it."""
    from nano_banana.cli.adapters import say_one
    from nano_banana.cli.adapters import shelved_json

    with _shelf(screen, store) as shelf:
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
    with _shelf(screen, store) as shelf:
        shelf.rename(old, new)
        users = sorted(
            {user for each in shelf.all() if each.name == new for user in shelf.users().get(each.digest, ())}
        )
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
    with _shelf(screen, store) as shelf:
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
    with _shelf(screen, store) as shelf:
        found = shelf.get(name)
        others = [user for user in shelf.users().get(found.digest, ()) if user != found.card.recipe]
        if others and not force:
            raise Invalid([trouble("rm_used", model=found.reference, recipes=", ".join(others))])
        if not yes and not _agreed(screen, found.reference):
            return
        shelf.remove(found.reference)
    screen.say(f"{found.reference} is off the shelf; `nano-banana cache gc` frees its {size(found.size)}")


def _agreed(screen: Screen, reference: str) -> bool:
    if not screen.lively:
        raise LimitReached([trouble("rm_unasked", model=reference)])
    return click.confirm(f"take {reference} off the shelf?", err=True)


@command.command(epilog="\b\nExample:\n  nano-banana models diff ana@1 ana@2\n")
@click.argument("one", metavar="A")
@click.argument("two", metavar="B")
@as_json
@store
@pass_screen
def diff(screen: Screen, one: str, two: str, *, as_json: bool, store: Path | None) -> None:
    """Say in what two adapters differ: settings, training set, likeness, size, trigger."""
    from nano_banana.cli.adapters import diff_json
    from nano_banana.cli.adapters import say_diff

    with _shelf(screen, store) as shelf:
        first, second = shelf.get(one), shelf.get(two)
    if as_json:
        screen.json(diff_json(first, second))
    else:
        say_diff(screen, first, second)


@command.command(epilog="\b\nExample:\n  nano-banana models export ana@3 ana.nbm --samples 4\n")
@click.argument("name", metavar=NAME)
@click.argument("file", type=FILE)
@click.option(
    "--samples", type=click.IntRange(0, 99), default=0, metavar="N", help="The last N pictures drawn with it."
)
@click.option("--with-photos", is_flag=True, help="The photos that it was trained from, without their metadata.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@as_json
@store
@pass_screen
def export(
    screen: Screen,
    name: str,
    file: Path,
    *,
    samples: int,
    with_photos: bool,
    force: bool,
    as_json: bool,
    store: Path | None,
) -> None:
    """Write an adapter to one file, for `models import` elsewhere.

    It holds the adapter, its card and checksums; never the photos, unless you say so.
    """
    from nano_banana.project.shelf_nouns import export as write

    with _shelf(screen, store) as shelf:
        found = shelf.get(name)
        done = write(shelf, found, file.absolute(), samples=samples, photos=with_photos, replace=force)
    if as_json:
        told: JSONObject = {"reference": found.reference, "file": str(file), "digest": found.digest, "size": done.size}
        screen.json({**told, "samples": done.samples, "photos": done.photos})
        return
    inside = [f"with {numbered(done.samples, 'sample')}"] if samples else []
    inside += [
        f"with {numbered(done.photos, 'photo')} of the training: give it to nobody who may not have them"
    ] * with_photos
    screen.say(
        f"{found.reference} is in {visible(str(file))} ({size(done.size)})" + "".join(f", {each}" for each in inside)
    )


@command.command(
    name="import",
    epilog="\b\nExamples:\n  nano-banana models import ana.nbm\n"
    "  nano-banana models import ana.safetensors --name ana --trigger anqz7 --noun woman --base flux-1\n",
)
@click.argument("file", type=FILE)
@click.option("--name", default="", help="The name on the shelf; as the file says, if not said.")
@click.option("--trigger", default="", help="The word that it listens to.")
@click.option("--noun", default="", help="What that word stands for: woman, man, dog …")
@click.option(
    "--base", default="", metavar="FAMILY", help="The model that it was made for, where the file doesn't tell."
)
@as_json
@store
@pass_screen
def bring(
    screen: Screen, file: Path, *, name: str, trigger: str, noun: str, base: str, as_json: bool, store: Path | None
) -> None:
    """Bring in an adapter: an `.nbm` archive, or a `.safetensors` file of another trainer.

    Everything is verified before anything is kept; pickles (`.pt`, `.ckpt`, `.bin`) are never opened.
    """
    from nano_banana.cli.adapters import shelved_json
    from nano_banana.project.models import families
    from nano_banana.project.shelf_nouns import Wanted
    from nano_banana.project.shelf_nouns import bring as take

    known = families(settings_for(screen))
    with _shelf(screen, store) as shelf:
        wanted = Wanted(name=name, trigger=trigger, noun=noun, base=base)
        brought = take(shelf, file.absolute(), wanted, families=known)
    if as_json:
        screen.json({**shelved_json(brought.shelved, ()), "known": brought.known})
    else:
        _say_brought(screen, brought)


def _say_brought(screen: Screen, brought: Brought) -> None:
    found = brought.shelved
    if brought.known:
        screen.say(f"{found.reference} is these very bytes: no new version")
        return
    said = f'"{visible(" ".join(filter(None, (found.card.trigger, found.card.noun))))}"' if found.card.trigger else ""
    screen.say(
        f"{found.reference} is on the shelf: {found.card.base}, {size(found.size)}" + (f", {said}" if said else "")
    )
    if not said:
        screen.note("its file names no trigger; say `--trigger` if you know the word that it listens to")
    if any(brought.others.values()):
        kinds = " and ".join(f"{count} {folder.rstrip('/')}" for folder, count in brought.others.items() if count)
        screen.note(f"the archive's {kinds} were verified, and stay in it")
    screen.say(f"in a recipe: `adapters: {{{found.name}: {{model: {found.reference}}}}}`")

"""The commands that hand an adapter out as a file, and take one in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.amounts import size
from nano_banana.cli.cells import visible
from nano_banana.cli.house import settings_for
from nano_banana.cli.options import FILE, as_json, overrides, pass_screen, store
from nano_banana.cli.render import numbered
from nano_banana.cli.screen import Screen
from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.here import is_here
from nano_banana.core.json import JSONObject

if TYPE_CHECKING:
    from nano_banana.project.shelf_nouns import Brought, Shelf

NAME = "NAME[@VERSION|@TAG]"


@contextmanager
def open_shelf(screen: Screen, folder: Path | None, *, wanted: str = "") -> Iterator[Shelf]:
    """The shelf of the project around the working folder.

    Raises Invalid (`shelf_empty`) where there is no store yet, unless nothing is `wanted` of it: then one is made.
    """
    from nano_banana.project.shelf_nouns import Shelf

    found = settings_for(screen, overrides=overrides(store=folder)).store
    if wanted and not found.is_dir():
        raise Invalid([trouble("shelf_empty", name=wanted)])
    with Shelf.opened(found) as shelf:
        yield shelf


@click.command(epilog="\b\nExample:\n  nano-banana models export ana@3 ana.nbm --samples 4\n")
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

    with open_shelf(screen, store, wanted=name) as shelf:
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


@click.command(
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

    settings = settings_for(screen)
    rehearses = is_here(settings.fal_url)
    with open_shelf(screen, store) as shelf:
        wanted = Wanted(name=name, trigger=trigger, noun=noun, base=base)
        brought = take(shelf, file.absolute(), wanted, families=families(settings), rehearses=rehearses)
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
        kinds = (
            numbered(many, folder.rstrip("/").removesuffix("s")) for folder, many in brought.others.items() if many
        )
        screen.note(f"verified, and left in the archive: {' and '.join(kinds)}")
    screen.say(f"in a recipe: `adapters: {{{found.name}: {{model: {found.reference}}}}}`")

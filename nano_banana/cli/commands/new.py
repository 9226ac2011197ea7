"""The command that begins a project."""

from __future__ import annotations

import datetime as dt
import os
import shlex
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Unpack

import click

from nano_banana.cli.beginning.answers import Answers
from nano_banana.cli.beginning.flags import Flags
from nano_banana.cli.beginning.flags import Said
from nano_banana.cli.beginning.text import files_of
from nano_banana.cli.beginning.write import check_free
from nano_banana.cli.beginning.write import make_folder
from nano_banana.cli.beginning.write import write
from nano_banana.cli.options import FOLDER
from nano_banana.cli.options import pass_screen
from nano_banana.cli.screen import Screen
from nano_banana.core.errors import Invalid
from nano_banana.core.errors import Stopped
from nano_banana.core.errors import trouble
from nano_banana.core.home import expanded
from nano_banana.core.image_formats import READABLE_SUFFIXES

EPILOG = """\b
Examples:
  nano-banana new
  nano-banana new portraits --subject ana --noun woman --photos ~/Pictures/ana
  nano-banana new portraits --subject ana --template cinema/noir-detective --takes 4 --plan
"""


@click.command(name="new", epilog=EPILOG)
@click.argument("folder", type=FOLDER, default=Path())
@click.option("--name", help="The recipe's name (the folder's, if not given).")
@click.option("--photos", type=FOLDER, help="The folder with the subject's photos (photos/SUBJECT, if not given).")
@click.option("--subject", help="The name of the person.")
@click.option("--noun", help="What the person is: woman, man, child … (person, if not given).")
@click.option("--trigger", help="The rare word that the adapter learns them by (made of the name, if not given).")
@click.option(
    "--template",
    "templates",
    multiple=True,
    metavar="PACK/TEMPLATE",
    help="Draw by a template of a pack, as often as you like; see `packs list`.",
)
@click.option("--takes", type=click.IntRange(1, 100), metavar="N", help="Takes of each picture (2, if not given).")
@click.option("--gate/--no-gate", default=None, help="Judge likeness, and draw again who is not themselves (default).")
@click.option("--provider", type=click.Choice(["local", "fal"]), help="Who draws (local, if not given).")
@click.option("--budget", type=click.FloatRange(min=0), metavar="USD", help="A run stops before it costs more.")
@click.option("--consent-by", metavar="NAME", help="Who allowed pictures of this face.")
@click.option("--consent-on", metavar="DATE", help="When, as YYYY-MM-DD (today, if not given).")
@click.option("--consent-for", "consent_uses", multiple=True, metavar="USE", help="What for; as often as you like.")
@click.option("--plan/--no-plan", "plan", default=None, help="Show at the end what a run would do and cost.")
@click.option("--yes", "-y", is_flag=True, help="Ask nothing: take what is proposed for whatever is not given.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@pass_screen
def command(screen: Screen, folder: Path, **said: Unpack[Said]) -> None:
    """Begin a project: a commented recipe that is ready to run.

    On a terminal it asks for what is not given: it looks at the photos, says what it sees, and proposes a trigger,
    pictures and a budget. Elsewhere (and with `--yes`) it needs `--subject`, and takes what it would propose for the
    rest. Writes recipe.yaml and a .gitignore into FOLDER (this one, if not given).
    """
    asks = not said["yes"] and screen.lively and sys.stdin.isatty()
    if said["subject"] is None and not asks:
        raise Invalid([trouble("new_needs_flags", flag="--subject NAME")])
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    flags = Flags(said=said, folder=folder, photos=said["photos"], today=today)
    try:
        answers = _guided(screen, flags) if asks else _unasked(flags)
    except KeyboardInterrupt as error:
        raise Stopped([trouble("new_stopped")]) from error
    if not said["force"]:
        check_free(files_of(answers), folder)
    for path in write(files_of(answers), folder):
        screen.say(f"wrote {path}")
    photos = folder / answers.photos
    make_folder(photos)
    empty = not _count(photos)
    if empty:
        screen.say(f"\nPut 8 to 20 photos of {answers.subject} into {os.path.normpath(photos)}, then:")
    else:
        screen.say("\nNext:")
    recipe = "" if folder == Path() else " " + shlex.quote(str(folder / "recipe.yaml"))
    screen.say(f"  nano-banana plan{recipe}")
    screen.say(f"  nano-banana run{recipe}")
    _plan(screen, folder, wanted=said["plan"], asks=asks and not empty)


def _unasked(flags: Flags) -> Answers:
    """What the flags answer, with what is seen of the photos without looking at them."""
    from nano_banana.cli.beginning.offers import offers_in

    return flags.answers(offers_in(flags.folder), count=_count(flags.photos))


def _guided(screen: Screen, flags: Flags) -> Answers:
    """What the flags answer, and what a person answers to the rest."""
    from nano_banana.cli.beginning import guide
    from nano_banana.cli.beginning.looking import look
    from nano_banana.cli.beginning.looking import price_of
    from nano_banana.cli.beginning.offers import offers_in

    if flags.photos is None:
        near = Path("photos")
        flags = replace(flags, photos=guide.ask_photos(str(near if near.is_dir() else flags.folder / near)))
    count = _count(flags.photos)
    if flags.photos is not None and count:
        look(screen, expanded(flags.photos), flags.folder)
    offers = offers_in(flags.folder)
    asking = guide.Asking(
        given=flags.given,
        offers=offers,
        price=partial(price_of, screen, folder=flags.folder),
        today=flags.today,
    )
    return guide.asked(flags.answers(offers, count=count, proposed=True), asking)


def _count(photos: Path | None) -> int:
    """How many pictures the folder holds, by their names."""
    if photos is None or not expanded(photos).is_dir():
        return 0
    return sum(path.suffix.casefold() in READABLE_SUFFIXES for path in expanded(photos).iterdir())


def _plan(screen: Screen, folder: Path, *, wanted: bool | None, asks: bool) -> None:
    """Show what a run would do, where that is wanted."""
    from nano_banana.cli.beginning.guide import ask_plan
    from nano_banana.cli.options import Asked
    from nano_banana.cli.running import plan_wish
    from nano_banana.cli.wishes import settings_of
    from nano_banana.cli.wishes import wish_of

    if wanted if wanted is not None else asks and ask_plan():
        screen.say()
        wish = wish_of(folder / "recipe.yaml", Asked())
        plan_wish(screen, wish, settings_of(screen, wish, Asked()))

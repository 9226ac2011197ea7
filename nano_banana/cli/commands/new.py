"""The command that begins a project."""

from __future__ import annotations

import datetime as dt
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Unpack

import click

from nano_banana.cli.beginning.answers import Answers, Person
from nano_banana.cli.beginning.flags import Flags, Said, count_photos
from nano_banana.cli.beginning.text import files_of
from nano_banana.cli.beginning.write import check_free, make_folder, write
from nano_banana.cli.options import FILE, FOLDER, pass_screen
from nano_banana.cli.screen import Screen
from nano_banana.core.errors import Invalid, NanoBananaError, Stopped, trouble
from nano_banana.settings import PROJECT_FILE

EPILOG = """\b
Examples:
  nano-banana new
  nano-banana new portraits --subject ana --noun woman --photos ~/Pictures/ana
  nano-banana new team --photos ~/Pictures/team --yes
  nano-banana new team --add ben --photos ~/Pictures/ben
  nano-banana new portraits --subject ana --template cinema/noir-detective --takes 4 --plan
"""


@click.command(name="new", epilog=EPILOG)
@click.argument("folder", type=FOLDER, default=Path())
@click.option("--name", help="The recipe's name (the folder's, if not given).")
@click.option(
    "--photos",
    type=FOLDER,
    help="The folder with the photos; for several people, with a folder for each (photos/SUBJECT, if not given).",
)
@click.option("--subject", "subjects", multiple=True, metavar="NAME", help="The name of a person; may be repeated.")
@click.option(
    "--people",
    type=FILE,
    metavar="FILE.csv",
    help="A table of people: name, and photos, noun, trigger, consent_by, consent_on.",
)
@click.option("--add", "added", metavar="NAME", help="Add this person to the recipe that is in FOLDER.")
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
@click.option("--yes", "-y", is_flag=True, help="Don't ask: take what is proposed for everything that is not given.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@pass_screen
def command(screen: Screen, folder: Path, added: str | None, **said: Unpack[Said]) -> None:
    """Begin a project: a commented recipe that is ready to run.

    On a terminal it asks for what is not given: it looks at the photos, says what it sees, and proposes a trigger,
    pictures and a budget. Elsewhere (and with `--yes`) it needs `--subject`, `--people` or `--photos`, and takes what
    it would propose for the rest. FOLDER (this one, if not given) becomes the root of a project: recipe.yaml, its
    schema for editors, nano-banana.toml and a .gitignore are written into it.

    `--add NAME` adds one more person to a recipe that exists, and shows what changed in it.
    """
    asks = not said["yes"] and screen.lively and sys.stdin.isatty()
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    flags = Flags(said=said, folder=folder, photos=said["photos"], today=today)
    if added is not None:
        _add(screen, replace(flags, said={**said, "subjects": (added,), "people": None}))
        return
    if not (said["subjects"] or said["people"] or said["photos"]) and not asks:
        raise Invalid([trouble("new_needs_flags", flag="--subject NAME")])
    if not said["force"]:
        check_free({RECIPE: ""}, folder)  # before questions and photos
    try:
        answers = _guided(screen, flags) if asks else _unasked(screen, flags)
    except KeyboardInterrupt as error:
        raise Stopped([trouble("new_stopped")]) from error
    files = {name: text for name, text in files_of(answers).items() if name not in KEPT or not (folder / name).exists()}
    if not said["force"]:
        check_free(files, folder)
    for path in write(files, folder):
        screen.say(f"wrote {path}")
    empty = [person for person in answers.people if not count_photos(folder / person.photos)]
    for person in empty:
        make_folder(folder / person.photos)
    _trust_photos(screen, folder / RECIPE)
    screen.say()
    for person in empty:
        screen.say(f"Put 8 to 20 photos of {person.name} into {os.path.normpath(folder / person.photos)}.")
    screen.say("Then:" if empty else "Next:")
    recipe = "" if folder == Path() else " " + shlex.quote(str(folder / RECIPE))
    screen.say(f"  nano-banana plan{recipe}")
    screen.say(f"  nano-banana run{recipe}")
    _plan(screen, folder, wanted=said["plan"], asks=asks and not empty)


RECIPE = "recipe.yaml"

KEPT = frozenset({PROJECT_FILE})
"""Files that are left as they are if they exist."""


def _add(screen: Screen, flags: Flags) -> None:
    """Put one more person into the recipe of the folder."""
    from nano_banana.cli.beginning.add import with_person

    recipe = flags.folder / RECIPE
    if not recipe.is_file():
        raise Invalid([trouble("no_recipe", path=str(recipe))])
    (person,) = flags.people()
    text, diff = with_person(recipe, person)
    _look(screen, flags, [person])
    write({recipe.name: text}, flags.folder)
    screen.say(diff)
    if not count_photos(flags.folder / person.photos):
        make_folder(flags.folder / person.photos)
        screen.say(f"\nPut 8 to 20 photos of {person.name} into {os.path.normpath(flags.folder / person.photos)}.")


def _trust_photos(screen: Screen, recipe: Path) -> None:
    """Accept that a run sends the photos that were just named, if they lie outside the project, and nothing else."""
    from nano_banana.cli.house import settings_for
    from nano_banana.cli.trusting import accept, untrusted
    from nano_banana.project.project import Project
    from nano_banana.project.wish import Wish

    # What can't be opened yet (no photos) or can't be remembered (no home) is asked about by the run.
    with suppress(NanoBananaError):
        wish, settings = Wish(recipe=recipe, provider="fal"), settings_for(screen, start=recipe.parent)
        with Project.open(wish, settings, environ=os.environ) as project:
            found = untrusted(project)
            if {problem.kind for problem in found} == {"reads_outside"}:
                accept(project, found)


def _look(screen: Screen, flags: Flags, people: Sequence[Person]) -> None:
    """Look at the photos of each person, if there are any, and say what is wrong with them."""
    from nano_banana.cli.beginning.looking import look

    for person in people:
        if person.count:
            look(screen, person.name, Path(os.path.normpath(flags.folder / person.photos)), flags.folder)


def _unasked(screen: Screen, flags: Flags) -> Answers:
    """What the flags answer."""
    from nano_banana.cli.beginning.offers import offers_in

    answers = flags.answers(offers_in(flags.folder))
    _look(screen, flags, answers.people)
    return answers


def _guided(screen: Screen, flags: Flags) -> Answers:
    """What the flags answer, and what a person answers to the rest."""
    from nano_banana.cli.beginning import guide
    from nano_banana.cli.beginning.looking import price_of
    from nano_banana.cli.beginning.offers import offers_in

    if flags.photos is None:
        near = Path("photos")
        flags = replace(flags, photos=guide.ask_photos(str(near if near.is_dir() else flags.folder / near)))
    _look(screen, flags, flags.people())
    offers = offers_in(flags.folder)
    asking = guide.Asking(
        given=flags.given,
        offers=offers,
        price=partial(price_of, screen, folder=flags.folder),
        today=flags.today,
    )
    return guide.asked(flags.answers(offers, proposed=True), asking)


def _plan(screen: Screen, folder: Path, *, wanted: bool | None, asks: bool) -> None:
    """Show what a run would do, where that is wanted."""
    from nano_banana.cli.beginning.guide import ask_plan
    from nano_banana.cli.options import Asked
    from nano_banana.cli.running import plan_wish
    from nano_banana.cli.wishes import settings_of, wish_of

    if wanted if wanted is not None else asks and ask_plan():
        screen.say()
        wish = wish_of(folder / RECIPE, Asked())
        plan_wish(screen, wish, settings_of(screen, wish, Asked()))

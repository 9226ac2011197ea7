"""The command that begins a project."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import click

from nano_banana.cli.begin import Starter
from nano_banana.cli.begin import write
from nano_banana.cli.options import FOLDER
from nano_banana.cli.options import pass_screen
from nano_banana.cli.screen import Screen
from nano_banana.core.errors import Invalid
from nano_banana.core.errors import Unusable
from nano_banana.core.errors import trouble

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")

EPILOG = """\b
Examples:
  nano-banana new
  nano-banana new portraits --subject ana --noun woman --photos ~/Pictures/ana
"""


@click.command(name="new", epilog=EPILOG)
@click.argument("folder", type=FOLDER, default=Path())
@click.option("--name", help="The recipe's name (the folder's, if not given).")
@click.option("--photos", type=FOLDER, help="The folder with the subject's photos (photos/SUBJECT, if not given).")
@click.option("--subject", default="ana", show_default=True, help="The name of the person.")
@click.option("--noun", default="person", show_default=True, help="What the person is: woman, man, child …")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@pass_screen
def command(
    screen: Screen, *, folder: Path, name: str | None, photos: Path | None, subject: str, noun: str, force: bool
) -> None:
    """Begin a project: a commented recipe that is ready to run.

    Writes recipe.yaml, a prompt beside it and a .gitignore into FOLDER (this one, if not given).
    """
    starter = Starter(
        name=_name(name or _slug(folder.resolve().name)),
        subject=_subject(subject),
        noun=noun.strip() or "person",
        photos=f"photos/{subject}" if photos is None else _from(folder, photos),
    )
    for path in write(starter, folder, force=force):
        screen.say(f"wrote {path}")
    if photos is None:
        _make(folder / "photos" / subject)
        screen.say(f"\nPut 8 to 20 photos of {subject} into {folder / 'photos' / subject}, then:")
    else:
        screen.say("\nNext:")
    recipe = "" if folder == Path() else " " + shlex.quote(str(folder / "recipe.yaml"))
    screen.say(f"  nano-banana plan{recipe}")
    screen.say(f"  nano-banana run{recipe}")


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise Invalid([trouble("not_a_name", name=text)])
    return text


def _subject(text: str) -> str:
    if text == "all":
        raise Invalid([trouble("named_all")])
    return _name(text)


def _slug(text: str) -> str:
    """The folder's name as a recipe's: `My Set 2` → `my-set-2`."""
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return (slug if slug[:1].isalpha() else f"recipe-{slug}".rstrip("-"))[:64]


def _from(folder: Path, photos: Path) -> str:
    """The photos' folder as the recipe says it: from its own folder where that is not far, else whole."""
    there = photos.expanduser().absolute()
    if not there.is_dir():
        raise Invalid([trouble("no_such_photos", folder=str(photos))])
    relative = os.path.relpath(there, folder.absolute())
    return str(there) if relative.startswith("../../..") else relative


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unusable([trouble("unwritable", file=str(folder), why=error.strerror or "")]) from error

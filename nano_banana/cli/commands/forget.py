"""The command that deletes everything about somebody."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.house import settings_for
from nano_banana.cli.options import FILE, abandon, as_json, out, overrides, pass_screen, store, yes
from nano_banana.cli.screen import Screen
from nano_banana.core.errors import Invalid, LimitReached, Unusable, trouble
from nano_banana.core.json import JSONObject
from nano_banana.core.replacing import replacing
from nano_banana.core.root import project_root

if TYPE_CHECKING:
    from nano_banana.project.project import Project
    from nano_banana.settings import Settings

EPILOG = """\b
Examples:
  nano-banana forget ana --dry-run
  nano-banana forget ana --yes --receipt ana-forgotten.json
"""


@click.command(name="forget", epilog=EPILOG)
@click.argument("subject")
@click.option(
    "--recipe", type=click.Path(path_type=Path), help="The recipe that has their photos; `recipe.yaml`, if it is here."
)
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--receipt", type=FILE, help="Write the receipt to this file, as JSON.")
@abandon
@yes
@as_json
@store
@out
@pass_screen
def command(
    screen: Screen,
    subject: str,
    *,
    recipe: Path | None,
    dry_run: bool,
    receipt: Path | None,
    abandon: bool,
    yes: bool,
    as_json: bool,
    store: Path | None,
    out: Path | None,
) -> int:
    """Delete everything about somebody.

    Deletes SUBJECT's adapters, every picture of them (also together with others), what was computed from their photos,
    and what runs recorded. Shows first what will go. Looks through the whole project, wherever it lies now, but deletes
    nothing outside of it. Your photos, recipe, lock, and copies that you made by hand stay; the command lists them. The
    receipt says what a service may still hold, and how to have it deleted there.
    """
    from nano_banana.cli.forgetting import say_done, say_dossier
    from nano_banana.project.forget.forget import Forgetting
    from nano_banana.project.forget.receipt import receipt_json

    settings = settings_for(screen, start=_start(recipe), overrides=overrides(store=store, out=out))
    project = _project(recipe, settings)
    code = 0
    with Forgetting.opened(project, settings, project_root(_start(recipe))) as forgetting:
        if not dry_run and forgetting.tidy():
            screen.note("an earlier forgetting was cut short; it is finished now")
        dossier = forgetting.look(subject)
        told = receipt_json(dossier, dry_run=dry_run)
        say_dossier(screen, told)
        if not dry_run and not dossier.empty:
            forgetting.check(dossier, abandon=abandon)
            _ask(screen, subject, yes=yes)
        if receipt is not None:
            # Before anything goes: what a service holds can't be looked up afterwards, also not after a crash.
            _write(receipt, told)
        if not dry_run and not dossier.empty:
            if abandon:
                dossier = forgetting.abandon(dossier)
            after = forgetting.forget(dossier)
            left = receipt_json(after, dry_run=False)
            told = {**told, "complete": after.empty}
            say_done(screen, left)
            code = 0 if after.empty else 1
    if as_json:
        screen.json(told)
    return code


def _start(recipe: Path | None) -> Path:
    if recipe is None:
        return Path.cwd()
    return recipe.absolute() if recipe.is_dir() else recipe.absolute().parent


def _project(recipe: Path | None, settings: Settings) -> Project | None:
    """The recipe's project, also where its photos are gone already; None where no recipe is here."""
    from nano_banana.cli.wishes import recipe_in, wish_of
    from nano_banana.project.project import Project
    from nano_banana.project.wish import Wish

    if recipe is None and not recipe_in(Path()).is_file():
        return None
    wish = Wish(recipe=wish_of(recipe or Path()).recipe, any_photos=True)
    return Project.open(wish, settings, environ=os.environ)


def _ask(screen: Screen, subject: str, *, yes: bool) -> None:
    """Raises Invalid where nobody can be asked, LimitReached for a no."""
    if yes:
        return
    if not screen.lively or screen.machine:
        raise Invalid([trouble("forget_unconfirmed")])
    if not screen.confirm(f"delete all of this about {subject}? it can't be undone"):
        raise LimitReached([trouble("forget_declined")])


def _write(file: Path, told: JSONObject) -> None:
    if os.path.lexists(file):
        raise Unusable([trouble("receipt_taken", file=str(file))])
    try:
        with replacing(file) as fresh:
            fresh.write_text(json.dumps(told, indent=1, ensure_ascii=False, default=dict) + "\n", encoding="utf-8")
    except OSError as error:
        raise Unusable([trouble("receipt_unwritten", file=str(file), why=error.strerror or "")]) from error

"""The command that finds every mistake in a recipe."""

from __future__ import annotations

import datetime as dt
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.exit import problem_as_json
from nano_banana.cli.options import Asked, allow_env, as_json, pass_screen, provider, shared, variables
from nano_banana.cli.photo_check import look_at_photos
from nano_banana.cli.render import numbered
from nano_banana.cli.screen import Screen
from nano_banana.cli.wishes import open_project, recipe_argument, settings_of, wish_of

if TYPE_CHECKING:
    from nano_banana.project.online import Compared
    from nano_banana.project.project import Project

EPILOG = """\b
Examples:
  nano-banana check
  nano-banana check portraits/recipe.yaml --set company=Acme
  nano-banana check --online
"""


@click.command(name="check", epilog=EPILOG)
@recipe_argument
@shared(variables, allow_env, provider, as_json)
@click.option("--online", is_flag=True, help="Also ask fal whether its endpoints are as we know them; needs a key.")
@pass_screen
def command(screen: Screen, asked: Asked, recipe: Path, *, online: bool) -> None:
    """Find every mistake in a recipe.

    All of them at once, each with its place. Leaves with 2 where there is one; warnings leave with 0. Says who
    allowed the use of their face, and warns where the recipe does not know. With
    `photo_rules` in the recipe its training photos are looked at, too. What `--online` found is kept, and said
    again without it for a day.
    """
    from nano_banana.cli.consent import say_consents
    from nano_banana.cli.trusting import untrusted
    from nano_banana.project.checking import tried
    from nano_banana.project.consent import consents, unasked
    from nano_banana.project.exposed import exposed

    wish = wish_of(recipe, asked)
    with open_project(screen, wish, settings_of(screen, wish)) as project:
        found, (takes, picks) = project.recipe, tried(project)
        if picks:
            screen.problems(picks)
        remarks = [*picks, *look_at_photos(screen, project)]
        asking = [*unasked(project, dt.datetime.now(tz=dt.UTC).date()), *untrusted(project), *exposed(project)]
        if asking:
            screen.problems(asking)
        compared = _compare(project, online=online)
        if compared.problems:
            screen.problems(compared.problems)
        if asked.as_json:
            told = (*project.loaded.warnings, *remarks, *asking, *compared.problems)
            problems = [problem_as_json(problem) for problem in told]
            screen.json(
                {
                    "status": "ok",
                    "recipe": found.name,
                    "takes": takes,
                    "consents": dict(consents(project)),
                    "problems": problems,
                }
            )
            return
        counts = [numbered(len(found.subjects), "subject"), numbered(len(found.shots), "shot")]
        counts += [numbered(len(found.stages), "stage"), numbered(takes, "take")]
        screen.say(f"{found.name}: {', '.join(counts)}; no mistake found")
        say_consents(screen, consents(project))
        _say_compared(screen, compared)


def _compare(project: Project, *, online: bool) -> Compared:
    """With fal's listings, asked now or within the last day."""
    from nano_banana.project.house import house_access
    from nano_banana.project.listings import ask_listings, kept_listings
    from nano_banana.project.online import compare, endpoints_of

    ids, store, now = endpoints_of(project), project.settings.store, time.time()
    if online and ids:
        listings = ask_listings(house_access(project.settings, os.environ), store, ids, now=now)
    else:
        listings = kept_listings(store, ids, now=now)
    return compare(project, listings, os.environ)


def _say_compared(screen: Screen, compared: Compared) -> None:
    if compared.as_of is None:
        return
    from nano_banana.project.listings import day_of

    for endpoint, count in compared.others.items():
        said = f"{endpoint}: {numbered(count, 'change')} at fal that this recipe need not mind"
        screen.note(f"{said}; `nano-banana catalog refresh {endpoint}` shows what")
    if not compared.problems:
        screen.say(f"its endpoints are at fal as they are known here, as of {day_of(compared.as_of)}")

"""`check`: find all errors in a recipe."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.error_exit import problem_json
from nano_banana.cli.formatting import plural
from nano_banana.cli.options import add_options, pass_screen
from nano_banana.cli.project_loading import open_session, recipe_argument
from nano_banana.cli.screen import Screen

if TYPE_CHECKING:
    from nano_banana.features.endpoint_refresh import ListingComparison
    from nano_banana.session.session import Session

SECTION = ("Recipes", 2)


@click.command(name="check")
@recipe_argument
@add_options("--set", "--allow-env", "--provider", "--json")
@click.option("--online", is_flag=True, help="Also compare the endpoints with fal's current schemas (needs a key).")
@pass_screen
def command(screen: Screen, recipe: Path, *, online: bool) -> None:
    """Find all errors in a recipe.

    Reports all errors at once, with file and line. Exits with 2 if there are errors, 0 if there are only warnings.
    Also shows recorded consents, checks training photos if the recipe has `photo_rules`, and repeats what `--online`
    found for a day.

    Examples:
      nano-banana check
      nano-banana check portraits/recipe.yaml --set company=Acme
      nano-banana check --online
    """
    from nano_banana.cli.run_reports import TerminalCaller
    from nano_banana.cli.runner import say_consents
    from nano_banana.session.permissions import consents_of
    from nano_banana.session.recipe_run import check_recipe

    with open_session(screen, recipe) as session:
        found = session.recipe
        takes, warnings = check_recipe(session, TerminalCaller(screen))
        compared = _compare_listings(session, online=online)
        if compared.problems:
            screen.problems(compared.problems)
        if screen.machine:
            problems = [problem_json(problem) for problem in (*warnings, *compared.problems)]
            screen.json(
                {
                    "status": "ok",
                    "recipe": found.name,
                    "takes": takes,
                    "consents": dict(consents_of(session)),
                    "problems": problems,
                }
            )
            return
        counts = [plural(len(found.subjects), "subject"), plural(len(found.shots), "shot")]
        counts += [plural(len(found.stages), "stage"), plural(takes, "take")]
        screen.say(f"{found.name}: {', '.join(counts)}; no errors")
        say_consents(screen, consents_of(session))
        _say_compared(screen, compared)


def _compare_listings(session: Session, *, online: bool) -> ListingComparison:
    """Compare with fal's listings, fetched now or within the last day."""
    from nano_banana.features.endpoint_refresh import (
        compare_with_listings,
        kept_listings,
        paid_endpoints,
        refresh_listings,
    )
    from nano_banana.providers.fal.fal_config import fal_config

    ids, store, now = paid_endpoints(session), session.settings.store, time.time()
    if online and ids:
        listings = refresh_listings(fal_config(session.settings, os.environ), store, ids, now=now)
    else:
        listings = kept_listings(store, ids, now=now)
    return compare_with_listings(session, listings)


def _say_compared(screen: Screen, compared: ListingComparison) -> None:
    if compared.as_of is None:
        return
    from nano_banana.features.endpoint_refresh import utc_date

    for endpoint, count in compared.others.items():
        affect = "doesn't affect" if count == 1 else "don't affect"
        said = f"{endpoint}: {plural(count, 'change')} at fal that {affect} this recipe"
        screen.note(f"{said}; see `nano-banana catalog refresh {endpoint}`")
    if not compared.problems:
        screen.say(f"the endpoints match fal as of {utc_date(compared.as_of)}")

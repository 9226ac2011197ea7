"""`run`: make a recipe's pictures."""

from __future__ import annotations

from pathlib import Path

import click

from nano_banana.cli.options import (
    OptionValues,
    abandon,
    allow_env,
    as_json,
    budget,
    locked,
    only,
    out,
    pass_screen,
    provider,
    prune,
    resubmit,
    sample,
    shared,
    store,
    trust,
    variables,
    yes,
)
from nano_banana.cli.project_loading import recipe_argument, recipe_settings, run_request_from
from nano_banana.cli.runner import run_recipe
from nano_banana.cli.screen import Screen

SECTION = ("Recipes", 4)

EPILOG = """\b
Examples:
  nano-banana run
  nano-banana run portraits/recipe.yaml --sample 4
  nano-banana run --only 'headshots/ana/*' --yes
"""


@click.command(name="run", epilog=EPILOG)
@recipe_argument
@shared(
    only,
    sample,
    budget,
    variables,
    allow_env,
    provider,
    out,
    store,
    locked,
    resubmit,
    abandon,
    prune,
    yes,
    trust,
    as_json,
)
@pass_screen
def command(screen: Screen, asked: OptionValues, recipe: Path) -> int:
    """Make a recipe's pictures, paying only for what is missing.

    Results are cached by content hash: a second run makes nothing. One failed take doesn't stop the others; the next
    run makes only what is missing. A full run on fal writes a lock file next to the recipe, for git; `--locked`
    refuses anything not in it.
    """
    wish = run_request_from(recipe, asked)
    return run_recipe(screen, wish, recipe_settings(screen, wish, asked), asked)

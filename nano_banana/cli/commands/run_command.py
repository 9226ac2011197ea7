"""`run`: make a recipe's pictures."""

from __future__ import annotations

from pathlib import Path

import click

from nano_banana.cli.options import add_options, pass_screen
from nano_banana.cli.project_loading import recipe_argument, recipe_settings, run_request_from
from nano_banana.cli.runner import run_recipe
from nano_banana.cli.screen import Screen

SECTION = ("Recipes", 4)


@click.command(name="run")
@recipe_argument
@add_options("--only", "--sample", "--budget", "--set", "--allow-env", "--provider", "--out", "--store", "--locked")
@add_options("--resubmit", "--abandon", "--prune", "--yes", "--trust", "--json")
@pass_screen
def command(screen: Screen, recipe: Path) -> int:
    """Make a recipe's pictures, paying only for what is missing.

    Results are cached by content hash: a second run makes nothing. One failed take doesn't stop the others; the next
    run makes only what is missing. A full run on fal writes a lock file next to the recipe, for git; `--locked`
    refuses anything not in it.

    Examples:
      nano-banana run
      nano-banana run portraits/recipe.yaml --sample 4
      nano-banana run --only 'headshots/ana/*' --yes
    """
    request = run_request_from(recipe)
    return run_recipe(screen, request, recipe_settings(screen, request))

"""`plan`: show what a run would make and cost."""

from __future__ import annotations

from pathlib import Path

import click

from nano_banana.cli.options import add_options, pass_screen
from nano_banana.cli.project_loading import recipe_argument, recipe_settings, run_request_from
from nano_banana.cli.runner import plan_recipe
from nano_banana.cli.screen import Screen

SECTION = ("Recipes", 3)


@click.command(name="plan")
@recipe_argument
@add_options("--only", "--sample", "--budget", "--set", "--allow-env", "--provider", "--out", "--store", "--locked")
@add_options("--json")
@pass_screen
def command(screen: Screen, recipe: Path) -> int:
    """Show what a run would make and cost, without running it.

    Works offline without a key. Cached results cost nothing; prices are dated estimates, or unknown. Exits with 1 if
    takes would fail, with 3 if the budget is too low.

    Examples:
      nano-banana plan
      nano-banana plan --provider fal
      nano-banana plan --only headshots --json
    """
    request = run_request_from(recipe)
    return plan_recipe(screen, request, recipe_settings(screen, request))

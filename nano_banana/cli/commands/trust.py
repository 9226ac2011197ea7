"""The command that accepts what a project or a recipe of others asks for."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import click

from nano_banana.cli.cells import visible
from nano_banana.cli.options import Asked, allow_env, pass_screen, provider, shared, variables, yes
from nano_banana.cli.screen import Screen
from nano_banana.cli.wishes import open_project, recipe_argument, settings_of, wish_of, with_allowed
from nano_banana.core.errors import LimitReached
from nano_banana.core.root import project_root
from nano_banana.settings import load_settings, settings_fingerprint, user_folder
from nano_banana.trust import drop_trust

EPILOG = """\b
Examples:
  nano-banana trust
  nano-banana trust portraits/recipe.yaml --provider fal
  nano-banana trust portraits/recipe.yaml --revoke
"""


@click.command(name="trust", epilog=EPILOG)
@recipe_argument
@shared(variables, allow_env, provider, yes)
@click.option("--revoke", is_flag=True, help="Take back what was accepted before.")
@pass_screen
def command(screen: Screen, asked: Asked, recipe: Path, *, revoke: bool) -> int:
    """Accept what a recipe or its project asks for beyond its folder.

    Shows the settings in the project's `nano-banana.toml` that redirect requests or the store, and what the
    recipe sends elsewhere: environment variables, files outside the project, endpoints of unknown owners, prices
    of its own. After your yes, `run` no longer asks. If any of it changes, `run` asks again.
    """
    from nano_banana.cli.trusting import accept, not_trusted
    from nano_banana.project.demands import demand_fingerprint, demands

    wish = wish_of(recipe, asked)
    root = project_root(wish.recipe.absolute().parent)
    # What the project's file sets counts here, since it is asked about together with the recipe.
    settings = load_settings(root=root, environ=os.environ, overrides={}, trust=True)
    guarded = settings.guarded
    for name, value in sorted(guarded.items()):
        screen.say(f"nano-banana.toml sets {name} = {visible(json.dumps(value, default=str))}")
    with open_project(screen, wish, with_allowed(settings, asked)) as project:
        found = demands(project)
        if revoke:
            known = {demand_fingerprint(project, found), settings_fingerprint(root, guarded)}
            dropped = drop_trust(known, user_folder())
            screen.say("No longer trusted." if dropped else "It was not trusted before.")
            return 0
        screen.problems([replace(problem, warning=True) for problem in found])
        if not found and not guarded:
            screen.say(f"Nothing to accept: the recipe sends nothing unusual to {project.provider}.")
            return 0
        if not asked.yes and not screen.confirm("do you trust this?"):
            raise LimitReached([not_trusted(project)])
        accept(project, found)
    settings_of(screen, wish, replace(asked, trust=True))
    screen.say("Trusted. `nano-banana trust --revoke` takes it back.")
    return 0

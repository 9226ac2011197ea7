"""`trust`: trust a recipe that reaches outside its folder."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
from msgspec.structs import replace

from nano_banana.cli.formatting import visible
from nano_banana.cli.options import OptionValues, add_options, pass_screen
from nano_banana.cli.project_loading import (
    open_request,
    recipe_argument,
    recipe_settings,
    run_request_from,
    with_allowed_env,
)
from nano_banana.cli.screen import Screen
from nano_banana.model.known_folders import project_root
from nano_banana.model.problem import LimitReached
from nano_banana.settings.configuration import load_settings, settings_fingerprint, user_config_folder
from nano_banana.settings.trust_file import drop_trust

SECTION = ("Setup", 2)


@click.command(name="trust")
@recipe_argument
@add_options("--set", "--allow-env", "--provider", "--yes")
@click.option("--revoke", is_flag=True, help="Revoke earlier trust.")
@pass_screen
def command(screen: Screen, recipe: Path, *, revoke: bool) -> int:
    """Trust a recipe that reads or sends something outside its folder.

    Shows the project's settings that redirect requests or the store, and what the recipe sends: environment variables,
    files outside the project, endpoints of unknown owners, its own prices. Once you accept, `run` doesn't ask again
    until something changes.

    Examples:
      nano-banana trust
      nano-banana trust portraits/recipe.yaml --provider fal
      nano-banana trust portraits/recipe.yaml --revoke
    """
    from nano_banana.session.permissions import (
        accept_demands,
        demands_fingerprint,
        not_trusted_problem,
        trust_demands,
    )

    request = run_request_from(recipe)
    root = project_root(request.recipe.absolute().parent)
    # The project's settings count here, because they are shown together with the recipe's demands.
    settings = load_settings(root=root, environ=os.environ, overrides={}, trust=True)
    guarded = settings.guarded
    for name, value in sorted(guarded.items()):
        screen.say(f"nano-banana.toml sets {name} = {visible(json.dumps(value, default=str))}")
    with open_request(screen, request, with_allowed_env(settings)) as session:
        found = trust_demands(session)
        if revoke:
            known = {demands_fingerprint(session, found), settings_fingerprint(root, guarded)}
            dropped = drop_trust(known, user_config_folder())
            screen.say("No longer trusted." if dropped else "It was not trusted before.")
            return 0
        screen.problems([replace(problem, warning=True) for problem in found])
        if not found and not guarded:
            screen.say(f"Nothing to trust: this recipe sends nothing unusual to {session.provider}.")
            return 0
        if not OptionValues.given().yes and not screen.confirm("Trust this?"):
            raise LimitReached([not_trusted_problem(session)])
        accept_demands(session, found)
    recipe_settings(screen, request, trust=True)
    screen.say("Trusted. `nano-banana trust --revoke` revokes it.")
    return 0

"""The command that finds every mistake in a recipe."""

from __future__ import annotations

from pathlib import Path

import click

from nano_banana.cli.exit import problem_as_json
from nano_banana.cli.options import as_json
from nano_banana.cli.options import pass_screen
from nano_banana.cli.options import provider
from nano_banana.cli.options import variables
from nano_banana.cli.render import numbered
from nano_banana.cli.screen import Screen
from nano_banana.cli.wishes import open_project
from nano_banana.cli.wishes import recipe_argument
from nano_banana.cli.wishes import settings_of
from nano_banana.cli.wishes import wish_of

EPILOG = """\b
Examples:
  nano-banana check
  nano-banana check portraits/recipe.yaml --set company=Acme
"""


@click.command(name="check", epilog=EPILOG)
@recipe_argument
@variables
@provider
@as_json
@pass_screen
def command(screen: Screen, recipe: Path, *, variables: tuple[str, ...], provider: str | None, as_json: bool) -> None:
    """Find every mistake in a recipe.

    All of them at once, each with its place. Leaves with 2 where there is one; warnings leave with 0.
    """
    wish = wish_of(recipe, variables=variables, provider=provider)
    with open_project(screen, wish, settings_of(screen, wish)) as project:
        found, takes = project.recipe, project.check()
        if as_json:
            problems = [problem_as_json(problem) for problem in project.loaded.warnings]
            screen.json({"status": "ok", "recipe": found.name, "takes": takes, "problems": problems})
        else:
            counts = [numbered(len(found.subjects), "subject"), numbered(len(found.shots), "shot")]
            counts += [numbered(len(found.stages), "stage"), numbered(takes, "take")]
            screen.say(f"{found.name}: {', '.join(counts)}; no mistake found")

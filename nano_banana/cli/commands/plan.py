"""The command that says what a run would do and cost."""

from __future__ import annotations

from pathlib import Path

import click

from nano_banana.cli.options import as_json
from nano_banana.cli.options import locked
from nano_banana.cli.options import only
from nano_banana.cli.options import out
from nano_banana.cli.options import pass_screen
from nano_banana.cli.options import provider
from nano_banana.cli.options import sample
from nano_banana.cli.options import store
from nano_banana.cli.options import variables
from nano_banana.cli.screen import Screen
from nano_banana.cli.wishes import open_project
from nano_banana.cli.wishes import recipe_argument
from nano_banana.cli.wishes import settings_of
from nano_banana.cli.wishes import wish_of

EPILOG = """\b
Examples:
  nano-banana plan
  nano-banana plan --provider fal
  nano-banana plan --only headshots --json
"""


@click.command(name="plan", epilog=EPILOG)
@recipe_argument
@only
@sample
@variables
@provider
@out
@store
@locked
@as_json
@pass_screen
def command(
    screen: Screen,
    recipe: Path,
    *,
    only: tuple[str, ...],
    sample: int | None,
    variables: tuple[str, ...],
    provider: str | None,
    out: Path | None,
    store: Path | None,
    locked: bool,
    as_json: bool,
) -> None:
    """Say what a run would do and cost, and do nothing.

    Needs no key and no network. What the store has costs nothing; prices are dated estimates, and an
    unknown one is called unknown.
    """
    from nano_banana.cli.forecast import say_forecast
    from nano_banana.project.locking import hold
    from nano_banana.project.locking import remarks

    wish = wish_of(recipe, variables=variables, provider=provider, only=only, sample=sample, locked=locked)
    settings = settings_of(screen, wish, store=store, out=out)
    with open_project(screen, wish, settings) as project:
        if locked and (warnings := remarks(project, hold(project))):
            screen.problems(warnings)
        forecast = project.forecast()
        if forecast.remarks:
            screen.problems(forecast.remarks)
        if as_json:
            from nano_banana.project.told import tell_plan

            screen.json(tell_plan(forecast, str(project.folder)))
        else:
            say_forecast(screen, forecast, provider=project.provider)

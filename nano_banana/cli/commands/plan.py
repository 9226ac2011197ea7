"""The command that says what a run would do and cost."""

from __future__ import annotations

from pathlib import Path

import click

from nano_banana.cli.options import (
    Asked,
    allow_env,
    as_json,
    budget,
    locked,
    only,
    out,
    pass_screen,
    provider,
    sample,
    shared,
    store,
    variables,
)
from nano_banana.cli.running import plan_wish
from nano_banana.cli.screen import Screen
from nano_banana.cli.wishes import recipe_argument, settings_of, wish_of

EPILOG = """\b
Examples:
  nano-banana plan
  nano-banana plan --provider fal
  nano-banana plan --only headshots --json
"""


@click.command(name="plan", epilog=EPILOG)
@recipe_argument
@shared(only, sample, budget, variables, allow_env, provider, out, store, locked, as_json)
@pass_screen
def command(screen: Screen, asked: Asked, recipe: Path) -> int:
    """Say what a run would do and cost, and do nothing.

    Needs no key and no network. What the store has costs nothing; prices are dated estimates, and an
    unknown one is called unknown. Exits with 1 if takes would fail, and with 3 if the budget can't suffice.
    """
    wish = wish_of(recipe, asked)
    return plan_wish(screen, wish, settings_of(screen, wish, asked), as_json=asked.as_json)

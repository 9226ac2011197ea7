"""The command that makes what a recipe asks for."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.options import abandon
from nano_banana.cli.options import as_json
from nano_banana.cli.options import locked
from nano_banana.cli.options import only
from nano_banana.cli.options import out
from nano_banana.cli.options import pass_screen
from nano_banana.cli.options import provider
from nano_banana.cli.options import resubmit
from nano_banana.cli.options import sample
from nano_banana.cli.options import store
from nano_banana.cli.options import variables
from nano_banana.cli.options import yes
from nano_banana.cli.screen import Screen
from nano_banana.cli.wishes import recipe_argument
from nano_banana.cli.wishes import settings_of
from nano_banana.cli.wishes import wish_of
from nano_banana.core.errors import Invalid
from nano_banana.core.errors import trouble
from nano_banana.core.json import JSONObject
from nano_banana.core.json import as_object
from nano_banana.core.lost import Lost
from nano_banana.project.wish import Wish
from nano_banana.settings import Settings

if TYPE_CHECKING:
    from nano_banana.project.forecast import Forecast
    from nano_banana.project.nouns import Outcome
    from nano_banana.project.project import Project

EPILOG = """\b
Examples:
  nano-banana run
  nano-banana run portraits/recipe.yaml --sample 4
  nano-banana run --only 'headshots/ana/*' --yes
"""


@click.command(name="run", epilog=EPILOG)
@recipe_argument
@only
@sample
@variables
@provider
@out
@store
@locked
@resubmit
@abandon
@yes
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
    resubmit: bool,
    abandon: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Make what a recipe asks for, and pay only for what is missing.

    Everything made is kept by the hash of what it was made from: a second run makes nothing. One take
    that fails does not sink the others; the next run does only what is missing. A whole run on fal leaves
    a lock beside the recipe, for git; `--locked` makes nothing that is not in it.
    """
    from nano_banana.project.quick import unchanged

    wish = wish_of(recipe, variables=variables, provider=provider, only=only, sample=sample, locked=locked)
    settings = settings_of(screen, wish, store=store, out=out)
    begun = time.monotonic()
    trace = unchanged(wish, settings, os.environ)
    if trace is not None:
        _say_unchanged(screen, trace.summary, trace.folder, as_json=as_json)
        return 0
    lost = _lost(resubmit=resubmit, abandon=abandon)
    return _run(screen, wish, settings, lost=lost, yes=yes, as_json=as_json, begun=begun)


def _say_unchanged(screen: Screen, summary: JSONObject, folder: str, *, as_json: bool) -> None:
    if as_json:
        calls = {**as_object(summary["calls"]), "made": 0, "cached": as_object(summary["calls"])["total"]}
        screen.json({**summary, "calls": calls, "cost_usd": {"estimated_low": 0, "estimated_high": 0, "billed": 0}})
    else:
        screen.say(f"nothing to do: nothing has changed since run {summary['run']}; the pictures are in {folder}")


def _lost(*, resubmit: bool, abandon: bool) -> Lost:
    if resubmit and abandon:
        raise Invalid([trouble("resubmit_and_abandon")])
    return Lost.RESUBMIT if resubmit else Lost.ABANDON if abandon else Lost.ASK


def _run(screen: Screen, wish: Wish, settings: Settings, *, lost: Lost, yes: bool, as_json: bool, begun: float) -> int:
    from nano_banana.cli.outcome import exit_code
    from nano_banana.cli.outcome import say_outcome
    from nano_banana.cli.photo_check import look_at_photos
    from nano_banana.cli.progress import progress
    from nano_banana.cli.wishes import open_project
    from nano_banana.project.locking import hold
    from nano_banana.project.locking import keep_lock
    from nano_banana.project.locking import remarks
    from nano_banana.project.told import tell_run
    from nano_banana.project.told import write_run

    with open_project(screen, wish, settings) as project:
        held = hold(project) if wish.locked else None
        forecast = project.forecast()
        if forecast.remarks:
            screen.problems(forecast.remarks)
        project.check_provider(forecast)
        look_at_photos(screen, project, forecast)
        _ask(screen, project, forecast, yes=yes)
        with progress(screen) as watch:
            outcome = project.run(forecast, watch, lost=lost)
        again = _again(screen, project, outcome, lost)
        if again is not None:
            forecast = again
            with progress(screen) as watch:
                outcome = project.run(forecast, watch, lost=Lost.REPLACE)
        # What was foreseen of each take has been done: of ten thousand it is 16 MB, which the lock may have.
        forecast, again = replace(forecast, records=()), None
        warnings = [] if held is None else remarks(project, held, made=outcome.made)
        is_done = outcome.status == "done"
        warnings += keep_lock(project) if is_done else []
        if is_done:
            project.remember(outcome, write_run(forecast, outcome))
    say_outcome(screen, outcome, seconds=time.monotonic() - begun)
    if warnings:
        screen.problems(warnings)
    if as_json:
        screen.json(tell_run(forecast, outcome))
    return exit_code(outcome)


def _again(screen: Screen, project: Project, outcome: Outcome, lost: Lost) -> Forecast | None:
    """What a second run would do, where a person wants it: buy what could not be found.

    None where nobody is there to ask, or nothing of this recipe is lost.
    """
    from nano_banana.cli.forecast import price
    from nano_banana.cli.forecast import say_open

    if not outcome.lost or lost is not Lost.ASK or outcome.halted is not None:
        return None
    if not screen.lively or screen.machine:
        return None
    forecast = project.forecast()
    if not forecast.lost:
        return None
    say_open(screen, forecast.lost)
    asked = f"they could not be found; buy them again? what is left to do may cost {price(forecast.tally)}"
    return forecast if click.confirm(asked, err=True) else None


def _ask(screen: Screen, project: Project, forecast: Forecast, *, yes: bool) -> None:
    """Ask before spending more than the user said may go unasked. Raises LimitReached for a no."""
    from nano_banana.cli.forecast import whole_price
    from nano_banana.core.errors import LimitReached

    limit = project.ask_above_usd
    tally = forecast.tally
    if yes or (tally.money.high + tally.may_high <= limit and not tally.unpriced + tally.may_unpriced):
        return
    price = whole_price(tally)
    if screen.lively and not screen.machine and click.confirm(f"this may cost {price}; go on?", err=True):
        return
    raise LimitReached([trouble("too_dear", price=price, limit=limit)])

"""The command that makes a picture again, from the picture alone."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.cells import visible
from nano_banana.cli.house import settings_for
from nano_banana.cli.options import (
    Asked,
    abandon,
    as_json,
    budget,
    overrides,
    pass_screen,
    planned,
    provider,
    resubmit,
    shared,
    store,
    yes,
)
from nano_banana.cli.render import shown
from nano_banana.cli.running import lost_of
from nano_banana.cli.screen import Screen
from nano_banana.core.errors import LimitReached, trouble

if TYPE_CHECKING:
    from nano_banana.project.forecast import Forecast
    from nano_banana.project.nouns import Outcome
    from nano_banana.project.portrait.again import Again

EPILOG = """\b
Examples:
  nano-banana again out/portraits/takes/headshots_ana_office_s11.png
  nano-banana again ~/Downloads/ana.png --plan
  nano-banana again ana.png --out ana-again.png
"""


@click.command(name="again", epilog=EPILOG)
@click.argument("picture", type=click.Path(path_type=Path))
@click.option("--out", "copy", type=click.Path(path_type=Path), metavar="FILE|DIR", help="Also put the picture there.")
@shared(provider, store, budget, planned, resubmit, abandon, yes, as_json)
@pass_screen
def command(screen: Screen, asked: Asked, *, picture: Path, copy: Path | None) -> int:
    """Make a picture again, from what it tells of itself.

    Its calls are asked once more. Where it was made this costs nothing and gives the same bytes. Elsewhere
    everything that the store lacks is planned; what is to be paid for is made only after a yes. An adapter that is not
    here has to be imported first (`models import`): photos never travel with pictures.
    """
    from nano_banana.project.portrait.again import Again
    from nano_banana.project.portrait.copy import check_copy
    from nano_banana.project.portrait.portrait import portrait_of

    begun = time.monotonic()
    portrait = portrait_of(picture)
    target = None if copy is None else check_copy(portrait, copy)
    if not portrait.intact:
        screen.note("this file was changed since it was written; what is made is what it tells of")
    settings = settings_for(screen, overrides=overrides(store=asked.store))
    account, limit = portrait.account, asked.budget
    with Again.open(account, settings, environ=os.environ, provider=asked.provider, budget_usd=limit) as again:
        forecast = again.forecast()
        if asked.planned or (again.lacks and not asked.as_json):
            _say_plan(screen, again, forecast, as_json=asked.as_json)
        if asked.planned:
            screen.problems([replace(problem, warning=True) for problem in again.lacks])
            return 0
        again.check(forecast)
        _ask(screen, again, forecast, yes=asked.yes)
        return _run(screen, again, forecast, asked, target, begun=begun)


def _run(screen: Screen, again: Again, forecast: Forecast, asked: Asked, target: Path | None, *, begun: float) -> int:
    from nano_banana.cli.outcome import exit_code, say_outcome
    from nano_banana.cli.progress import progress
    from nano_banana.project.portrait.copy import copy_out
    from nano_banana.project.told import tell_run

    with progress(screen) as watch:
        outcome = again.run(forecast, watch, lost=lost_of(asked))
    say_outcome(screen, outcome, seconds=time.monotonic() - begun)
    _say_picture(screen, again, outcome)
    if target is not None and outcome.status == "done":
        copy_out(again.workshop, outcome, target)
        screen.say(f"copy: {visible(str(target))}")
    if asked.as_json:
        screen.json({**tell_run(forecast, outcome), "same": _same(again, outcome)})
    return exit_code(outcome)


def _say_picture(screen: Screen, again: Again, outcome: Outcome) -> None:
    for record in outcome.records:
        for picture in record.pictures[-1:]:
            same = "the very same picture" if _same(again, outcome) else "another picture than the one given"
            screen.say(f"{same}: {shown(str(outcome.folder / picture.name), Path.cwd())}")


def _same(again: Again, outcome: Outcome) -> bool:
    """Whether what came out is, bit for bit, the picture of the account."""
    made = [picture.blob.digest for record in outcome.records for picture in record.pictures]
    return bool(made) and made[-1] == again.account.picture


def _say_plan(screen: Screen, again: Again, forecast: Forecast, *, as_json: bool) -> None:
    from nano_banana.cli.forecast import say_forecast
    from nano_banana.project.told import tell_plan

    if as_json:
        screen.json(tell_plan(forecast, str(again.folder)))
        return
    say_forecast(screen, forecast, provider=again.provider)
    _say_calls(screen, again)


def _say_calls(screen: Screen, again: Again) -> None:
    from nano_banana.cli.portrait import say_call

    calls = again.open_calls
    if calls:
        screen.say("to be asked:")
    for call in calls:
        say_call(screen, call)


def _ask(screen: Screen, again: Again, forecast: Forecast, *, yes: bool) -> None:
    """Show what is to be paid for, and ask: nobody here wrote these calls. Raises LimitReached for a no."""
    from nano_banana.cli.forecast import whole_price

    bought = again.bought
    if warnings := again.own_prices:
        screen.problems(warnings)
    if yes or not bought:
        return
    price = whole_price(forecast.tally)
    if screen.lively and not screen.machine:
        _say_calls(screen, again)
        if screen.confirm(f"the picture asks for this; it may cost {price}; go on?"):
            return
    raise LimitReached([trouble("again_unasked", count=len(bought), price=price)])

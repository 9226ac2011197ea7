"""`again`: recreate a picture from its embedded metadata."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.diagnostics import short_path
from nano_banana.cli.formatting import visible
from nano_banana.cli.options import (
    OptionValues,
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
from nano_banana.cli.project_loading import settings_for
from nano_banana.cli.runner import unknown_request_policy
from nano_banana.cli.screen import Screen
from nano_banana.model.problem import LimitReached, problem

if TYPE_CHECKING:
    from nano_banana.features.replay.replay_run import ReplaySession
    from nano_banana.session.forecasting import Forecast
    from nano_banana.session.run_execution import RunOutcome

SECTION = ("Pictures", 6)

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
def command(screen: Screen, asked: OptionValues, *, picture: Path, copy: Path | None) -> int:
    """Make a picture again, from what it tells of itself.

    Its calls are asked once more. Where it was made this costs nothing and gives the same bytes. Elsewhere
    everything that the store lacks is planned; what is to be paid for is made only after a yes. An adapter that is not
    here has to be imported first (`models import`): photos never travel with pictures.
    """
    from nano_banana.features.replay.replay_run import ReplaySession, copy_target
    from nano_banana.session.explanation import read_marked_picture

    begun = time.monotonic()
    portrait = read_marked_picture(picture)
    target = None if copy is None else copy_target(portrait, copy)
    if not portrait.intact:
        screen.note("this file was changed since it was written; what is made is what it tells of")
    settings = settings_for(screen, overrides=overrides(store=asked.store))
    account, limit = portrait.account, asked.budget
    with ReplaySession.open(account, settings, environ=os.environ, provider=asked.provider, budget_usd=limit) as again:
        forecast = again.forecast()
        if asked.planned or (again.missing and not asked.as_json):
            _say_plan(screen, again, forecast, as_json=asked.as_json)
        if asked.planned:
            screen.problems([replace(problem, warning=True) for problem in again.missing])
            return 0
        again.check(forecast)
        _confirm_calls(screen, again, forecast, yes=asked.yes)
        return _run_again(screen, again, forecast, asked, target, begun=begun)


def _run_again(
    screen: Screen, again: ReplaySession, forecast: Forecast, asked: OptionValues, target: Path | None, *, begun: float
) -> int:
    from nano_banana.cli.progress import progress
    from nano_banana.cli.run_reports import exit_code, say_outcome
    from nano_banana.features.replay.replay_run import copy_replayed
    from nano_banana.session.run_report import run_report

    with progress(screen) as on_event:
        outcome = again.run(forecast, on_event, lost=unknown_request_policy(asked))
    say_outcome(screen, outcome, seconds=time.monotonic() - begun)
    _say_result(screen, again, outcome)
    if target is not None and outcome.status == "done":
        copy_replayed(again.runner, outcome, target)
        screen.say(f"copy: {visible(str(target))}")
    if asked.as_json:
        screen.json({**run_report(forecast, outcome), "same": _is_same_picture(again, outcome)})
    return exit_code(outcome)


def _say_result(screen: Screen, again: ReplaySession, outcome: RunOutcome) -> None:
    for record in outcome.records:
        for picture in record.pictures[-1:]:
            same = "the very same picture" if _is_same_picture(again, outcome) else "another picture than the one given"
            screen.say(f"{same}: {short_path(str(outcome.folder / picture.name), Path.cwd())}")


def _is_same_picture(again: ReplaySession, outcome: RunOutcome) -> bool:
    """Whether what came out is, bit for bit, the picture of the account."""
    made = [picture.blob.digest for record in outcome.records for picture in record.pictures]
    return bool(made) and made[-1] == again.account.picture


def _say_plan(screen: Screen, again: ReplaySession, forecast: Forecast, *, as_json: bool) -> None:
    from nano_banana.cli.run_reports import say_forecast
    from nano_banana.session.run_report import plan_report

    if as_json:
        screen.json(plan_report(forecast, str(again.folder)))
        return
    say_forecast(screen, forecast, provider=again.provider)
    _say_calls(screen, again)


def _say_calls(screen: Screen, again: ReplaySession) -> None:
    from nano_banana.cli.explain_report import say_call

    calls = again.open_calls
    if calls:
        screen.say("to be asked:")
    for call in calls:
        say_call(screen, call)


def _confirm_calls(screen: Screen, again: ReplaySession, forecast: Forecast, *, yes: bool) -> None:
    """Show what is to be paid for, and ask: nobody here wrote these calls. Raises LimitReached for a no."""
    from nano_banana.cli.run_reports import price_with_retries

    bought = again.paid_calls
    if warnings := again.own_prices:
        screen.problems(warnings)
    if yes or not bought:
        return
    price = price_with_retries(forecast.tally)
    if screen.lively and not screen.machine:
        _say_calls(screen, again)
        if screen.confirm(f"the picture asks for this; it may cost {price}; go on?"):
            return
    raise LimitReached([problem("again_unasked", count=len(bought), price=price)])

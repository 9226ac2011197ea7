"""`again`: recreate a picture from its embedded metadata."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from nano_banana.cli.formatting import plural, short_path, visible
from nano_banana.cli.options import OptionValues, add_options, pass_screen
from nano_banana.cli.project_loading import settings_for
from nano_banana.cli.runner import unknown_request_policy
from nano_banana.cli.screen import Screen
from nano_banana.model.problem import LimitReached, problem

if TYPE_CHECKING:
    from nano_banana.features.replay.replay_run import ReplaySession
    from nano_banana.session.forecasting import Forecast

SECTION = ("Single pictures", 6)


@click.command(name="again")
@click.argument("picture", type=click.Path(path_type=Path))
@click.option(
    "--out",
    "copy",
    type=click.Path(path_type=Path),
    metavar="FILE|DIR",
    help="Also copy the picture to this file or folder.",
)
@add_options("--provider", "--store", "--budget", "--plan", "--resubmit", "--abandon", "--yes", "--json")
@pass_screen
def command(screen: Screen, *, picture: Path, copy: Path | None) -> int:
    """Recreate a picture from its embedded metadata.

    Repeats the calls recorded in the picture. In the project that made it, this is free and gives the same file.
    Elsewhere, it plans whatever the store lacks, and pays only after you confirm. Import missing adapters first
    (`models import`); photos never travel with pictures.

    Examples:
      nano-banana again out/portraits/takes/headshots_ana_office_s11.png
      nano-banana again ~/Downloads/ana.png --plan
      nano-banana again ana.png --out ana-again.png
    """
    from nano_banana.features.replay.replay_run import ReplaySession, copy_target
    from nano_banana.session.explanation import read_marked_picture

    begun = time.monotonic()
    portrait = read_marked_picture(picture)
    target = None if copy is None else copy_target(portrait, copy)
    if not portrait.intact:
        screen.note("the file was modified after it was written; recreating what its metadata describes")
    given = OptionValues.given()
    with ReplaySession.open(
        portrait.account,
        settings_for(screen),
        environ=os.environ,
        provider=given.provider,
        budget_usd=given.budget,
    ) as again:
        forecast = again.forecast()
        if given.planned or (again.missing and not screen.machine):
            _say_plan(screen, again, forecast)
        if given.planned:
            screen.problems([replace(problem, warning=True) for problem in again.missing])
            return 0
        again.check(forecast)
        _confirm_calls(screen, again, forecast, yes=given.yes)
        return _run_again(screen, again, forecast, target, begun=begun)


def _run_again(screen: Screen, again: ReplaySession, forecast: Forecast, target: Path | None, *, begun: float) -> int:
    from nano_banana.cli.progress import progress
    from nano_banana.cli.run_reports import exit_code, say_outcome
    from nano_banana.features.replay.replay_run import copy_replayed
    from nano_banana.session.run_report import run_report

    with progress(screen) as on_event:
        outcome = again.run(forecast, on_event, lost=unknown_request_policy())
    say_outcome(screen, outcome, seconds=time.monotonic() - begun)
    made = [picture for record in outcome.records for picture in record.pictures]
    same = bool(made) and made[-1].blob.digest == again.account.picture
    for picture in made[-1:]:
        said = "identical to the original" if same else "different from the original"
        screen.say(f"{said}: {short_path(outcome.folder / picture.name)}")
    if target is not None and outcome.status == "done":
        copy_replayed(again.runner, outcome, target)
        screen.say(f"copy: {visible(str(target))}")
    if screen.machine:
        screen.json({**run_report(forecast, outcome), "same": same})
    return exit_code(outcome)


def _say_plan(screen: Screen, again: ReplaySession, forecast: Forecast) -> None:
    from nano_banana.cli.run_reports import say_forecast
    from nano_banana.session.run_report import plan_report

    if screen.machine:
        screen.json(plan_report(forecast, str(again.folder)))
        return
    say_forecast(screen, forecast, provider=again.provider)
    _say_calls(screen, again)


def _say_calls(screen: Screen, again: ReplaySession) -> None:
    from nano_banana.cli.explain_report import say_call

    calls = again.open_calls
    if calls:
        screen.say(f"Would make {plural(len(calls), 'call')}:")
    for call in calls:
        say_call(screen, call)


def _confirm_calls(screen: Screen, again: ReplaySession, forecast: Forecast, *, yes: bool) -> None:
    """Show what is to be paid for, and ask: the calls come from the picture's file. Raises LimitReached for a no."""
    from nano_banana.cli.run_reports import price_with_retries

    bought = again.paid_calls
    if warnings := again.own_prices:
        screen.problems(warnings)
    if yes or not bought:
        return
    price = price_with_retries(forecast.tally)
    if screen.lively and not screen.machine:
        _say_calls(screen, again)
        if screen.confirm(f"This may cost {price}. Continue?"):
            return
    raise LimitReached([problem("again_unasked", count=len(bought), price=price)])

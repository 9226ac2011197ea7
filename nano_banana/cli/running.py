"""A wish at the terminal: opened, and planned or run, and told."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from nano_banana.cli.ending import Ending
from nano_banana.cli.options import Asked
from nano_banana.cli.process import need_open_files
from nano_banana.cli.render import shown
from nano_banana.cli.screen import Screen
from nano_banana.cli.wishes import open_project
from nano_banana.core.errors import Invalid, LimitReached, Unusable, trouble
from nano_banana.core.json import JSONObject, as_object
from nano_banana.core.lost import Lost
from nano_banana.core.root import project_root, root_mark
from nano_banana.project.wish import Wish
from nano_banana.settings import Settings

if TYPE_CHECKING:
    from nano_banana.project.forecast import Forecast
    from nano_banana.project.nouns import Outcome
    from nano_banana.project.project import Project

FAILED = 1
"""The exit code of a plan in which takes would fail."""

Then: TypeAlias = Callable[[Ending], None]
Still: TypeAlias = Callable[[Ending], bool]


def plan_wish(screen: Screen, wish: Wish, settings: Settings, *, as_json: bool = False) -> int:
    """Say what a run would do and cost, and do nothing; the exit code says whether it could."""
    from nano_banana.cli.forecast import say_forecast
    from nano_banana.cli.trusting import untrusted
    from nano_banana.project.locking import hold, remarks
    from nano_banana.project.preflight import check_budget, check_inputs

    _say_root(screen, wish)
    with open_project(screen, wish, settings) as project:
        if wish.locked and (warnings := remarks(project, hold(project))):
            screen.problems(warnings)
        forecast = project.forecast()
        if warnings := [*check_inputs(project, forecast), *forecast.remarks, *untrusted(project)]:
            screen.problems(warnings)
        if as_json:
            from nano_banana.project.told import tell_plan

            screen.json(tell_plan(forecast, str(project.folder)))
        else:
            say_forecast(screen, forecast, provider=project.provider)
        try:
            check_budget(project, forecast)
        except LimitReached as error:
            screen.problems(error.problems)
            return error.exit_code
    return FAILED if forecast.fails else 0


def run_wish(
    screen: Screen,
    wish: Wish,
    settings: Settings,
    asked: Asked,
    *,
    then: Then | None = None,
    still: Still | None = None,
) -> int:
    """Make what is wished for, ask before it is dear, and tell; the exit code is returned.

    Of `asked` only what a run goes by counts: `resubmit`, `abandon`, `prune`, `yes` and `as_json`. The rest is in the
    wish.
    `then` is called at the end with what there is now, to say more of it. `still` says whether what an earlier run came
    to is all there, as far as the trace of that run does not know: else it is made anew.
    """
    from nano_banana.project.quick import unchanged

    begun = time.monotonic()
    # What is to be pruned is no part of the trace.
    trace = None if asked.prune else unchanged(wish, settings, os.environ)
    if trace is not None and (still is None or still(Ending.told(trace.summary))):
        _say_unchanged(screen, trace.summary, trace.folder, as_json=asked.as_json)
        if then is not None:
            then(Ending.told(trace.summary))
        return 0
    return _run(screen, wish, settings, asked, begun=begun, then=then)


def _say_root(screen: Screen, wish: Wish) -> None:
    """Say which project the recipe belongs to, if its root is another folder."""
    folder = wish.recipe.absolute().parent.resolve()
    root = project_root(folder)
    if wish.text is None and root != folder:
        screen.note(f"project: {shown(str(root), Path.cwd())}, which holds {root_mark(root)}")


def _say_unchanged(screen: Screen, summary: JSONObject, folder: str, *, as_json: bool) -> None:
    if as_json:
        calls = {**as_object(summary["calls"]), "made": 0, "cached": as_object(summary["calls"])["total"]}
        screen.json({**summary, "calls": calls, "cost_usd": {"estimated_low": 0, "estimated_high": 0, "billed": 0}})
    else:
        there = f"; the pictures are in {shown(folder, Path.cwd())}" if Ending.told(summary).pictures else ""
        screen.say(f"nothing to do: nothing has changed since run {summary['run']}{there}")


def lost_of(asked: Asked) -> Lost:
    """What to do about requests that nobody knows the end of. Raises Invalid where both are wished for."""
    if asked.resubmit and asked.abandon:
        raise Invalid([trouble("resubmit_and_abandon")])
    return Lost.RESUBMIT if asked.resubmit else Lost.ABANDON if asked.abandon else Lost.ASK


def _run(screen: Screen, wish: Wish, settings: Settings, asked: Asked, *, begun: float, then: Then | None) -> int:
    from nano_banana.cli.aftermath import aftermath
    from nano_banana.cli.outcome import exit_code, say_outcome
    from nano_banana.cli.progress import progress
    from nano_banana.project.locking import hold, keep_lock, remarks
    from nano_banana.project.told import tell_run, write_run

    lost = lost_of(asked)
    if asked.prune and not wish.whole:
        raise Invalid([trouble("prune_part")])
    need_open_files()
    _say_root(screen, wish)
    with open_project(screen, wish, settings) as project:
        held = hold(project) if wish.locked else None
        forecast = project.forecast()
        _check(screen, project, forecast)
        _ask(screen, project, forecast, asked)
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
        with progress(screen) as watch:
            outcome, trouble_after = aftermath(project, outcome, watch, prune=asked.prune)
        is_done = outcome.status == "done"
        warnings += keep_lock(project) if is_done else []
        if is_done and not trouble_after:
            project.remember(outcome, write_run(forecast, outcome))
    # A folder of single commands holds the pictures of many.
    said = outcome if then is None else replace(outcome, older=())
    say_outcome(screen, said, seconds=time.monotonic() - begun)
    if warnings:
        screen.problems(warnings)
    if then is not None:
        then(Ending.of(outcome))
    if asked.as_json:
        screen.json(tell_run(forecast, outcome))
    if trouble_after:
        raise Unusable(trouble_after)
    return exit_code(outcome)


def _check(screen: Screen, project: Project, forecast: Forecast) -> None:
    """Find what is wrong before anything is paid for. Raises Invalid, Refused and Unusable."""
    from nano_banana.cli.consent import NOTICE
    from nano_banana.cli.photo_check import look_at_photos
    from nano_banana.cli.progress import progress
    from nano_banana.project.consent import first_of_people
    from nano_banana.project.exposed import exposed
    from nano_banana.project.preflight import check_budget, check_inputs, check_machine, check_overwriting, make_ready

    if warnings := [*check_inputs(project, forecast), *forecast.remarks, *exposed(project)]:
        screen.problems(warnings)
    project.check_provider(forecast)
    check_budget(project, forecast)
    check_overwriting(project, forecast)
    check_machine(project, forecast)
    look_at_photos(screen, project, forecast)
    with progress(screen) as watch:
        make_ready(project, forecast, watch)
    if first_of_people(project):
        screen.note(NOTICE)


def _again(screen: Screen, project: Project, outcome: Outcome, lost: Lost) -> Forecast | None:
    """What a second run would do, where a person wants it: buy what could not be found.

    None where nobody is there to ask, or nothing of this recipe is lost.
    """
    from nano_banana.cli.forecast import price, say_open

    if not outcome.lost or lost is not Lost.ASK or outcome.halted is not None:
        return None
    if not screen.lively or screen.machine:
        return None
    forecast = project.forecast()
    if not forecast.lost:
        return None
    say_open(screen, forecast.lost)
    asked = f"they could not be found; buy them again? what is left to do may cost {price(forecast.tally)}"
    return forecast if screen.confirm(asked) else None


def _ask(screen: Screen, project: Project, forecast: Forecast, asked: Asked) -> None:
    """Ask before sending what is unusual and before spending much. Raises LimitReached for a no."""
    from nano_banana.cli.forecast import whole_price
    from nano_banana.cli.trusting import ask_for_trust

    if project.buys(forecast):
        ask_for_trust(screen, project, trust=asked.trust)
    limit = project.ask_above_usd
    tally = forecast.tally
    if asked.yes or (tally.money.high + tally.may_high <= limit and not tally.unpriced + tally.may_unpriced):
        return
    price = whole_price(tally)
    if screen.confirm(f"this may cost {price}; go on?"):
        return
    raise LimitReached([trouble("too_dear", price=price, limit=limit)])

"""Plans or runs a recipe at the terminal: checks, questions, report.

A run that has nothing to do ends here before anything heavy is imported.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from nano_banana.cli.diagnostics import short_path
from nano_banana.cli.formatting import visible
from nano_banana.cli.options import OptionValues
from nano_banana.cli.process import require_open_files
from nano_banana.cli.project_loading import open_project
from nano_banana.cli.screen import Screen
from nano_banana.model.json_values import JSONObject, as_items, as_object
from nano_banana.model.known_folders import project_root, root_mark
from nano_banana.model.problem import Invalid, LimitReached, Problem, Stopped, Unusable, problem
from nano_banana.model.ticket import UnknownRequestPolicy
from nano_banana.session.run_request import RunRequest
from nano_banana.settings.configuration import Settings

if TYPE_CHECKING:
    from nano_banana.session.run_execution import RunOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProducts:
    """The `pictures` that takes came to, as paths, and the adapters by subject, as digests."""

    pictures: Sequence[str]
    adapters: Mapping[str, str]

    @classmethod
    def of(cls, outcome: RunOutcome) -> RunProducts:
        """Of a run that was made."""
        from nano_banana.session.manifest import final_picture

        stood = [final_picture(record) for record in outcome.records if record.card.kind == "take"]
        trained = [record for record in outcome.records if record.card.kind == "adapter" and record.result is not None]
        return cls(
            pictures=[f"{outcome.folder}/{picture.name}" for picture in stood if picture is not None],
            adapters={record.card.subject: record.result.digest for record in trained if record.result is not None},
        )

    @classmethod
    def told(cls, summary: JSONObject) -> RunProducts:
        """Of an earlier run, by what it left."""
        return cls(
            pictures=[str(take["path"]) for take in _summary_entries(summary, "takes") if take.get("path") is not None],
            adapters={str(found["subject"]): str(found["sha256"]) for found in _summary_entries(summary, "adapters")},
        )


def _summary_entries(summary: JSONObject, name: str) -> Iterator[JSONObject]:
    return (as_object(entry) for entry in as_items(summary.get(name)))


PEOPLE_NOTICE = """\
These are AI-made pictures of real people. Make them only of people who agreed (`consent` in the recipe says who
allowed what), say that they are AI-made where you show them (each file says so, too), and know the law where you
are. `nano-banana forget SUBJECT` deletes a person again. This is said once for each project.
"""


def say_consents(screen: Screen, consents: Mapping[str, JSONObject]) -> None:
    """Print who allowed what, one line for each subject that the recipe has a consent of."""
    for name, consent in consents.items():
        if consent:
            screen.say(f"consent of {name}: {_consent_text(consent)}")


def _consent_text(consent: JSONObject) -> str:
    uses = ", ".join(visible(str(use)) for use in as_items(consent.get("uses", ())))
    parts = {"given by": visible(str(consent.get("given_by", ""))), "on": visible(str(consent.get("on", "")))}
    said = " ".join(f"{word} {what}" for word, what in parts.items() if what)
    return f"{said}, for {uses}" if uses else said


if TYPE_CHECKING:
    from nano_banana.session.forecasting import Forecast
    from nano_banana.session.session import Session


def check_photo_rules(screen: Screen, project: Session, forecast: Forecast | None = None) -> Sequence[Problem]:
    """Print and return what the rules warn of; a recipe without `photo_rules` is not kept waiting.

    With a forecast only photos count whose training is still to be made. Raises Invalid with what the rules reject.
    """
    if project.recipe.photo_rules is None:
        return ()
    from nano_banana.cli.progress import progress
    from nano_banana.session.photo_sets import enforce_photo_rules

    with progress(screen) as on_event:
        warnings = enforce_photo_rules(project, on_event, forecast)
    if warnings:
        screen.problems(warnings)
    return warnings


if TYPE_CHECKING:
    from nano_banana.model.event import EventHandler
    from nano_banana.session.run_execution import RunOutcome
    from nano_banana.session.session import Session


def finish_outputs(
    project: Session, outcome: RunOutcome, on_event: EventHandler, *, prune: bool = False
) -> tuple[RunOutcome, list[Problem]]:
    """The outcome with what was written besides the pictures, and what went wrong with that.

    A run that was halted hands out what there is: the next one goes on from here. `prune` is for `hand_out`.
    """
    from nano_banana.session.export_run import export_copies

    problems: list[Problem] = []
    for step in (partial(_keep_sheet, project), partial(export_copies, project, on_event=on_event, prune=prune)):
        try:
            outcome = step(outcome)
        except Unusable as error:
            problems += error.problems
    return outcome, problems


def _keep_sheet(project: Session, outcome: RunOutcome) -> RunOutcome:
    """The contact sheet, where the recipe wants one and nobody waits for the program to end."""
    if project.recipe.outputs.sheet is None or isinstance(outcome.halted, Stopped):
        return outcome
    from nano_banana.cli.sheet_files import write_recipe_sheet

    return write_recipe_sheet(project, outcome)


if TYPE_CHECKING:
    from nano_banana.session.forecasting import Forecast
    from nano_banana.session.run_execution import RunOutcome
    from nano_banana.session.session import Session

PLAN_FAILS = 1
"""The exit code of a plan in which takes would fail."""

AfterRun: TypeAlias = Callable[[RunProducts], None]
StillThere: TypeAlias = Callable[[RunProducts], bool]


def plan_recipe(screen: Screen, wish: RunRequest, settings: Settings, *, as_json: bool = False) -> int:
    """Say what a run would do and cost, and do nothing; the exit code says whether it could."""
    from nano_banana.cli.run_reports import say_forecast
    from nano_banana.cli.trust_prompt import untrusted_demands
    from nano_banana.session.lock_drift import hold_to_lock, lock_remarks
    from nano_banana.session.preflight import check_budget, check_inputs

    _say_root(screen, wish)
    with open_project(screen, wish, settings) as project:
        if wish.locked and (warnings := lock_remarks(project, hold_to_lock(project))):
            screen.problems(warnings)
        forecast = project.forecast()
        if warnings := [*check_inputs(project, forecast), *forecast.warnings, *untrusted_demands(project)]:
            screen.problems(warnings)
        if as_json:
            from nano_banana.session.run_report import plan_report

            screen.json(plan_report(forecast, str(project.folder)))
        else:
            say_forecast(screen, forecast, provider=project.provider)
        try:
            check_budget(project, forecast)
        except LimitReached as error:
            screen.problems(error.problems)
            return error.exit_code
    return PLAN_FAILS if forecast.fails else 0


def run_recipe(
    screen: Screen,
    wish: RunRequest,
    settings: Settings,
    asked: OptionValues,
    *,
    then: AfterRun | None = None,
    still: StillThere | None = None,
) -> int:
    """Make what is wished for, ask before it is dear, and tell; the exit code is returned.

    Of `asked` only what a run goes by counts: `resubmit`, `abandon`, `prune`, `yes` and `as_json`. The rest is in the
    wish.
    `then` is called at the end with what there is now, to say more of it. `still` says whether what an earlier run came
    to is all there, as far as the trace of that run does not know: else it is made anew.
    """
    from nano_banana.session.run_request import unchanged_trace

    begun = time.monotonic()
    # What is to be pruned is no part of the trace.
    trace = None if asked.prune else unchanged_trace(wish, settings, os.environ)
    if trace is not None and (still is None or still(RunProducts.told(trace.summary))):
        _say_unchanged(screen, trace.summary, trace.folder, as_json=asked.as_json)
        if then is not None:
            then(RunProducts.told(trace.summary))
        return 0
    return _run_project(screen, wish, settings, asked, begun=begun, then=then)


def _say_root(screen: Screen, wish: RunRequest) -> None:
    """Say which project the recipe belongs to, if its root is another folder."""
    folder = wish.recipe.absolute().parent.resolve()
    root = project_root(folder)
    if wish.text is None and root != folder:
        screen.note(f"project: {short_path(str(root), Path.cwd())}, which holds {root_mark(root)}")


def _say_unchanged(screen: Screen, summary: JSONObject, folder: str, *, as_json: bool) -> None:
    if as_json:
        calls = {**as_object(summary["calls"]), "made": 0, "cached": as_object(summary["calls"])["total"]}
        screen.json({**summary, "calls": calls, "cost_usd": {"estimated_low": 0, "estimated_high": 0, "billed": 0}})
    else:
        there = f"; the pictures are in {short_path(folder, Path.cwd())}" if RunProducts.told(summary).pictures else ""
        screen.say(f"nothing to do: nothing has changed since run {summary['run']}{there}")


def unknown_request_policy(asked: OptionValues) -> UnknownRequestPolicy:
    """What to do about requests that nobody knows the end of. Raises Invalid where both are wished for."""
    if asked.resubmit and asked.abandon:
        raise Invalid([problem("resubmit_and_abandon")])
    return (
        UnknownRequestPolicy.RESUBMIT
        if asked.resubmit
        else UnknownRequestPolicy.ABANDON
        if asked.abandon
        else UnknownRequestPolicy.ASK
    )


def _run_project(
    screen: Screen, wish: RunRequest, settings: Settings, asked: OptionValues, *, begun: float, then: AfterRun | None
) -> int:
    from nano_banana.cli.progress import progress
    from nano_banana.cli.run_reports import exit_code, say_outcome
    from nano_banana.session.lock_drift import hold_to_lock, lock_remarks, write_lock
    from nano_banana.session.run_report import run_report, run_report_pieces

    lost = unknown_request_policy(asked)
    if asked.prune and not wish.whole:
        raise Invalid([problem("prune_part")])
    require_open_files()
    _say_root(screen, wish)
    with open_project(screen, wish, settings) as project:
        held = hold_to_lock(project) if wish.locked else None
        forecast = project.forecast()
        _check_before_run(screen, project, forecast)
        _confirm_cost(screen, project, forecast, asked)
        with progress(screen) as on_event:
            outcome = project.execute(forecast, on_event, lost=lost)
        again = _ask_to_resubmit(screen, project, outcome, lost)
        if again is not None:
            forecast = again
            with progress(screen) as on_event:
                outcome = project.execute(forecast, on_event, lost=UnknownRequestPolicy.REPLACE)
        # What was foreseen of each take has been done: of ten thousand it is 16 MB, which the lock may have.
        forecast, again = replace(forecast, records=()), None
        warnings = [] if held is None else lock_remarks(project, held, made=outcome.made)
        with progress(screen) as on_event:
            outcome, trouble_after = finish_outputs(project, outcome, on_event, prune=asked.prune)
        is_done = outcome.status == "done"
        warnings += write_lock(project) if is_done else []
        if is_done and not trouble_after:
            project.remember(outcome, run_report_pieces(forecast, outcome))
    # A folder of single commands holds the pictures of many.
    said = outcome if then is None else replace(outcome, stale_pictures=())
    say_outcome(screen, said, seconds=time.monotonic() - begun)
    if warnings:
        screen.problems(warnings)
    if then is not None:
        then(RunProducts.of(outcome))
    if asked.as_json:
        screen.json(run_report(forecast, outcome))
    if trouble_after:
        raise Unusable(trouble_after)
    return exit_code(outcome)


def _check_before_run(screen: Screen, project: Session, forecast: Forecast) -> None:
    """Find what is wrong before anything is paid for. Raises Invalid, Refused and Unusable."""
    from nano_banana.cli.progress import progress
    from nano_banana.session.permissions import git_exposure_warnings, note_first_people_run
    from nano_banana.session.preflight import (
        check_budget,
        check_inputs,
        check_machine,
        check_overwriting,
        run_free_calls,
    )

    if warnings := [*check_inputs(project, forecast), *forecast.warnings, *git_exposure_warnings(project)]:
        screen.problems(warnings)
    project.check_provider(forecast)
    check_budget(project, forecast)
    check_overwriting(project, forecast)
    check_machine(project, forecast)
    check_photo_rules(screen, project, forecast)
    with progress(screen) as on_event:
        run_free_calls(project, forecast, on_event)
    if note_first_people_run(project):
        screen.note(PEOPLE_NOTICE)


def _ask_to_resubmit(
    screen: Screen, project: Session, outcome: RunOutcome, lost: UnknownRequestPolicy
) -> Forecast | None:
    """What a second run would do, where a person wants it: buy what could not be found.

    None where nobody is there to ask, or nothing of this recipe is lost.
    """
    from nano_banana.cli.run_reports import price_range_text, say_unknown_requests

    if not outcome.unknown_requests or lost is not UnknownRequestPolicy.ASK or outcome.halted is not None:
        return None
    if not screen.lively or screen.machine:
        return None
    forecast = project.forecast()
    if not forecast.unknown_requests:
        return None
    say_unknown_requests(screen, forecast.unknown_requests)
    asked = f"they could not be found; buy them again? what is left to do may cost {price_range_text(forecast.tally)}"
    return forecast if screen.confirm(asked) else None


def _confirm_cost(screen: Screen, project: Session, forecast: Forecast, asked: OptionValues) -> None:
    """Ask before sending what is unusual and before spending much. Raises LimitReached for a no."""
    from nano_banana.cli.run_reports import price_with_retries
    from nano_banana.cli.trust_prompt import ask_for_trust

    if project.stages_to_buy(forecast):
        ask_for_trust(screen, project, trust=asked.trust)
    limit = project.ask_above_usd
    tally = forecast.tally
    if asked.yes or (tally.money.high + tally.may_high <= limit and not tally.unpriced + tally.may_unpriced):
        return
    price = price_with_retries(tally)
    if screen.confirm(f"this may cost {price}; go on?"):
        return
    raise LimitReached([problem("too_dear", price=price, limit=limit)])

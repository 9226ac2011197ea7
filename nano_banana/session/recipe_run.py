"""The order of a run: forecast, checks, confirmation, work, exports.

The command line and the Python API both run recipes this way. They differ in their `RunCaller`, which watches the run
and makes its decisions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.model.event import EventHandler
from nano_banana.model.problem import Problem, Stopped, Unusable
from nano_banana.model.ticket import UnknownRequestPolicy
from nano_banana.session.export_run import export_copies
from nano_banana.session.forecasting import Forecast
from nano_banana.session.lock_drift import hold_to_lock, lock_remarks, write_lock
from nano_banana.session.permissions import (
    consent_warnings,
    git_exposure_warnings,
    note_first_people_run,
    untrusted_demands,
)
from nano_banana.session.photo_sets import enforce_photo_rules
from nano_banana.session.preflight import (
    check_budget,
    check_every_take,
    check_inputs,
    check_machine,
    check_overwriting,
    run_free_calls,
)
from nano_banana.session.run_execution import RunOutcome
from nano_banana.session.run_report import run_report_pieces
from nano_banana.session.session import Session

WriteSheet: TypeAlias = Callable[[Session, RunOutcome], RunOutcome]
"""Writes the contact sheet that the recipe asks for; returns the outcome with the sheet's files."""


class RunCaller:
    """Whoever started a run: sees warnings and events, and decides whether to spend money."""

    def progress(self) -> AbstractContextManager[EventHandler]:
        """A phase of the run that takes time; the handler gets its events."""
        raise NotImplementedError

    def warn(self, problems: Sequence[Problem]) -> None:
        """Receive warnings. The run goes on."""
        raise NotImplementedError

    def explain_people_rules(self) -> None:
        """Called before a project's first run that makes pictures of people."""

    def confirm(self, session: Session, forecast: Forecast) -> None:
        """Raise LimitReached unless the run may do what the forecast says."""
        raise NotImplementedError

    def confirm_resend(self, forecast: Forecast) -> bool:
        """Whether to send the requests again whose results are lost; they may be billed twice."""
        del forecast
        return False

    def can_stop(self, stop: Callable[[], None]) -> None:
        """Receive a function that stops the run, to be called in any thread; called twice, it also cancels requests."""


class FinishedRun(Struct, frozen=True, kw_only=True):
    """A run's outcome, the forecast it began with (without records), and what was found after the work.

    `problems` say which files (sheet, exports) could not be written.
    """

    forecast: Forecast
    outcome: RunOutcome
    warnings: Sequence[Problem]
    problems: Sequence[Problem]


def run_recipe(
    session: Session,
    caller: RunCaller,
    *,
    write_sheet: WriteSheet,
    unknown_policy: UnknownRequestPolicy = UnknownRequestPolicy.ASK,
    prune: bool = False,
) -> FinishedRun:
    """Run a recipe from its forecast to its trace.

    `unknown_policy` says what to do about requests whose results are lost. `prune` deletes exported copies that the
    recipe doesn't ask for any more. Raises NanoBananaError before anything is paid for; what goes wrong later is in
    the outcome.
    """
    held = hold_to_lock(session) if session.request.locked else None
    forecast = session.forecast()
    check_before_run(session, forecast, caller)
    caller.confirm(session, forecast)
    with caller.progress() as on_event:
        outcome = session.execute(forecast, on_event, unknown_policy=unknown_policy, can_stop=caller.can_stop)
    if unknown_policy is UnknownRequestPolicy.ASK and outcome.unknown_requests and outcome.halted is None:
        again = session.forecast()
        if again.unknown_requests and caller.confirm_resend(again):
            forecast, unknown_policy = again, UnknownRequestPolicy.REPLACE
            with caller.progress() as on_event:
                outcome = session.execute(forecast, on_event, unknown_policy=unknown_policy, can_stop=caller.can_stop)
        del again
    # Of ten thousand takes the records are 16 MB, which the lock can use.
    forecast = replace(forecast, records=())
    warnings = [] if held is None else lock_remarks(session, held, made=outcome.made)
    with caller.progress() as on_event:
        outcome, problems = _write_outputs(session, outcome, write_sheet, on_event, prune=prune)
    if outcome.status == "done":
        warnings += write_lock(session)
        if not problems:
            session.remember(outcome, run_report_pieces(forecast, outcome))
    return FinishedRun(forecast=forecast, outcome=outcome, warnings=warnings, problems=problems)


def check_recipe(session: Session, caller: RunCaller) -> tuple[int, list[Problem]]:
    """Check every take, photo rule and permission without making anything that costs money.

    Returns the number of takes, and all warnings. Raises Invalid with every mistake.
    """
    takes, picks = check_every_take(session)
    if picks:
        caller.warn(picks)
    found = [*picks, *check_photo_rules(session, caller)]
    permissions = [
        *consent_warnings(session, dt.datetime.now(tz=dt.UTC).date()),
        *untrusted_demands(session),
        *git_exposure_warnings(session),
    ]
    if permissions:
        caller.warn(permissions)
    return takes, [*session.loaded.warnings, *found, *permissions]


def plan_run(session: Session) -> tuple[Forecast, list[Problem]]:
    """What a run would do, and warnings. Raises Invalid if it can't run or differs from the lock it is held to."""
    warnings = lock_remarks(session, hold_to_lock(session)) if session.request.locked else []
    forecast = session.forecast()
    return forecast, [*warnings, *check_inputs(session, forecast), *forecast.warnings, *untrusted_demands(session)]


def check_before_run(session: Session, forecast: Forecast, caller: RunCaller) -> None:
    """Find what is wrong before anything is paid for. Raises Invalid, LimitReached, Refused and Unusable."""
    if warnings := [*check_inputs(session, forecast), *forecast.warnings, *git_exposure_warnings(session)]:
        caller.warn(warnings)
    session.check_provider(forecast)
    check_budget(session, forecast)
    check_overwriting(session, forecast)
    check_machine(session, forecast)
    check_photo_rules(session, caller, forecast)
    with caller.progress() as on_event:
        run_free_calls(session, forecast, on_event)
    if note_first_people_run(session):
        caller.explain_people_rules()


def check_photo_rules(session: Session, caller: RunCaller, forecast: Forecast | None = None) -> Sequence[Problem]:
    """Check training photos by the recipe's `photo_rules`, if it has any; returns the warnings.

    With a forecast, only photos whose training is still to be made are checked. Raises Invalid if any are rejected.
    """
    if session.recipe.photo_rules is None:
        return ()
    with caller.progress() as on_event:
        warnings = enforce_photo_rules(session, on_event, forecast)
    if warnings:
        caller.warn(warnings)
    return warnings


def _write_outputs(
    session: Session, outcome: RunOutcome, write_sheet: WriteSheet, on_event: EventHandler, *, prune: bool
) -> tuple[RunOutcome, list[Problem]]:
    """Write the contact sheet and the exported copies; a run that was stopped exports what there is."""
    problems: list[Problem] = []
    has_sheet = session.recipe.outputs.sheet is not None and not isinstance(outcome.halted, Stopped)
    exports = partial(export_copies, on_event=on_event, prune=prune)
    for step in (write_sheet, exports) if has_sheet else (exports,):
        try:
            outcome = step(session, outcome)
        except Unusable as error:
            problems += error.problems
    return outcome, problems

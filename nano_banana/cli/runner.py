"""Plans or runs a recipe at the terminal: checks, questions, report.

A run that has nothing to do ends here before anything heavy is imported.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.cli.formatting import short_path, visible
from nano_banana.cli.options import OptionValues
from nano_banana.cli.process import open_files_problem
from nano_banana.cli.project_loading import open_request
from nano_banana.cli.screen import Screen
from nano_banana.model.json_values import JSONObject, as_items, as_object
from nano_banana.model.known_folders import project_root, root_mark
from nano_banana.model.problem import Invalid, LimitReached, Unusable, problem
from nano_banana.model.ticket import UnknownRequestPolicy
from nano_banana.session.run_request import RunRequest, unchanged_trace
from nano_banana.settings.configuration import Settings

if TYPE_CHECKING:
    from nano_banana.session.run_execution import RunOutcome


class RunProducts(Struct, frozen=True, kw_only=True):
    """A run's pictures (paths) and adapters (digest by subject)."""

    pictures: Sequence[str]
    adapters: Mapping[str, str]

    @classmethod
    def of(cls, outcome: RunOutcome) -> RunProducts:
        """The products of a run."""
        from nano_banana.session.manifest import final_picture

        final = [final_picture(record) for record in outcome.records if record.card.kind == "take"]
        trained = {record.card.subject: record.result for record in outcome.records if record.card.kind == "adapter"}
        return cls(
            pictures=[f"{outcome.folder}/{picture.name}" for picture in final if picture is not None],
            adapters={subject: adapter.digest for subject, adapter in trained.items() if adapter is not None},
        )

    @classmethod
    def of_summary(cls, summary: JSONObject) -> RunProducts:
        """The products of an earlier run, from its summary."""
        takes, adapters = (map(as_object, as_items(summary.get(name))) for name in ("takes", "adapters"))
        return cls(
            pictures=[str(take["path"]) for take in takes if take.get("path") is not None],
            adapters={str(adapter["subject"]): str(adapter["sha256"]) for adapter in adapters},
        )


def say_consents(screen: Screen, consents: Mapping[str, JSONObject]) -> None:
    """Print the recorded consents, one line per subject."""
    for name, consent in consents.items():
        parts = {"given by": consent.get("given_by"), "on": consent.get("on")}
        said = " ".join(f"{word} {visible(str(what))}" for word, what in parts.items() if what)
        uses = ", ".join(visible(str(use)) for use in as_items(consent.get("uses", ())))
        if consent:
            screen.say(f"consent of {name}: {said}" + (f", for {uses}" if uses else ""))


PLAN_FAILS = 1
"""Exit code of a plan with takes that would fail."""

AfterRun: TypeAlias = Callable[[RunProducts], None]
StillThere: TypeAlias = Callable[[RunProducts], bool]


def plan_recipe(screen: Screen, request: RunRequest, settings: Settings) -> int:
    """Print what a run would make and cost; return the exit code."""
    from nano_banana.cli.run_reports import say_forecast
    from nano_banana.session.preflight import check_budget
    from nano_banana.session.recipe_run import plan_run

    _say_root(screen, request)
    with open_request(screen, request, settings) as session:
        forecast, warnings = plan_run(session)
        if warnings:
            screen.problems(warnings)
        if screen.machine:
            from nano_banana.session.run_report import plan_report

            screen.json(plan_report(forecast, str(session.folder)))
        else:
            say_forecast(screen, forecast, provider=session.provider, budget_usd=session.budget_usd)
        try:
            check_budget(session, forecast)
        except LimitReached as error:
            screen.problems(error.problems)
            return error.exit_code
    return PLAN_FAILS if forecast.fails else 0


def run_recipe(
    screen: Screen,
    request: RunRequest,
    settings: Settings,
    *,
    then: AfterRun | None = None,
    still: StillThere | None = None,
) -> int:
    """Run the recipe, ask before it gets expensive, and print the result; return the exit code.

    `then` is called at the end with the run's products. `still` says whether all products of an unchanged earlier run
    still exist; if not, it runs again.
    """
    begun = time.monotonic()
    # The trace doesn't know which copies to delete.
    trace = None if OptionValues.given().prune else unchanged_trace(request, settings, os.environ)
    if trace is not None and (still is None or still(RunProducts.of_summary(trace.summary))):
        _say_unchanged(screen, trace.summary, trace.folder)
        if then is not None:
            then(RunProducts.of_summary(trace.summary))
        return 0
    return _run_session(screen, request, settings, begun=begun, then=then)


def _say_root(screen: Screen, request: RunRequest) -> None:
    """Print the project's root if it is not the recipe's folder."""
    folder = request.recipe.absolute().parent.resolve()
    root = project_root(folder)
    if request.text is None and root != folder:
        screen.note(f"project: {short_path(root)} (contains {root_mark(root)})")


def _say_unchanged(screen: Screen, summary: JSONObject, folder: str) -> None:
    if screen.machine:
        calls = {**as_object(summary["calls"]), "made": 0, "cached": as_object(summary["calls"])["total"]}
        screen.json({**summary, "calls": calls, "cost_usd": {"estimated_low": 0, "estimated_high": 0, "billed": 0}})
    else:
        screen.say(f"Nothing to do: no changes since run {summary['run']}.")
        if RunProducts.of_summary(summary).pictures:
            screen.say(f"pictures: {short_path(folder)}")


def unknown_request_policy() -> UnknownRequestPolicy:
    """What to do about requests with unknown outcome. Raises Invalid if both options are given."""
    given = OptionValues.given()
    if given.resubmit and given.abandon:
        raise Invalid([problem("resubmit_and_abandon")])
    if given.resubmit:
        return UnknownRequestPolicy.RESUBMIT
    return UnknownRequestPolicy.ABANDON if given.abandon else UnknownRequestPolicy.ASK


def _run_session(
    screen: Screen, request: RunRequest, settings: Settings, *, begun: float, then: AfterRun | None
) -> int:
    from nano_banana.cli.run_reports import TerminalCaller, exit_code, say_outcome
    from nano_banana.cli.sheet_files import write_recipe_sheet
    from nano_banana.session.recipe_run import run_recipe as run
    from nano_banana.session.run_report import run_report

    policy = unknown_request_policy()
    prune = OptionValues.given().prune
    if prune and not request.whole:
        raise Invalid([problem("prune_part")])
    if few := open_files_problem():
        raise Unusable(few)
    _say_root(screen, request)
    with open_request(screen, request, settings) as session:
        caller = TerminalCaller(screen)
        done = run(session, caller, write_sheet=write_recipe_sheet, unknown_policy=policy, prune=prune)
    outcome = done.outcome
    # The output folder of a single command also has pictures of earlier commands.
    say_outcome(
        screen, outcome if then is None else replace(outcome, stale_pictures=()), seconds=time.monotonic() - begun
    )
    if done.warnings:
        screen.problems(done.warnings)
    if then is not None:
        then(RunProducts.of(outcome))
    if screen.machine:
        screen.json(run_report(done.forecast, outcome))
    if done.problems:
        raise Unusable(done.problems)
    return exit_code(outcome)

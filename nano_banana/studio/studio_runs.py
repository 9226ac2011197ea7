"""Plans, starts and stops runs for the studio, and reports what happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

from msgspec import Struct
from msgspec.structs import asdict, replace

from nano_banana.model.event import Event, EventHandler
from nano_banana.model.nodes import NodeStatus
from nano_banana.model.problem import LimitReached, NanoBananaError, Problem, problem
from nano_banana.session.forecasting import Forecast
from nano_banana.session.permissions import not_trusted_problem, untrusted_demands
from nano_banana.session.preflight import check_budget
from nano_banana.session.recipe_run import FinishedRun, RunCaller, WriteSheet, plan_run, run_recipe
from nano_banana.session.session import Session
from nano_banana.store.run_log import RUNNING, Run
from nano_banana.studio.event_log import EventLog
from nano_banana.studio.project_view import ProjectView
from nano_banana.studio.studio_project import StudioProject

POLL_SECONDS = 0.5
"""How often files and the store's runs are looked at while a page is open."""

BUSY_SHARE = 4
"""While a run goes on, the project is read again after so many times the time that reading it takes."""


class StudioCaller(RunCaller):
    """A run that was started in the studio: its person was asked before."""

    def __init__(self, runs: StudioRuns, *, confirmed: bool, price: float | None) -> None:
        self._runs = runs
        self._confirmed = confirmed
        self._price = price

    def progress(self) -> AbstractContextManager[EventHandler]:
        """Events go to the pages."""
        return nullcontext(self._runs.report)

    def warn(self, problems: Sequence[Problem]) -> None:
        """Show the warnings."""
        for found in problems:
            self._runs.report_problem(found)

    def confirm(self, session: Session, forecast: Forecast) -> None:
        """Raise LimitReached if something must be confirmed and was not."""
        check_consent(session, forecast, confirmed=self._confirmed, price=self._price)

    def can_stop(self, stop: Callable[[], None]) -> None:
        """Let the page stop it."""
        self._runs.receive_stop(stop)


def check_consent(session: Session, forecast: Forecast, *, confirmed: bool, price: float | None) -> None:
    """Raise LimitReached if the recipe isn't trusted, or if the price must be confirmed.

    A budget of the request is the consent to spend it. What was confirmed is confirmed up to `price` in USD (None: at
    any), so one that has risen since must be confirmed again.
    """
    if session.stages_to_buy(forecast) and (found := untrusted_demands(session)):
        raise LimitReached([not_trusted_problem(session), *found])
    highest = _highest_price(forecast)
    agreed = confirmed and (price is None or (highest is not None and highest <= price))
    if not agreed and session.request.budget_usd is None and session.is_expensive(forecast):
        shown = "an unknown amount" if highest is None else f"${highest:.2f}"
        raise LimitReached([problem("studio_confirm", price=shown, limit=session.ask_above_usd)])


def _highest_price(forecast: Forecast) -> float | None:
    """The price with all second chances, in USD; None if one is unknown."""
    total = forecast.tally.total
    return None if total.unpriced + total.possible_unpriced else round(total.high + total.possible_high, 6)


class PlanAnswer(Struct, frozen=True, kw_only=True):
    """What a run would do. Costs are in USD, None if a price is unknown.

    `cost_high` includes all second chances, which are calls that are only made if a gate rejects a picture;
    `cost_first` is the most without any.
    """

    pictures: int
    pictures_to_make: int
    reused: int
    adapters_to_train: int
    calls: int
    cost_low: float
    cost_first: float | None
    cost_high: float | None
    second_chances: int
    second_chances_usd: float
    expected_usd: float
    budget: float | None
    asks: bool
    provider: str
    stages: Sequence[Mapping[str, object]]
    problems: Sequence[str]
    text: str


def plan_answer(project: StudioProject) -> PlanAnswer:
    """The plan of the whole recipe. Raises NanoBananaError if it can't run."""
    with project.session() as session:
        forecast, warnings = plan_run(session)
        problems = [*session.loaded.warnings, *warnings]
        try:
            check_budget(session, forecast)
        except LimitReached as error:
            problems += error.problems
        total, records = forecast.tally.total, forecast.records
        takes = [record.status for record in records if record.card.kind == "take"]
        training = [record for record in records if record.card.kind == "adapter"]
        reused = takes.count(NodeStatus.DONE)
        return PlanAnswer(
            pictures=len(takes),
            pictures_to_make=takes.count(NodeStatus.PLANNED),
            reused=reused,
            adapters_to_train=sum(record.status is NodeStatus.PLANNED for record in training),
            calls=total.to_make,
            cost_low=round(total.low, 6),
            cost_first=None if total.unpriced else round(total.high, 6),
            cost_high=_highest_price(forecast),
            second_chances=total.possible,
            second_chances_usd=round(total.possible_high, 6),
            expected_usd=round(forecast.tally.expected.usd, 6),
            budget=session.budget_usd,
            asks=session.is_expensive(forecast),
            provider=session.provider,
            stages=[{"id": name, **asdict(count)} for name, count in forecast.tally.stages.items()],
            problems=[project.words.sentence(found) for found in problems],
            text=project.words.plan(forecast, session.provider, session.budget_usd),
        )


class StudioRuns:
    """The one run of this studio, if any, and the watch over everybody's."""

    def __init__(self, project: StudioProject, events: EventLog, write_sheet: WriteSheet) -> None:
        self._project = project
        self._events = events
        self._write_sheet = write_sheet
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], None] | None = None
        self._stops = 0
        self._spent = 0.0
        self._unknown = 0
        self._is_closed = False

    @property
    def is_running(self) -> bool:
        """Whether a run that was started here goes on."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, budget: float | None, *, confirmed: bool, price: float | None = None) -> None:
        """Start a run of the whole recipe.

        Raises LimitReached if another one is under way or if it must be confirmed, and NanoBananaError for everything
        that is wrong before.
        """
        with self._lock:
            if self._is_closed:
                raise LimitReached([problem("studio_stopping")])
            latest = self._project.latest_run()
            if self.is_running or (latest is not None and latest.status == RUNNING):
                raise LimitReached([problem("studio_running")])
            session = self._opened(budget)
            try:
                forecast, _ = plan_run(session)
                check_budget(session, forecast)
                check_consent(session, forecast, confirmed=confirmed, price=price)
            finally:
                session.close()
            self._stop, self._stops, self._spent, self._unknown = None, 0, 0.0, 0
            total = sum(record.card.kind == "take" for record in forecast.records)
            told = {"phase": "started", "by": "studio", "run": None, "total": total, "budget": session.budget_usd}
            self._events.add("run", told)
            self._thread = threading.Thread(target=self._run, args=(budget, confirmed, price), name="studio-run")
            self._thread.start()

    def stop(self) -> None:
        """Stop the run as Ctrl-C does; called twice, as two. Raises LimitReached if there is none."""
        if not self.is_running:
            raise LimitReached([problem("studio_not_running")])
        with self._lock:
            self._stops += 1
            stop = self._stop
        self._events.add("run", {"phase": "stopping", "by": "studio", "times": self._stops})
        if stop is not None:
            stop()

    def close(self) -> None:
        """Start no more runs."""
        with self._lock:
            self._is_closed = True

    def receive_stop(self, stop: Callable[[], None]) -> None:
        """The run can be stopped from now on; do what was asked for before."""
        with self._lock:
            self._stop, wanted = stop, self._stops
        for _ in range(wanted):
            stop()

    def wait(self, seconds: float) -> bool:
        """Wait for the run's end, and return whether it has ended."""
        if self._thread is not None:
            self._thread.join(seconds)
        return not self.is_running

    def report(self, event: Event) -> None:
        """Send an event of the run to the pages."""
        if event.kind == "note":
            self.report_problem(Problem(kind=str(event.data.get("kind")), data=event.data, warning=True))
            return
        told = {"stage": event.stage, "take": event.node, "state": event.kind, "count": event.count}
        told |= {name: event.data[name] for name in ("phase", "position", "log") if name in event.data}
        self._events.add("call", told)
        if event.kind in {"node_failed", "failed"} and "kind" in event.data:
            self.report_problem(Problem(kind=str(event.data["kind"]), data=event.data), take=event.node)
        if event.kind in {"made", "failed"} and event.cost_usd != 0:
            self._spent += event.cost_usd or 0.0
            self._unknown += event.cost_usd is None
            self._events.add("spend", {"usd": round(self._spent, 6), "unknown": self._unknown})

    def report_problem(self, found: Problem, *, take: str = "") -> None:
        """Send a problem to the pages."""
        words = self._project.problem_words(found)
        self._events.add("problem", {"text": words.error, "help": words.help, "take": take, "warning": found.warning})

    def _opened(self, budget: float | None) -> Session:
        request = self._project.request
        request = request if budget is None else replace(request, budget_usd=budget)
        return Session.open(request, self._project.settings, environ=self._project.environ)

    def _run(self, budget: float | None, confirmed: bool, price: float | None) -> None:  # noqa: FBT001 - a thread's arguments
        problems: Sequence[Problem] = ()
        told: dict[str, object] = {"phase": "ended", "by": "studio", "run": None, "status": "failed"}
        try:
            with self._opened(budget) as session:
                done = run_recipe(
                    session, StudioCaller(self, confirmed=confirmed, price=price), write_sheet=self._write_sheet
                )
            problems = _end_problems(done)
            told |= _outcome_summary(done)
        except NanoBananaError as error:
            problems = error.problems
        except BaseException:
            told["status"] = "broken"
            raise
        finally:
            for found in problems:
                self.report_problem(found)
            self._events.add("run", told)


def _end_problems(done: FinishedRun) -> Sequence[Problem]:
    halted = done.outcome.halted
    return [*done.warnings, *done.problems, *(halted.problems if halted is not None else ())]


def _outcome_summary(done: FinishedRun) -> dict[str, object]:
    outcome = done.outcome
    takes = [record for record in outcome.records if record.card.kind == "take"]
    return {
        "run": outcome.run,
        "status": outcome.status,
        "made": outcome.made,
        "cached": outcome.cached,
        "failed": outcome.failed,
        "cost_usd": round(outcome.cost_usd, 6),
        "unknown_cost": outcome.unknown_cost,
        "pictures": sum(record.status is NodeStatus.DONE for record in takes),
        "takes": len(takes),
        "still_at_service": outcome.still_at_service,
    }


class ProjectWatch:
    """Looks for changes while a page is open, and tells the pages what changed."""

    def __init__(self, project: StudioProject, events: EventLog, runs: StudioRuns) -> None:
        self._project = project
        self._events = events
        self._runs = runs
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="studio-watch")
        self._run: Run | None = None
        self._picks = ""
        self._view: ProjectView | None = None
        self._next = 0.0

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(POLL_SECONDS):
            if self._events.listeners or self._runs.is_running:
                try:
                    self.look()
                except NanoBananaError as error:
                    self._events.add("changed", {"revision": "", "picks": "", "error": self._error(error)})
                    self._over.wait(10 * POLL_SECONDS)

    def _error(self, error: NanoBananaError) -> str:
        return "; ".join(self._project.words.sentence(found) for found in error.problems)

    def look(self) -> None:
        """Look once."""
        before = self._project.known
        self._see_run(self._project.latest_run())
        busy = self._run is not None and self._run.status == RUNNING
        begun = time.monotonic()
        if busy and begun < self._next:
            return
        view = self._project.view()
        self._next = time.monotonic() + (time.monotonic() - begun) * BUSY_SHARE
        self._see_view(self._view or before, view)
        self._view = view

    def _see_run(self, run: Run | None) -> None:
        known, self._run = self._run, run
        if run is None or (known is not None and (known.id, known.status) == (run.id, run.status)):
            return
        ours = self._runs.is_running
        told = {"run": run.id, "recipe": run.recipe, "by": "studio" if ours else "elsewhere"}
        if run.status == RUNNING:
            self._events.add("run", {"phase": "started", **told})
        elif known is not None and not ours:
            self._events.add("run", {"phase": "ended", "status": run.status, **told, **run.summary})

    def _see_view(self, before: ProjectView | None, view: ProjectView) -> None:
        picks, _, _ = self._project.picks()
        same = before is None or (before.revision == view.revision and before.problems == view.problems)
        if before is not None and before.revision != view.revision:
            for take, text in view.encoded.items():
                if before.encoded.get(take) != text:
                    self._see_take(before, view, take)
        if not same or (self._picks and self._picks != picks):
            self._events.add("changed", {"revision": view.revision, "picks": picks})
        self._picks = picks

    def _see_take(self, before: ProjectView, view: ProjectView, take: str) -> None:
        now, then = view.takes[take], before.takes.get(take)
        if now.picture is not None and (then is None or now.picture != then.picture):
            self._events.add("picture", {"take": take, "picture": now.picture, "stage": now.stage, "entry": now})
        if now.verdict is not None and (then is None or now.verdict != then.verdict):
            self._events.add("verdict", {"take": take, "verdict": now.verdict, "state": now.state})

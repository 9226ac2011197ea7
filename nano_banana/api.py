"""The Python API: load a recipe, check it, plan it, run it.

import nano_banana as nb

recipe = nb.load("recipe.yaml", provider="local")
result = recipe.run(budget=5.0)
accepted = [take.path for take in result.takes if take.verdict and take.verdict.ruling == "accepted"]
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from queue import SimpleQueue
from typing import Self

from msgspec import Struct
from msgspec.structs import asdict, replace

from nano_banana.cli.diagnostics import describe
from nano_banana.cli.sheet_files import write_recipe_sheet
from nano_banana.formats.file_writing import is_shared, share_files
from nano_banana.model.event import Event, EventHandler
from nano_banana.model.json_values import JSONValue
from nano_banana.model.known_folders import project_root
from nano_banana.model.problem import Invalid, LimitReached, NanoBananaError, Problem, Stopped, problem
from nano_banana.session.forecasting import Forecast
from nano_banana.session.manifest import final_picture
from nano_banana.session.permissions import not_trusted_problem, untrusted_demands
from nano_banana.session.recipe_run import RunCaller, check_recipe, plan_run, run_recipe
from nano_banana.session.run_execution import CanStop, RunOutcome, ignore_stop
from nano_banana.session.run_records import NodeRecord
from nano_banana.session.run_request import RunRequest, find_recipe_file
from nano_banana.session.session import Session
from nano_banana.settings.configuration import PROJECT_FILE, Settings, load_settings


class RecipeProblem(Problem, frozen=True, kw_only=True):
    """An error or a warning, in words. `kind` names it for programs."""

    text: str
    hint: str = ""
    """What to do about it; empty if there is nothing to say."""

    @classmethod
    def of(cls, found: Problem) -> Self:
        """Put a problem into words."""
        text, hint = describe(found)
        return cls(**asdict(found), text=text, hint=hint)

    @property
    def file(self) -> str | None:
        """The file that it is in, if it has a place."""
        return None if self.position is None else self.position.file

    @property
    def line(self) -> int | None:
        """The line, counted from 1."""
        return None if self.position is None else self.position.line

    @property
    def column(self) -> int | None:
        """The column in characters, counted from 1."""
        return None if self.position is None else self.position.column

    def __str__(self) -> str:
        """`recipe.yaml:3:5: unknown stage …`."""
        place = self.position
        return self.text if place is None else f"{place.file}:{place.line}:{place.column}: {self.text}"


class TakeVerdict(Struct, frozen=True, kw_only=True):
    """A gate's final verdict on a take.

    `ruling` is `accepted`, `unsure`, `rejected` or `not_judged`. `score` is the likeness (cosine, −1 to 1) and
    `threshold` what it had to reach; None if there is none. `reasons` are kinds, such as `too_far`. A person's
    `decision` in `picks.yaml` (`keep` or `drop`) counts more than the ruling.
    """

    gate: str
    ruling: str
    score: float | None
    threshold: float | None
    reasons: tuple[str, ...]
    decision: str | None = None


class TakeResult(Struct, frozen=True, kw_only=True):
    """A take: one image, or the attempt to make one.

    `status` is `done`, `failed`, `blocked` (something it needs failed), `stopped`, or, in a plan, `planned`. `path` is
    the final picture; None if there is none, because the take was rejected or not chosen, for example. `paths` has the
    picture of each stage that made one.
    """

    id: str
    status: str
    path: Path | None
    paths: Mapping[str, Path]
    verdict: TakeVerdict | None
    cast: tuple[str, ...]
    axes: Mapping[str, str]
    seed: int | None
    problems: tuple[RecipeProblem, ...]


class RunPlan(Struct, frozen=True, kw_only=True):
    """What a run would do.

    `calls` are to be made, `paid_calls` of them by the provider; `reused` are in the store already. Gates may ask for
    up to `possible_calls` more. `price_low` is what is certain to be spent, `price_high` the most, in USD; None if a
    price is unknown.
    """

    takes: tuple[TakeResult, ...]
    calls: int
    paid_calls: int
    reused: int
    possible_calls: int
    price_low: float
    price_high: float | None
    problems: tuple[RecipeProblem, ...]


class RunResult(Struct, frozen=True, kw_only=True):
    """A finished run. `status` is `done`, `failed` (some takes) or `stopped` (by a limit or the provider).

    `cost` is in USD; None if the provider did not say what some call cost. `problems` has warnings, why the run was
    stopped, and what could not be written; what is wrong with a take is in its own `problems`.
    """

    run: str
    status: str
    takes: tuple[TakeResult, ...]
    cost: float | None
    folder: Path
    exported: Path | None
    problems: tuple[RecipeProblem, ...]

    def __await__(self) -> Generator[None, None, RunResult]:
        """The result itself, so that `await recipe.run()` works, too."""
        yield from ()
        return self


class LoadedRecipe(Struct, frozen=True, kw_only=True):
    """A recipe's file and the options for it. Each method reads the file anew, so edits count at once."""

    path: Path
    request: RunRequest
    settings: Settings

    def check(self) -> list[RecipeProblem]:
        """Every error and warning; an empty list if there are none. Makes no paid call."""
        try:
            with _in_words(), self._opened() as session:
                caller = _ProgramCaller(_ignore_event)
                return _worded([*self._ignored_settings(), *check_recipe(session, caller)[1]])
        except Invalid as error:
            return _worded(error.problems)

    def plan(self) -> RunPlan:
        """What a run would make and cost. Raises NanoBananaError if the recipe has errors."""
        with _in_words(), self._opened() as session:
            forecast, warnings = plan_run(session)
            tally = forecast.tally
            is_known = not (tally.total.unpriced or tally.total.possible_unpriced)
            return RunPlan(
                takes=_takes(forecast.records, session.folder),
                calls=tally.total.to_make,
                paid_calls=tally.total.paid,
                reused=tally.total.cached,
                possible_calls=tally.total.possible,
                price_low=round(tally.total.low, 6),
                price_high=round(tally.total.high + tally.total.possible_high, 6) if is_known else None,
                problems=tuple(_worded([*self._ignored_settings(), *session.loaded.warnings, *warnings])),
            )

    def run(self, *, on_event: EventHandler | None = None, budget: float | None = None) -> RunResult:
        """Run the recipe, and return when it is done; inside a running event loop too, as in a notebook.

        `on_event` gets each event, in this thread. `budget` is the most that this run may spend, in USD; without it, a
        run that may cost more than `ask_above_usd` raises LimitReached. Nothing is asked: a recipe with demands that
        the user has not accepted (`nano-banana trust`) raises LimitReached. Ctrl-C stops the run, keeps what was made
        and raises KeyboardInterrupt. Raises NanoBananaError for everything that is wrong before the first paid call.
        """
        handler = on_event or _ignore_event
        try:
            if _is_in_event_loop():
                return self._run_in_thread(handler, budget)
            return self._run(_ProgramCaller(handler, budget=budget))
        except Stopped as error:
            raise KeyboardInterrupt from error

    async def run_async(self, *, on_event: EventHandler | None = None, budget: float | None = None) -> RunResult:
        """Like `run`, but other tasks of the event loop go on meanwhile.

        `on_event` is called in the event loop. Cancelling the task stops the run and keeps what was made.
        """
        loop, handler, stopper = asyncio.get_running_loop(), on_event or _ignore_event, _Stopper()

        def hand_on(event: Event) -> None:
            loop.call_soon_threadsafe(handler, event)

        work = loop.run_in_executor(
            None, self._run, _ProgramCaller(hand_on, budget=budget, receive_stop=stopper.receive)
        )
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            stopper.stop()
            await asyncio.wait([work])
            raise

    def _run_in_thread(self, handler: EventHandler, budget: float | None) -> RunResult:
        """Run in another thread, since this one has a running event loop; events come back through a queue."""
        events: SimpleQueue[Event | None] = SimpleQueue()
        stopper = _Stopper()
        caller = _ProgramCaller(events.put, budget=budget, receive_stop=stopper.receive)
        with ThreadPoolExecutor(max_workers=1) as pool:
            work = pool.submit(self._run, caller)
            work.add_done_callback(lambda _work: events.put(None))
            try:
                while (event := events.get()) is not None:
                    handler(event)
            except BaseException:
                stopper.stop()
                raise
            return work.result()

    def _run(self, caller: _ProgramCaller) -> RunResult:
        request = self.request if caller.budget is None else replace(self.request, budget_usd=caller.budget)
        with _in_words(), Session.open(request, self.settings, environ=os.environ) as session:
            done = run_recipe(session, caller, write_sheet=write_recipe_sheet)
            outcome = done.outcome
            if isinstance(outcome.halted, Stopped):
                raise outcome.halted
            found = [*self._ignored_settings(), *session.loaded.warnings, *caller.warnings, *done.warnings]
            found += [*done.problems, *(outcome.halted.problems if outcome.halted else ())]
            return _result(outcome, found)

    def _opened(self) -> Session:
        return Session.open(self.request, self.settings, environ=os.environ)

    def _ignored_settings(self) -> list[Problem]:
        """A warning if the project's settings are ignored because the user has not trusted them."""
        if self.settings.trusts:
            return []
        names: JSONValue = ", ".join(f"`{name}`" for name in sorted(self.settings.guarded))
        return [Problem(kind="settings_ignored", data={"file": PROJECT_FILE, "names": names}, warning=True)]


def load(
    recipe: str | Path,
    *,
    provider: str | None = None,
    sets: Mapping[str, str] | None = None,
    only: Collection[str] | str = (),
    sample: int | None = None,
    locked: bool = False,
    store: str | Path | None = None,
    out: str | Path | None = None,
) -> LoadedRecipe:
    """Load a recipe's file, or the `recipe.yaml` in a folder.

    The options are those of `nano-banana run`: `provider` instead of the recipe's, `sets` for variables, `only` and
    `sample` to select takes, `locked` to hold the run to the lock, `store` and `out` for folders. The recipe's errors
    are found by `check`, `plan` and `run`. Raises NanoBananaError if there is no such file, or a setting is wrong.
    """
    with _in_words():
        file = find_recipe_file(Path(recipe))
        overrides = {"store": None if store is None else str(store), "out": None if out is None else str(out)}
        settings = load_settings(root=project_root(file.absolute().parent), environ=os.environ, overrides=overrides)
        share_files(shared=is_shared(settings.store, settings.store_group))
        request = RunRequest(
            recipe=file,
            sets=dict(sets or {}),
            provider=provider,
            only=(only,) if isinstance(only, str) else tuple(only),
            sample=sample,
            locked=locked,
        )
        return LoadedRecipe(path=file, request=request, settings=settings)


class _ProgramCaller(RunCaller):
    """A program that runs a recipe: nobody is asked, and a budget is the consent to spend it."""

    def __init__(
        self, on_event: EventHandler, *, budget: float | None = None, receive_stop: CanStop = ignore_stop
    ) -> None:
        self.budget = budget
        self.warnings: list[Problem] = []
        self._on_event = on_event
        self._receive_stop = receive_stop

    def progress(self) -> AbstractContextManager[EventHandler]:
        return nullcontext(self._on_event)

    def warn(self, problems: Sequence[Problem]) -> None:
        self.warnings += problems

    def confirm(self, session: Session, forecast: Forecast) -> None:
        if session.stages_to_buy(forecast) and (found := untrusted_demands(session)):
            raise LimitReached([not_trusted_problem(session), *found])
        if self.budget is None and session.is_expensive(forecast):
            tally = forecast.tally
            high = tally.total.high + tally.total.possible_high
            price = "an unknown amount" if tally.total.unpriced + tally.total.possible_unpriced else f"${high:.2f}"
            raise LimitReached([problem("budget_missing", price=price, limit=session.ask_above_usd)])

    def can_stop(self, stop: Callable[[], None]) -> None:
        self._receive_stop(stop)


class _Stopper:
    """Stops a run that goes on in another thread; one that has not begun yet stops when it begins."""

    def __init__(self) -> None:
        self._stop: Callable[[], None] | None = None
        self._is_wanted = False
        self._lock = threading.Lock()

    def receive(self, stop: Callable[[], None]) -> None:
        """The run has begun; `stop` stops it."""
        with self._lock:
            self._stop = stop
            if self._is_wanted:
                stop()

    def stop(self) -> None:
        """Stop the run as soon as that is possible."""
        with self._lock:
            self._is_wanted = True
            if self._stop is not None:
                self._stop()


def _is_in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _ignore_event(_event: Event) -> None:
    """For callers that want no events."""


@contextmanager
def _in_words() -> Iterator[None]:
    """Put the problems of errors into words, in their traceback too."""
    try:
        yield
    except NanoBananaError as error:
        error.problems = tuple(_worded(error.problems))
        for found in error.problems:
            error.add_note(str(found))
        raise


def _worded(problems: Sequence[Problem]) -> list[RecipeProblem]:
    return [found if isinstance(found, RecipeProblem) else RecipeProblem.of(found) for found in problems]


def _result(outcome: RunOutcome, problems: Sequence[Problem]) -> RunResult:
    exported = outcome.exported
    return RunResult(
        run=outcome.run,
        status=outcome.status,
        takes=_takes(outcome.records, outcome.folder),
        cost=None if outcome.unknown_cost else round(outcome.cost_usd, 6),
        folder=outcome.folder,
        exported=None if exported is None else exported.folder or exported.zip,
        problems=tuple(_worded(problems)),
    )


def _takes(records: Sequence[NodeRecord], folder: Path) -> tuple[TakeResult, ...]:
    return tuple(_take(record, folder) for record in records if record.card.kind == "take")


def _take(record: NodeRecord, folder: Path) -> TakeResult:
    verdict, final, card = record.final_verdict, final_picture(record), record.card
    return TakeResult(
        id=record.id,
        status=str(record.status),
        path=None if final is None else folder / final.name,
        paths={picture.stage: folder / picture.name for picture in record.pictures},
        verdict=None
        if verdict is None
        else TakeVerdict(
            gate=verdict.stage,
            ruling=str(verdict.ruling),
            score=verdict.score,
            threshold=verdict.threshold,
            reasons=tuple(reason.kind for reason in verdict.reasons),
            decision=verdict.decision,
        ),
        cast=tuple(card.cast) or ((card.subject,) if card.subject else ()),
        axes=dict(card.axes),
        seed=card.seed,
        problems=tuple(_worded(record.problems)),
    )

"""Past runs and explanations for the studio."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from nano_banana.model.json_values import JSONObject
from nano_banana.session.explanation import explain_take
from nano_banana.session.history import History
from nano_banana.store.run_log import RUNNING, Run
from nano_banana.studio.studio_project import StudioProject

RUNS_SHOWN = 100
"""Runs that the history lists, the newest first."""

PROMPT_LINE = "prompt of "
"""Begins the lines of an explanation that are prompts."""


class ListedRun(Struct, frozen=True, kw_only=True):
    """A run of the log. Times are in seconds since 1970; `kept` says that its takes are still known."""

    run: str
    recipe: str
    status: str
    begun_at: float
    ended_at: float | None
    summary: JSONObject
    kept: bool


class RunsAnswer(Struct, frozen=True, kw_only=True):
    """The last runs of the recipe, newest first, and the one under way in this store, if any."""

    runs: Sequence[ListedRun]
    current: ListedRun | None
    is_ours: bool


class TextBlock(Struct, frozen=True, kw_only=True):
    """A part of an explanation; the title may be empty."""

    title: str
    text: str


def list_runs(project: StudioProject, *, is_ours: bool) -> RunsAnswer:
    """The recipe's runs; `is_ours` says whether one that was started here is under way."""
    history = History(project.store)
    runs = history.billed(history.runs(project.view().name, limit=RUNS_SHOWN))
    kept = set(history.kept_runs())
    latest = project.latest_run()
    current = latest if latest is not None and latest.status == RUNNING else None
    return RunsAnswer(
        runs=[_listed(run, kept=run.id in kept) for run in runs],
        current=None if current is None else _listed(current, kept=False),
        is_ours=is_ours,
    )


def _listed(run: Run, *, kept: bool) -> ListedRun:
    return ListedRun(
        run=run.id,
        recipe=run.recipe,
        status=run.status,
        begun_at=run.begun_at,
        ended_at=run.ended_at,
        summary=run.summary,
        kept=kept,
    )


def explain(project: StudioProject, take: str) -> list[TextBlock]:
    """How a take was made and judged, and what changed. Raises Invalid if the recipe has no such take."""
    with project.session() as session:
        text = project.words.story(explain_take(session, take))
    head, *lines = text.splitlines()
    prompts = [line.strip() for line in lines if line.strip().startswith(PROMPT_LINE)]
    others = [line for line in lines if not line.strip().startswith(PROMPT_LINE)]
    blocks = [TextBlock(title=head, text="\n".join(line.removeprefix("  ") for line in others))]
    for prompt in prompts:
        title, _, said = prompt.partition(": ")
        blocks.append(TextBlock(title=title, text=said))
    return blocks

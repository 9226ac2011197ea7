"""What can be known for free is checked before anything is paid for."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from nano_banana.core.call import Call
from nano_banana.core.errors import CallFailed, Invalid, LimitReached, trouble
from nano_banana.core.json import JSONObject, JSONValue, as_text
from nano_banana.core.news import Watcher
from nano_banana.core.node import Node
from nano_banana.core.problem import Problem
from nano_banana.core.result import NodeResult, Status
from nano_banana.planner.forecast import FREE
from nano_banana.planner.imagine import imaginer
from nano_banana.planner.preview import preview
from nano_banana.planner.selection import Selection
from nano_banana.project.forecast import Forecast
from nano_banana.project.parts import media_of, places_of
from nano_banana.project.project import Project
from nano_banana.reports.manifest import entries, recipe_file
from nano_banana.workshop.answering import COMPUTE, Errands

PICTURE_BYTES = 2_000_000
"""A small PNG of one megapixel."""

ADAPTER_BYTES = 50_000_000
"""A small adapter."""


def check_inputs(project: Project, forecast: Forecast) -> list[Problem]:
    """Raise Invalid with every file that can't be used by what a run would make; return warnings.

    A damaged picture that a shot opens is only a warning: its take fails before anything is paid for it.
    """
    needed = {path for digest, path in project.plan.files.items() if digest in forecast.inputs}
    alone = {path for shot in project.recipe.shots.values() for path in shot.pictures.values()}
    if problems := flawed_files(project, needed - alone):
        raise Invalid(problems)
    return [replace(problem, warning=True) for problem in flawed_files(project, needed & alone)]


def check_budget(project: Project, forecast: Forecast) -> None:
    """Raise LimitReached if the budget can't suffice for what is sure to be made, with what would fit."""
    budget, tally = project.budget_usd, forecast.tally
    if budget is None:
        return
    if tally.certain_unpriced:
        raise _over(project, "budget_unpriced", count=tally.certain_unpriced)
    if tally.certain_usd <= budget + 1e-9:
        return
    needed = _rounded_up(tally.certain_usd)
    fits = next(_fitting(project, budget), None)
    if fits is None:
        raise _over(project, "budget_short", needed_usd=needed)
    raise _over(project, "budget_short_sample", needed_usd=needed, fits=fits[0], fits_usd=_rounded_up(fits[1]))


def _over(project: Project, kind: str, **data: JSONValue) -> LimitReached:
    told: JSONObject = {"budget_usd": project.budget_usd, "name": project.budget_name}
    return LimitReached([Problem(kind=kind, data={**told, **data})])


def _fitting(project: Project, budget: float) -> Iterator[tuple[str, float]]:
    """What of the recipe the budget holds: as many takes as can be, else a shot, by its option and what it costs."""
    if project.wish.text is not None:
        return
    only = project.wish.only

    def costs(selection: Selection) -> float:
        tally = project.foresee(project.plan_of(selection)).tally
        return math.inf if tally.certain_unpriced else tally.certain_usd

    fewest, most = 0, project.plan.takes
    while most - fewest > 1:
        middle = (fewest + most) // 2
        fewest, most = (middle, most) if costs(Selection(only=only, sample=middle)) <= budget else (fewest, middle)
    if fewest:
        yield f"--sample {fewest}", costs(Selection(only=only, sample=fewest))
    for name in () if only else project.recipe.shots:
        usd = costs(Selection(only=(name,)))
        if usd <= budget:
            yield f"--only {name}", usd


def _rounded_up(usd: float) -> float:
    """The sum in as many digits as are shown, never less."""
    digits = 2 if usd >= 1 else 3 if usd >= 0.01 else 4
    scale = float(10**digits)
    return math.ceil(usd * scale - 1e-6) / scale


def check_overwriting(project: Project, forecast: Forecast) -> None:
    """Raise Invalid if pictures would take the place of those of another recipe that has the same name."""
    other, ours = recipe_file(project.folder), project.recipe.path.absolute()
    if project.wish.text is not None or other is None or not other.exists() or other.samefile(ours):
        return
    planned = {record.id for record in forecast.records if record.status is Status.PLANNED}
    theirs = {as_text(entry["id"]) for kind, entry in entries(project.folder) if kind == "take"}
    if taken := sorted(planned & theirs):
        place = project.loaded.nearest(("name",))
        folder, count = str(project.folder), len(taken) - 1
        raise Invalid([trouble("name_taken", place=place, other=str(other), folder=folder, take=taken[0], count=count)])


def check_machine(project: Project, forecast: Forecast) -> None:
    """Raise Unusable if what is made could not be put where it belongs, or what is paid for not be kept."""
    if not forecast.tally.to_make:
        return
    # With them comes all that reads pictures.
    from nano_banana.workshop.ready import check_space, check_writable

    project.workshop.store.check_writable()
    export = project.recipe.outputs.export
    recipe = project.recipe.path.absolute().parent
    targets = export.places(recipe) if export else (None, None)
    for folder in (project.folder, *(path and path.parent for path in targets)):
        if folder is not None:
            check_writable(folder)
    if project.provider in FREE:
        return
    trainings = sum(record.card.kind == "adapter" and bool(record.missing) for record in forecast.records)
    pictures = forecast.tally.paid - trainings
    check_space(project.settings.store, pictures * PICTURE_BYTES + trainings * ADAPTER_BYTES)


def make_ready(project: Project, forecast: Forecast, watch: Watcher) -> None:
    """Do this machine's part of what takes wait for: photos are packed and people measured before a training is paid.

    Raises Invalid with every such part that fails.
    """
    if project.provider in FREE or not forecast.tally.paid:
        return
    while calls := _free_calls(project):
        asked = Errands(purpose="checks", calls=[call for call, _ in calls], files=project.plan.files)
        ends = project.workshop.answer(asked, watch)
        failed = [(end, node) for end, (_, node) in zip(ends, calls, strict=True) if isinstance(end, CallFailed)]
        if failed:
            raise Invalid([problem for end, node in failed for problem in _placed(project, end.problems, node)])
        project.checked |= {call.key for call, _ in calls}


def _free_calls(project: Project) -> Sequence[tuple[Call, Node]]:
    """The calls of trainings and measurements that this machine can make now, each with one that asks for it."""
    roots = replace(project.plan, groups=())
    ends = preview(roots, project.workshop.store.replies, imaginer(project.catalog))
    return list({call.key: (call, end.node) for end in ends for call in _known_calls(end)}.values())


def _known_calls(end: NodeResult) -> Iterator[Call]:
    """This machine's calls that are still to be made, and take in nothing that is only guessed."""
    guessed = {blob.digest for step in end.steps if not step.cached for blob in step.reply.files.values()}
    for step in end.steps:
        call = step.call
        is_guess = call.imagined or any(blob.digest in guessed for blob in call.inputs.values())
        if call.provider == COMPUTE and not step.cached and not is_guess:
            yield call


def _placed(project: Project, problems: Sequence[Problem], node: Node) -> Iterator[Problem]:
    place = project.loaded.nearest(("subjects", node.card.subject, "training_set"))
    for problem in problems:
        yield problem if problem.place else replace(problem, place=place)


def flawed_files(project: Project, among: Collection[Path] | None = None) -> list[Problem]:
    """What is wrong in the recipe's files (None: in all of them), each at the place that names it."""
    places = {path: where for path, where in places_of(project.recipe).items() if among is None or path in among}
    if not places:
        return []
    from nano_banana.workshop.looking import flaws

    masks = {stage.files["mask"] for stage in project.recipe.asking if "mask" in stage.files}
    found = flaws({path: media_of(path) for path in places}, masks)
    return [
        replace(problem, place=project.loaded.nearest(places[path]))
        for path, problems in found.items()
        for problem in _named(project, path, problems)
    ]


def _named(project: Project, path: Path, problems: Collection[Problem]) -> Iterator[Problem]:
    """The problems with the path as the recipe would write it, where the file lies beside the recipe."""
    folder = project.loaded.files.folder
    shown = str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
    for problem in problems:
        yield replace(
            problem, data={key: shown if value == str(path) else value for key, value in problem.data.items()}
        )

"""A recipe tried on every take and its files read, without any call."""

from __future__ import annotations

from collections.abc import Sequence

from nano_banana.core.blob import imagine
from nano_banana.core.errors import Invalid
from nano_banana.core.problem import Problem
from nano_banana.planner.imagine import imaginer
from nano_banana.planner.plan import make_plan
from nano_banana.planner.preview import preview
from nano_banana.project.parts import files_of, selection_of
from nano_banana.project.preflight import flawed_files
from nano_banana.project.project import Project
from nano_banana.project.stray import stray_picks


def tried(project: Project) -> tuple[int, Sequence[Problem]]:
    """Draw up every take's calls, so that a template that fails on some values is found.

    Returns how many takes there are, and a warning for each pick of none of them. Raises Invalid with every such
    template and every file that can't be used, and where copies could not be named.
    """
    unread = {path: imagine(str(path), media=media) for path, media in files_of(project.recipe).items()}
    plan = make_plan(project.bench(unread), selection_of(project.wish))
    ends = preview(plan, lambda _keys: {}, imaginer(project.catalog))
    names: set[str] = set()
    problems: dict[str, Problem] = {}
    for end in ends:
        names |= {end.node.id} if end.node.card.kind == "take" else set()
        problems |= {repr(problem): problem for problem in end.problems}
    problems |= {repr(problem): problem for problem in flawed_files(project)}
    if problems:
        raise Invalid(problems.values())
    _ = project.copies
    return plan.takes, stray_picks(project.recipe, sorted(names))

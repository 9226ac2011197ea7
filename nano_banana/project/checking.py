"""A recipe tried on every take and its files read, without any call."""

from __future__ import annotations

from nano_banana.core.blob import imagine
from nano_banana.core.errors import Invalid
from nano_banana.planner.imagine import imaginer
from nano_banana.planner.plan import make_plan
from nano_banana.planner.preview import preview
from nano_banana.project.parts import files_of
from nano_banana.project.parts import selection_of
from nano_banana.project.preflight import flawed_files
from nano_banana.project.project import Project


def tried(project: Project) -> int:
    """Draw up every take's calls, so that a template that fails on some values is found; return how many takes.

    Raises Invalid with every such template and every file that can't be used, and where copies could not be named.
    """
    unread = {path: imagine(str(path), media=media) for path, media in files_of(project.recipe).items()}
    plan = make_plan(project.bench(unread), selection_of(project.wish))
    ends = preview(plan, lambda _keys: {}, imaginer(project.catalog))
    problems = {repr(problem): problem for end in ends for problem in end.problems}
    problems |= {repr(problem): problem for problem in flawed_files(project)}
    if problems:
        raise Invalid(problems.values())
    _ = project.copies
    return plan.takes

"""The nodes that takes wait for: trainings, and people measured for gates."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

from nano_banana.core.errors import CallFailed, Invalid
from nano_banana.core.node import Group, Node
from nano_banana.core.problem import Problem
from nano_banana.planner.people import person_node
from nano_banana.planner.selection import Selection
from nano_banana.planner.training import root_id, training_node
from nano_banana.planner.workbench import Workbench
from nano_banana.recipe.model import Stage, Subject


def roots_of(bench: Workbench, selection: Selection, groups: list[Group]) -> list[Node]:
    """What some take waits for; and all trainings, or the ones named, where that is what is asked.

    Raises Invalid with every template of theirs that fails.
    """
    needed = {name for group in groups for name in group.after}
    everything = not selection.only and selection.sample is None
    roots: list[Node] = []
    problems: dict[str, Problem] = {}
    for stage in bench.recipe.stages:
        for name, subject in bench.recipe.subjects.items():
            wanted = root_id(stage.id, name) in needed
            if name in stage.subjects:
                wanted = wanted or everything or _named(stage, name, selection)
            if wanted:
                try:
                    roots.append(_MAKERS[stage.verb](bench, stage, subject))
                except CallFailed as error:
                    problems |= {repr(problem): problem for problem in error.problems}
    if problems:
        raise Invalid(problems.values())
    return roots


_MAKERS: dict[str, Callable[[Workbench, Stage, Subject], Node]] = {"train": training_node, "gate": person_node}


def _named(stage: Stage, subject: str, selection: Selection) -> bool:
    names = (stage.id, root_id(stage.id, subject))
    return any(fnmatchcase(name, glob) for name in names for glob in selection.only)

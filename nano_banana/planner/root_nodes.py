"""The nodes that takes wait for: trainings, and people to compare with."""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase

from nano_banana.model.nodes import Group, Node
from nano_banana.model.problem import CallFailed, Invalid, Problem
from nano_banana.planner.takes import Selection
from nano_banana.recipe.recipe_model import Stage
from nano_banana.stages.stage_registry import kind_of
from nano_banana.stages.take_context import PlanContext, StagePath, root_id


def root_stages(path: StagePath, adapters: Collection[str]) -> list[str]:
    """The stages that the path's takes wait for, with a node for each person: trainings, and what measures people.

    `adapters` are the names of the recipe's own adapters, which need no training.
    """
    stages = [*path.stages, *(inner for stage in path.stages for inner in stage.inner)]
    trainings = [name for stage in stages for name, _ in stage.adapters if name not in adapters]
    measuring = [stage.id for stage in path.stages if kind_of(stage).measures_people]
    return list(dict.fromkeys([*trainings, *measuring]))


def root_nodes(plan: PlanContext, selection: Selection, groups: list[Group]) -> list[Node]:
    """The nodes that some take waits for; also the trainings that are selected, which are all without a selection.

    Raises Invalid with every template of theirs that fails.
    """
    needed = {name for group in groups for name in group.after}
    everything = not selection.only and selection.sample is None
    roots: list[Node] = []
    problems: dict[str, Problem] = {}
    for stage in plan.recipe.stages:
        for name, subject in plan.recipe.subjects.items():
            selected = name in stage.subjects and (everything or _is_selected(stage, name, selection))
            if selected or root_id(stage.id, name) in needed:
                try:
                    roots.append(kind_of(stage).root_node(plan, stage, subject))
                except CallFailed as error:
                    problems |= {repr(problem): problem for problem in error.problems}
    if problems:
        raise Invalid(problems.values())
    return roots


def _is_selected(stage: Stage, subject: str, selection: Selection) -> bool:
    names = (stage.id, root_id(stage.id, subject))
    return any(fnmatchcase(name, glob) for name in names for glob in selection.only)

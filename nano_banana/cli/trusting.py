"""Asks once for what a recipe sends beyond its folder, and remembers it."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from nano_banana.cli.screen import Screen
from nano_banana.core.errors import LimitReached, Unusable, trouble
from nano_banana.core.problem import Problem
from nano_banana.project.demands import demand_fingerprint, demands
from nano_banana.settings import user_folder
from nano_banana.trust import is_trusted, keep_trust

if TYPE_CHECKING:
    from nano_banana.project.project import Project


def untrusted(project: Project) -> list[Problem]:
    """What the user has not accepted yet, as warnings; it is all of a recipe's demands or nothing."""
    found = demands(project)
    if not found or is_trusted(demand_fingerprint(project, found), user_folder()):
        return []
    return [replace(problem, warning=True) for problem in found]


def accept(project: Project, found: list[Problem]) -> None:
    """Remember that the user accepts what the recipe demands, which was `found`."""
    if found:
        keep_trust(demand_fingerprint(project, found), str(project.recipe.path.absolute()), user_folder())


def not_trusted(project: Project) -> Problem:
    """That the user accepted nothing, with the command that accepts it."""
    if project.wish.text is not None:
        return trouble("not_trusted_here")
    recipe = shlex.quote(os.path.relpath(project.recipe.path))
    return trouble("not_trusted", command=f"nano-banana trust {recipe} --provider {project.provider}")


def ask_for_trust(screen: Screen, project: Project, *, trust: bool) -> None:
    """Show what the user has not accepted yet, and ask. Raises LimitReached (`not_trusted`) unless it is accepted."""
    found = untrusted(project)
    if not found:
        return
    screen.problems(found)
    if not trust:
        asked = "do you trust this recipe with that, now and in later runs?"
        if not screen.confirm(asked):
            raise LimitReached([not_trusted(project)])
    try:
        accept(project, found)
    except Unusable as error:
        # Without a home it is not remembered, and holds for this run.
        screen.problems([replace(problem, warning=True) for problem in error.problems])

"""Asks once before a recipe sends something unusual."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from nano_banana.cli.screen import Screen
from nano_banana.model.problem import LimitReached, Problem, Unusable, problem
from nano_banana.session.permissions import demands_fingerprint, trust_demands
from nano_banana.settings.configuration import user_config_folder
from nano_banana.settings.trust_file import is_trusted, save_trust

if TYPE_CHECKING:
    from nano_banana.session.session import Session


def untrusted_demands(project: Session) -> list[Problem]:
    """What the user has not accepted yet, as warnings; it is all of a recipe's demands or nothing."""
    found = trust_demands(project)
    if not found or is_trusted(demands_fingerprint(project, found), user_config_folder()):
        return []
    return [replace(problem, warning=True) for problem in found]


def accept_demands(project: Session, found: list[Problem]) -> None:
    """Remember that the user accepts what the recipe demands, which was `found`."""
    if found:
        save_trust(demands_fingerprint(project, found), str(project.recipe.path.absolute()), user_config_folder())


def not_trusted_problem(project: Session) -> Problem:
    """That the user accepted nothing, with the command that accepts it."""
    if project.request.text is not None:
        return problem("not_trusted_here")
    recipe = shlex.quote(os.path.relpath(project.recipe.path))
    return problem("not_trusted", command=f"nano-banana trust {recipe} --provider {project.provider}")


def ask_for_trust(screen: Screen, project: Session, *, trust: bool) -> None:
    """Show what the user has not accepted yet, and ask. Raises LimitReached (`not_trusted`) unless it is accepted."""
    found = untrusted_demands(project)
    if not found:
        return
    screen.problems(found)
    if not trust:
        asked = "do you trust this recipe with that, now and in later runs?"
        if not screen.confirm(asked):
            raise LimitReached([not_trusted_problem(project)])
    try:
        accept_demands(project, found)
    except Unusable as error:
        # Without a home it is not remembered, and holds for this run.
        screen.problems([replace(problem, warning=True) for problem in error.problems])

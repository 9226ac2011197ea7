"""What follows a run: a sheet, copies; none of it can lose what was made."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from nano_banana.core.errors import Stopped, Unusable
from nano_banana.core.problem import Problem

if TYPE_CHECKING:
    from nano_banana.core.news import Watcher
    from nano_banana.project.nouns import Outcome
    from nano_banana.project.project import Project


def aftermath(
    project: Project, outcome: Outcome, watch: Watcher, *, prune: bool = False
) -> tuple[Outcome, list[Problem]]:
    """The outcome with what was written besides the pictures, and what went wrong with that.

    A run that was halted hands out what there is: the next one goes on from here. `prune` is for `hand_out`.
    """
    from nano_banana.project.handing import hand_out

    problems: list[Problem] = []
    for step in (partial(_lay_out, project), partial(hand_out, project, watch=watch, prune=prune)):
        try:
            outcome = step(outcome)
        except Unusable as error:
            problems += error.problems
    return outcome, problems


def _lay_out(project: Project, outcome: Outcome) -> Outcome:
    """The contact sheet, where the recipe wants one and nobody waits for the program to end."""
    if project.recipe.outputs.sheet is None or isinstance(outcome.halted, Stopped):
        return outcome
    from nano_banana.cli.sheets import keep_sheet

    return keep_sheet(project, outcome)

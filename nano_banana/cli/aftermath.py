"""What follows a run: copies handed out; none of it can lose what was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nano_banana.core.errors import Unusable
from nano_banana.core.problem import Problem

if TYPE_CHECKING:
    from nano_banana.project.nouns import Outcome
    from nano_banana.project.project import Project


def aftermath(project: Project, outcome: Outcome) -> tuple[Outcome, list[Problem]]:
    """The outcome with what was written besides the pictures, and what went wrong with that.

    A run that was halted hands out what there is: the next one goes on from here.
    """
    problems: list[Problem] = []
    for step in (project.hand_out,):
        try:
            outcome = step(outcome)
        except Unusable as error:
            problems += error.problems
    return outcome, problems

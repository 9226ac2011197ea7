"""A recipe's photo rules as `check` and `run` hold to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nano_banana.cli.screen import Screen
from nano_banana.core.problem import Problem

if TYPE_CHECKING:
    from nano_banana.project.forecast import Forecast
    from nano_banana.project.project import Project


def look_at_photos(screen: Screen, project: Project, forecast: Forecast | None = None) -> Sequence[Problem]:
    """Print and return what the rules warn of; a recipe without `photo_rules` is not kept waiting.

    With a forecast only photos count whose training is still to be made. Raises Invalid with what the rules reject.
    """
    if project.recipe.photo_rules is None:
        return ()
    from nano_banana.cli.progress import progress
    from nano_banana.project.photos.enforcing import hold_photos

    with progress(screen) as watch:
        warnings = hold_photos(project, watch, forecast)
    if warnings:
        screen.problems(warnings)
    return warnings

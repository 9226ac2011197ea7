"""Mark stages: what weakens an invisible mark belongs before it."""

from __future__ import annotations

from nano_banana.recipe.model import Stage
from nano_banana.recipe.resolve.reading import Reading
from nano_banana.recipe.resolve.sources import before

CHANGES = frozenset(("upscale", "restore", "inpaint", "call"))
"""The verbs that make other pixels."""


def check_marks(reading: Reading, stages: list[Stage]) -> None:
    """Warn of stages that change pictures in which an invisible mark is already."""
    for stage in stages:
        marked = [other for other in before(stages, stage) if other.verb == "mark"]
        if stage.verb in CHANGES and marked:
            reading.warn("mark_not_last", stage.where, stage=stage.id, mark=marked[0].id)

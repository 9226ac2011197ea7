"""What a service refused, with the place in the recipe that asked for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from nano_banana.core.problem import Place, Problem
from nano_banana.recipe.model import Where
from nano_banana.recipe.recipe import Recipe
from nano_banana.reports.record import Record


def placed(records: Sequence[Record], recipe: Recipe, nearest: Callable[[Where], Place]) -> list[Record]:
    """The records; those of their problems that name a stage and a `field` of its endpoint, with their place."""
    return [
        replace(record, problems=[_placed(problem, recipe, nearest) for problem in record.problems])
        if record.problems
        else record
        for record in records
    ]


def _placed(problem: Problem, recipe: Recipe, nearest: Callable[[Where], Place]) -> Problem:
    stage = next((stage for stage in recipe.asking if stage.id == problem.data.get("stage")), None)
    field = str(problem.data.get("field") or "").partition(".")[0]
    if stage is None or not field:
        return problem
    where = (*stage.where, "with", field) if field in stage.options else (*stage.where, "using")
    return replace(problem, place=nearest(where))

"""What is odd about choices: picks that name no take, a choice of a few."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from nano_banana.core.node import Plan
from nano_banana.core.problem import Problem, did_you_mean
from nano_banana.recipe.recipe import Recipe
from nano_banana.reports.record import Record


def remarks_on(plan: Plan, recipe: Recipe, records: Sequence[Record], *, whole: bool) -> list[Problem]:
    """Warnings about choices; of a plan that is not the `whole` recipe, that only what is selected is chosen from."""
    if whole:
        return stray_picks(recipe, [record.id for record in records if record.card.kind == "take"])
    few = any(group.waits for group in plan.groups)
    return [Problem(kind="choice_of_few", data={"takes": plan.takes}, warning=True)] if few else []


def stray_picks(recipe: Recipe, ids: Sequence[str]) -> list[Problem]:
    """A warning for each pick that none of all the recipe's takes answers to: it was renamed, or is misspelled."""
    picks = [
        (stage.id, name) for stage in recipe.stages if stage.keep for name in (*stage.keep.kept, *stage.keep.dropped)
    ]
    if not picks:
        return []
    names = {*ids, *(name.partition("@")[0] for name in ids)}
    return [
        Problem(
            kind="stray_pick", data={"stage": stage, "name": pick}, suggestions=did_you_mean(pick, names), warning=True
        )
        for stage, pick in sorted(picks)
        if pick not in names and not any(fnmatchcase(name, pick) for name in names)
    ]

"""A recipe held to other thresholds than its own, to see what would pass."""

from __future__ import annotations

from dataclasses import replace

from nano_banana.core.errors import Invalid, trouble
from nano_banana.recipe.model import Stage
from nano_banana.recipe.recipe import Recipe
from nano_banana.stages.standard import Standard


def held_to(recipe: Recipe, accept: float | None, unsure: float | None) -> Recipe:
    """The recipe as though every gate said so (None: as it is written); `accept` is then the threshold for everybody.

    Raises Invalid `unsure_above` where that can't be.
    """
    if accept is None and unsure is None:
        return recipe
    return replace(recipe, stages=[_held(stage, accept, unsure) for stage in recipe.stages])


def _held(stage: Stage, accept: float | None, unsure: float | None) -> Stage:
    if stage.gate is None:
        return stage
    return replace(stage, gate=replace(stage.gate, standard=_other(stage.gate.standard, accept, unsure)))


def _other(standard: Standard, accept: float | None, unsure: float | None) -> Standard:
    """What is not said follows where it must: the bounds of a threshold lie in order."""
    at_least = standard.at_least if accept is None else accept
    unsure_from = min(standard.unsure_from, at_least) if unsure is None else unsure
    if unsure_from > at_least:
        raise Invalid([trouble("unsure_above", unsure=unsure_from, accept=at_least)])
    quantile = standard.quantile if accept is None else None
    return replace(standard, at_least=at_least, quantile=quantile, unsure_from=unsure_from)

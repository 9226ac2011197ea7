"""Choices: how many a choose stage keeps, and a person's word on top."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from nano_banana.core.json import JSONObject, as_items, as_object, as_text, as_whole
from nano_banana.recipe.model import Shot, Stage
from nano_banana.recipe.picks import Picks, read_picks
from nano_banana.recipe.resolve.reading import Reading
from nano_banana.recipe.resolve.sources import before
from nano_banana.stages.choose import Keep


def read_keep(entry: JSONObject) -> Keep:
    """What the choose stage keeps, without a person's word."""
    data = as_object(entry["keep"])
    return Keep(
        best=as_whole(data["best"]), per=tuple(as_text(name) for name in as_items(data.get("per", ("shot", "subject"))))
    )


def with_picks(reading: Reading, stages: list[Stage]) -> list[Stage]:
    """The stages; those that choose with what `picks.yaml` keeps and drops."""
    choosing = [stage.id for stage in stages if stage.keep is not None]
    picks = read_picks(reading.files, reading.document.texts.shown, choosing)
    for problem in picks.problems:
        reading.add(problem)
    return [_picked(stage, picks) for stage in stages]


def _picked(stage: Stage, picks: Picks) -> Stage:
    if stage.keep is None:
        return stage
    kept, dropped = (of.get(stage.id, frozenset()) for of in (picks.kept, picks.dropped))
    return replace(stage, keep=replace(stage.keep, kept=kept, dropped=dropped))


def check_choices(reading: Reading, stages: list[Stage], drawn: Mapping[str, list[Shot]]) -> None:
    """Note axes that the chosen takes lack; warn where no gate has judged them, so that none is better."""
    for stage in stages:
        # What takes come here is not known where a collection is misspelled, which is a problem of its own.
        if stage.keep is None or len(stage.sources) < len(as_items(stage.data["choose"])):
            continue
        axes = dict.fromkeys(["shot", "subject", *(axis for shot in drawn[stage.id] for axis in shot.matrix)])
        written = as_object(stage.data["keep"]).get("per")
        where = (*stage.where, "keep", "per")
        for at, name in enumerate(stage.keep.per):
            reading.known("axis", name, axes, where if isinstance(written, str) else (*where, at))
        if not any(other.verb == "gate" for other in before(stages, stage)):
            reading.warn("choice_unjudged", (*stage.where, "choose"), stage=stage.id)

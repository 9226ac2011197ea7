"""Which shots' takes go through each stage, and by how many ways."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import TopologicalSorter

from nano_banana.core.json import as_items
from nano_banana.recipe.model import Shot
from nano_banana.recipe.model import Source
from nano_banana.recipe.model import Stage
from nano_banana.recipe.resolve.reading import Reading

MOST_WAYS = 64
"""Ways of one shot through stages that fork and meet again: each is drawn for every take."""


def drawn_by(stages: list[Stage], shots: Mapping[str, Shot]) -> Mapping[str, list[Shot]]:
    """The shots of each stage by its id. The stages wait for one another in no circle."""
    by_id = {stage.id: stage for stage in stages}
    order = TopologicalSorter({stage.id: [source.stage for source in stage.sources] for stage in stages})
    drawn: dict[str, list[Shot]] = {}
    for name in order.static_order():
        stage = by_id[name]
        direct = {shot: shots[shot] for shot in stage.shots}
        passed = {shot.name: shot for source in stage.sources for shot in _of(source, drawn)}
        drawn[name] = list((direct | passed).values())
    return drawn


def _of(source: Source, drawn: Mapping[str, list[Shot]]) -> list[Shot]:
    return [shot for shot in drawn[source.stage] if source.shot in ("", shot.name)]


def check_sources(reading: Reading, stages: list[Stage], drawn: Mapping[str, list[Shot]]) -> None:
    """Note `stage.shot` where the stage has no takes of that shot, and stages that too many ways lead to."""
    ways: dict[str, int] = {}
    for name in drawn:
        stage = next(stage for stage in stages if stage.id == name)
        ways[name] = sum(ways[source.stage] for source in stage.sources) or 1
        field = "each" if stage.verb == "call" else stage.verb
        if ways[name] > MOST_WAYS >= max((ways[source.stage] for source in stage.sources), default=0):
            reading.wrong("too_many_ways", (*stage.where, field), stage=name, most=MOST_WAYS)
        written = stage.data[field]
        for at, item in enumerate(as_items(written)):
            before, _, shot = str(item).partition(".")
            if shot and not _has(reading, Source(stage=before, shot=shot), drawn):
                where = (*stage.where, field) if isinstance(written, str) else (*stage.where, field, at)
                known = ", ".join(f"{before}.{other.name}" for other in drawn[before])
                reading.wrong("shot_not_in_stage", where, stage=before, shot=shot, known=known or "none")


def _has(reading: Reading, source: Source, drawn: Mapping[str, list[Shot]]) -> bool:
    """Whether it leads somewhere; a stage or a shot that is not there at all has a problem of its own."""
    known = source.stage in drawn and source.shot in reading.section("shots")
    return not known or not drawn[source.stage] or bool(_of(source, drawn))

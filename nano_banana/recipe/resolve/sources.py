"""Which shots' takes go through each stage, and by how many ways."""

from __future__ import annotations

from collections.abc import Container, Mapping
from graphlib import TopologicalSorter

from nano_banana.core.json import JSONValue, as_items, as_text
from nano_banana.recipe.model import Shot, Source, Stage, Where
from nano_banana.recipe.resolve.reading import Reading

MOST_WAYS = 64
"""Ways of one shot through stages that fork and meet again: each is drawn for every take."""


RULINGS = ("accepted", "unsure", "rejected")
"""What a source may want of a gate's pictures."""


def read_sources(reading: Reading, value: JSONValue, verbs: Mapping[str, str], where: Where) -> tuple[Source, ...]:
    """The collections of a text or a list, without the unknown ones, which are noted."""
    drawn = [name for name, verb in verbs.items() if verb != "train"]
    shots = reading.section("shots")
    sources = []
    for at, item in enumerate(as_items(value)):
        place = where if isinstance(value, str) else (*where, at)
        source = _source(as_text(item), shots, verbs)
        if not reading.known("stage with pictures", source.stage, drawn, place):
            continue
        judged = verbs[source.stage] == "gate"
        if source.ruling and not judged:
            reading.wrong("judges_nothing", place, stage=source.stage, ruling=source.ruling)
        elif not source.shot or _is_there(reading, source.shot, place, judged=judged):
            sources.append(source)
    return tuple(sources)


def _is_there(reading: Reading, said: str, where: Where, *, judged: bool) -> bool:
    """Whether the shot is there; of a gate's pictures, a misspelled ruling may have been meant."""
    shots = reading.section("shots")
    shot, _, last = said.rpartition(".")
    if judged and shot in shots:
        return reading.known("ruling", last, RULINGS, where)
    return reading.known("shot", said, [*shots, *(RULINGS if judged else ())], where)


def _source(text: str, shots: Container[str], verbs: Mapping[str, str]) -> Source:
    """`stage`, `stage.shot`, `gate.accepted` or `gate.shot.accepted`; of a gate, a ruling goes before a shot."""
    stage, _, rest = text.partition(".")
    shot, _, last = rest.rpartition(".")
    if last in RULINGS and (shot or verbs.get(stage) == "gate" or last not in shots):
        return Source(stage=stage, shot=shot, ruling=last)
    return Source(stage=stage, shot=rest)


def before(stages: list[Stage], stage: Stage) -> list[Stage]:
    """The stages that the pictures of a stage have come through. The stages wait for one another in no circle."""
    by_id = {other.id: other for other in stages}
    found: dict[str, Stage] = {}
    waiting = [source.stage for source in stage.sources]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = by_id[name]
            waiting += [source.stage for source in by_id[name].sources]
    return list(found.values())


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
            source = _source(str(item), reading.section("shots"), {other.id: other.verb for other in stages})
            if source.shot and not _has(reading, source, drawn):
                where = (*stage.where, field) if isinstance(written, str) else (*stage.where, field, at)
                known = ", ".join(f"{source.stage}.{other.name}" for other in drawn[source.stage])
                reading.wrong("shot_not_in_stage", where, stage=source.stage, shot=source.shot, known=known or "none")


def _has(reading: Reading, source: Source, drawn: Mapping[str, list[Shot]]) -> bool:
    """Whether it leads somewhere; a stage or a shot that is not there at all has a problem of its own."""
    known = source.stage in drawn and source.shot in reading.section("shots")
    return not known or not drawn[source.stage] or bool(_of(source, drawn))

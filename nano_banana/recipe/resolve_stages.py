"""Resolves what stages refer to, and in which order they follow."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from msgspec import Struct

from nano_banana.formats.yaml_values import KeyPath
from nano_banana.model.problem import did_you_mean
from nano_banana.recipe.recipe_model import CollectionRef, ExistingAdapter, Shot, Stage, Subject, TemplateText
from nano_banana.recipe.recipe_sections import EVERYTHING
from nano_banana.recipe.resolve_context import ResolveContext, known_names_in, placed_names

RULINGS = ("accepted", "unsure", "rejected")
"""What a collection may select of a judging stage's pictures."""


class StageNames(Struct, frozen=True, kw_only=True):
    """The names that stages may refer to.

    `training`, `picturing` and `judging` are the ids of the stages that make adapters, make pictures, and judge them.
    """

    subjects: Mapping[str, Subject]
    adapters: Mapping[str, ExistingAdapter]
    shots: Mapping[str, Shot]
    templates: Mapping[str, TemplateText]
    training: Collection[str]
    picturing: Collection[str]
    judging: Collection[str]


def read_stage_subjects(
    reading: ResolveContext, names: StageNames, value: str | Sequence[str], where: KeyPath
) -> tuple[str, ...]:
    """The subjects that a stage works on; unknown ones, and those without a training set, are noted."""
    known = names.subjects
    subjects = tuple(known) if value == EVERYTHING else known_names_in(reading, "subject", value, known, where)
    for name in subjects:
        if reading.recipe.subjects[name].training_set is None:
            reading.wrong("no_training_set", where, subject=name)
    return subjects


def read_stage_shots(
    reading: ResolveContext, names: StageNames, value: str | Sequence[str], where: KeyPath, *, opened: bool
) -> tuple[str, ...]:
    """The shots that a stage draws or opens; unknown ones, and those of the other sort, are noted."""
    written = reading.recipe.shots
    fit = {name for name, shot in written.items() if (shot.pictures is not None) == opened}
    if value == EVERYTHING:
        return tuple(name for name in names.shots if name in fit)
    named = known_names_in(reading, "shot", value, written, where)
    for name in named:
        if name not in fit:
            reading.wrong("shot_drawn" if opened else "shot_opened", where, shot=name)
    return tuple(name for name in named if name in names.shots and name in fit)


def read_sources(
    reading: ResolveContext, names: StageNames, value: str | Sequence[str] | None, where: KeyPath
) -> tuple[CollectionRef, ...]:
    """The collections that a text or a list names; unknown ones are noted."""
    sources = []
    for name, place in placed_names(value, where):
        source = _parse_collection(name, reading.recipe.shots, names.judging)
        if not reading.known("stage with pictures", source.stage, names.picturing, place):
            continue
        judged = source.stage in names.judging
        if source.ruling and not judged:
            reading.wrong("judges_nothing", place, stage=source.stage, ruling=source.ruling)
        elif not source.shot or _shot_exists(reading, source.shot, place, judged=judged):
            sources.append(source)
    return tuple(sources)


def _shot_exists(reading: ResolveContext, written: str, where: KeyPath, *, judged: bool) -> bool:
    """Whether the shot is there; after a judging stage, a misspelled ruling may have been meant."""
    shots = reading.recipe.shots
    shot, _, last = written.rpartition(".")
    if judged and shot in shots:
        return reading.known("ruling", last, RULINGS, where)
    return reading.known("shot", written, [*shots, *(RULINGS if judged else ())], where)


def _parse_collection(text: str, shots: Container[str], judging: Container[str]) -> CollectionRef:
    """`stage`, `stage.shot`, `gate.accepted` or `gate.shot.accepted`; of a gate, a ruling goes before a shot."""
    stage, _, rest = text.partition(".")
    shot, _, last = rest.rpartition(".")
    if last in RULINGS and (shot or stage in judging or last not in shots):
        return CollectionRef(stage=stage, shot=shot, ruling=last)
    return CollectionRef(stage=stage, shot=rest)


def read_stage_adapters(
    reading: ResolveContext, names: StageNames, scales: Mapping[str, float], where: KeyPath
) -> tuple[tuple[str, float], ...]:
    """The adapters that a stage draws with, and their scales; unknown ones are noted."""
    known = [*names.training, *reading.recipe.adapters]
    found = []
    for name, scale in scales.items():
        if name not in known:
            near = did_you_mean(name, known)
            listed = ", ".join(known) or "none"
            reading.wrong_key("unknown_adapter", (*where, "adapters", name), hints=near, name=name, known=listed)
        elif name in names.training or name in names.adapters:
            found.append((name, scale))
    return tuple(found)


def find_cycle(stages: Sequence[Stage]) -> list[str]:
    """The ids of stages that wait for one another in a circle, the first one again at the end; or nothing."""
    try:
        TopologicalSorter(_dependencies(stages)).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle[::-1]
    return []


def _dependencies(stages: Sequence[Stage]) -> dict[str, list[str]]:
    return {stage.id: [source.stage for source in stage.sources] for stage in stages}


def stages_before(stages: Sequence[Stage], stage: Stage) -> list[Stage]:
    """The stages that the pictures of a stage have come through. The stages form no circle."""
    by_id = {other.id: other for other in stages}
    found: dict[str, Stage] = {}
    waiting = [source.stage for source in stage.sources]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = by_id[name]
            waiting += [source.stage for source in by_id[name].sources]
    return list(found.values())


def shots_by_stage(stages: Sequence[Stage], shots: Mapping[str, Shot]) -> Mapping[str, list[Shot]]:
    """The shots whose takes go through each stage, by its id. The stages form no circle."""
    by_id = {stage.id: stage for stage in stages}
    drawn: dict[str, list[Shot]] = {}
    for name in TopologicalSorter(_dependencies(stages)).static_order():
        direct = {shot: shots[shot] for shot in by_id[name].shots}
        passed = {shot.name: shot for source in by_id[name].sources for shot in shots_in(source, drawn)}
        drawn[name] = list((direct | passed).values())
    return drawn


def shots_in(source: CollectionRef, drawn: Mapping[str, list[Shot]]) -> list[Shot]:
    """The shots of a collection."""
    return [shot for shot in drawn.get(source.stage, ()) if source.shot in ("", shot.name)]


def check_sources(
    reading: ResolveContext, stage: Stage, key: str, names: StageNames, drawn: Mapping[str, list[Shot]]
) -> None:
    """Note `stage.shot`, written under `key`, if that stage has no takes of that shot."""
    shots = reading.recipe.shots
    for name, where in placed_names(getattr(stage.entry, key), (*stage.where, key)):
        source = _parse_collection(name, shots, names.judging)
        known = drawn.get(source.stage)
        # An unknown stage or shot has a problem of its own.
        if source.shot in shots and known and not shots_in(source, drawn):
            listed = ", ".join(f"{source.stage}.{other.name}" for other in known)
            reading.wrong("shot_not_in_stage", where, stage=source.stage, shot=source.shot, known=listed)

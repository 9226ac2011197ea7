"""Tracks: the ways that a shot's takes go through the stages."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from nano_banana.recipe.model import Shot, Stage
from nano_banana.recipe.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A shot and the stages that each of its takes goes through, from the one that draws to the last."""

    shot: Shot
    stages: tuple[Stage, ...]

    @property
    def name(self) -> tuple[str, ...]:
        """Tells tracks apart: the shot and the stages' ids."""
        return (self.shot.name, *(stage.id for stage in self.stages))

    @property
    def way(self) -> str:
        """Its stages in one word: `draft+faces`."""
        return "+".join(stage.id for stage in self.stages)

    @property
    def choices(self) -> tuple[Stage, ...]:
        """The stages at which its takes wait to be chosen."""
        return tuple(stage for stage in self.stages if stage.verb == "choose")

    def before(self, stage: str) -> str:
        """The way to a stage, as `way`."""
        return "+".join(name for name in self.name[1 : self.name.index(stage, 1)])

    def roots(self, brought: Collection[str]) -> tuple[str, ...]:
        """The stages whose node of each of the cast its takes wait for: trainings, and gates that measure a person.

        `brought` are the adapters that the recipe has files of.
        """
        stages = [*self.stages, *(stage.gate.repair for stage in self.stages if stage.gate and stage.gate.repair)]
        trainers = [name for stage in stages for name, _ in stage.adapters if name not in brought]
        return tuple(dict.fromkeys([*trainers, *(stage.id for stage in self.stages if stage.gate)]))


def tracks_of(recipe: Recipe) -> list[Track]:
    """Every track of the recipe. A shot that two stages go on with has a track for each."""
    found = []
    for stage in recipe.stages:
        for shot in stage.shots:
            found += [Track(shot=recipe.shots[shot], stages=way) for way in _ways(recipe, shot, (stage,))]
    return found


def _ways(recipe: Recipe, shot: str, way: tuple[Stage, ...]) -> Iterator[tuple[Stage, ...]]:
    onward = [stage for stage in recipe.stages if _takes_up(stage, way[-1].id, shot)]
    if not onward:
        yield way
    for stage in onward:
        yield from _ways(recipe, shot, (*way, stage))


def _takes_up(stage: Stage, before: str, shot: str) -> bool:
    return any(source.stage == before and source.shot in ("", shot) for source in stage.sources)


def forked(tracks: Sequence[Track]) -> frozenset[str]:
    """Shots with more than one track, whose takes need the last stage in their names."""
    shots = [track.shot.name for track in tracks]
    return frozenset(name for name in shots if shots.count(name) > 1)


def meeting(tracks: Sequence[Track]) -> frozenset[str]:
    """Shots that come to some stage by more than one way, whose takes need the whole way in their names."""
    came: dict[tuple[str, str], tuple[str, ...]] = {}
    found = set()
    for track in tracks:
        for at, stage in enumerate(track.name[1:], start=1):
            way = track.name[:at]
            if came.setdefault((track.shot.name, stage), way) != way:
                found.add(track.shot.name)
    return frozenset(found)

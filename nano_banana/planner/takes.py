"""Takes, the stage paths that they follow, and which are selected.

A take is a shot's cell with one seed. Its name has no positions in it and its seed is derived from names, so a new
scene leaves every other take as it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from nano_banana.model.problem import Invalid, did_you_mean, problem
from nano_banana.recipe.axis_values import AxisValue
from nano_banana.recipe.recipe_model import Recipe, Shot, Stage
from nano_banana.recipe.resolve_shots import axis_combinations

SEED_TAG = "nano-banana/seed/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One picture to make. `subject` is the one of a shot that takes its cast in turn (empty: nobody, or several).

    `at` is the seed's position among the shot's seeds.
    """

    shot: Shot
    subject: str
    cell: Mapping[str, AxisValue]
    seed: int
    at: int

    @property
    def cast(self) -> tuple[str, ...]:
        """Who is in the picture, from left to right."""
        return self.shot.cast if self.shot.together else (self.subject,) if self.subject else ()

    @property
    def stem(self) -> str:
        """The id without the seed: `headshots/ana/office/corporate`."""
        keys = [value.key for value in self.cell.values()]
        return "/".join([self.shot.name, *([self.subject] if self.subject else []), *keys])

    @property
    def id(self) -> str:
        """The take's name for people and globs: `headshots/ana/office/corporate/s11`."""
        return f"{self.stem}/s{self.seed}"

    @property
    def slot(self) -> str:
        """The take's place in the plan, the same after its seed was changed."""
        return f"{self.stem}/#{self.at}"


def takes_of(recipe: str, shot: Shot, subject: str) -> Iterator[Take]:
    """Every take of a shot with one subject (empty: nobody), in the recipe's order: axes, then seeds."""
    for cell in axis_combinations(shot, subject):
        for at, seed in enumerate(shot.seeds.explicit or _derived_seeds(recipe, shot, subject, cell)):
            yield Take(shot=shot, subject=subject, cell=cell, seed=seed, at=at)


def _derived_seeds(recipe: str, shot: Shot, subject: str, cell: Mapping[str, AxisValue]) -> Iterator[int]:
    """Of two that are equal the later one moves on: a seed is part of its take's name. More seeds leave these."""
    used: set[int] = set()
    for at in range(shot.seeds.count):
        seed = derived_seed(recipe, shot, subject, cell, at)
        while seed in used:
            seed = (seed + 1) % (1 << 31)
        used.add(seed)
        yield seed


def derived_seed(recipe: str, shot: Shot, subject: str, cell: Mapping[str, AxisValue], at: int) -> int:
    """A seed from names (0 to 2³¹ − 1), so that a new scene leaves every other take as it was."""
    axes = sorted(f"{axis}={value.key}" for axis, value in cell.items())
    words = "\n".join([SEED_TAG, recipe, shot.name, subject, *axes, shot.seeds.salt, str(at)])
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:4], "big") >> 1


def retry_seed(recipe: str, take: Take, gate: int, number: int) -> int:
    """The seed of another try at a take, from names: of its `number`-th (1 or more) after the `gate`-th gate's no.

    So more tries leave these as they are, and the tries of two gates are not the same pictures.
    """
    names = ["again", str(gate), str(number), str(take.seed)]
    return derived_seed(recipe, take.shot, "\n".join([*take.cast, *names]), take.cell, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePath:
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


def stage_paths(recipe: Recipe) -> list[StagePath]:
    """Every track of the recipe. A shot that two stages go on with has a track for each."""
    found = []
    for stage in recipe.stages:
        for shot in stage.shots:
            found += [StagePath(shot=recipe.shots[shot], stages=way) for way in _continuations(recipe, shot, (stage,))]
    return found


def _continuations(recipe: Recipe, shot: str, way: tuple[Stage, ...]) -> Iterator[tuple[Stage, ...]]:
    onward = [stage for stage in recipe.stages if _continues(stage, way[-1].id, shot)]
    if not onward:
        yield way
    for stage in onward:
        yield from _continuations(recipe, shot, (*way, stage))


def _continues(stage: Stage, before: str, shot: str) -> bool:
    return any(source.stage == before and source.shot in ("", shot) for source in stage.sources)


def forked_shots(tracks: Sequence[StagePath]) -> frozenset[str]:
    """Shots with more than one track, whose takes need the last stage in their names."""
    shots = [track.shot.name for track in tracks]
    return frozenset(name for name in shots if shots.count(name) > 1)


def rejoining_shots(tracks: Sequence[StagePath]) -> frozenset[str]:
    """Shots that come to some stage by more than one way, whose takes need the whole way in their names."""
    came: dict[tuple[str, str], tuple[str, ...]] = {}
    found = set()
    for track in tracks:
        for at, stage in enumerate(track.name[1:], start=1):
            way = track.name[:at]
            if came.setdefault((track.shot.name, stage), way) != way:
                found.add(track.shot.name)
    return frozenset(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """`only` keeps what one of its globs names; `sample` then keeps so many takes, spread evenly."""

    only: tuple[str, ...] = ()
    sample: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedPath:
    """A track, maybe cut short, and the globs that its takes must match (empty: all of them)."""

    track: StagePath
    takes: tuple[str, ...] = ()

    def has(self, take: str) -> bool:
        """Whether a take, by its id, is wanted."""
        return not self.takes or any(fnmatchcase(take, glob) for glob in self.takes)


def select_paths(recipe: Recipe, tracks: Sequence[StagePath], only: Sequence[str]) -> list[SelectedPath]:
    """The tracks that the globs leave. A glob with a slash names takes; one without, shots or stages.

    A stage's name keeps the tracks that go through it, and cuts them there.
    Raises Invalid where a glob without a slash names nothing.
    """
    if not only:
        return [SelectedPath(track=track) for track in tracks]
    _check_globs(recipe, only)
    found: dict[tuple[str, ...], SelectedPath] = {}
    for track in tracks:
        for wanted in _selected_paths(track, only):
            known = found.get(wanted.track.name)
            if known is None or known.takes:
                found[wanted.track.name] = wanted
    return list(found.values())


def _selected_paths(track: StagePath, only: Sequence[str]) -> Iterable[SelectedPath]:
    takes = tuple(glob for glob in only if "/" in glob)
    if takes:
        yield SelectedPath(track=track, takes=takes)
    names = [glob for glob in only if "/" not in glob]
    if any(fnmatchcase(track.shot.name, glob) for glob in names):
        yield SelectedPath(track=track)
        return
    hits = [at for at, stage in enumerate(track.stages) if any(fnmatchcase(stage.id, glob) for glob in names)]
    if hits:
        yield SelectedPath(track=StagePath(shot=track.shot, stages=track.stages[: hits[-1] + 1]))


def _check_globs(recipe: Recipe, only: Sequence[str]) -> None:
    known = [*recipe.shots, *(stage.id for stage in recipe.stages)]
    problems = [
        problem("only_nothing", suggestions=did_you_mean(glob, known), glob=glob, known=", ".join(known))
        for glob in only
        if "/" not in glob and not any(fnmatchcase(name, glob) for name in known)
    ]
    if problems:
        raise Invalid(problems)


def evenly_spaced(total: int, count: int) -> frozenset[int]:
    """`count` of the positions 0 … total − 1, evenly apart."""
    if count >= total:
        return frozenset(range(total))
    return frozenset(int((at + 0.5) * total / count) for at in range(count))

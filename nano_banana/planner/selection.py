"""What of a plan is wanted: by globs, or a sample."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.problem import did_you_mean
from nano_banana.planner.track import Track
from nano_banana.recipe.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """`only` keeps what one of its globs names; `sample` then keeps so many takes, spread evenly."""

    only: tuple[str, ...] = ()
    sample: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A track, maybe cut short, and the globs that its takes must match (empty: all of them)."""

    track: Track
    takes: tuple[str, ...] = ()

    def has(self, take: str) -> bool:
        """Whether a take, by its id, is wanted."""
        return not self.takes or any(fnmatchcase(take, glob) for glob in self.takes)


def select(recipe: Recipe, tracks: Sequence[Track], only: Sequence[str]) -> list[Wanted]:
    """The tracks that the globs leave. A glob with a slash names takes; one without, shots or stages.

    A stage's name keeps the tracks that go through it, and cuts them there.
    Raises Invalid where a glob without a slash names nothing.
    """
    if not only:
        return [Wanted(track=track) for track in tracks]
    _check(recipe, only)
    found: dict[tuple[str, ...], Wanted] = {}
    for track in tracks:
        for wanted in _wanted(track, only):
            known = found.get(wanted.track.name)
            if known is None or known.takes:
                found[wanted.track.name] = wanted
    return list(found.values())


def _wanted(track: Track, only: Sequence[str]) -> Iterable[Wanted]:
    takes = tuple(glob for glob in only if "/" in glob)
    if takes:
        yield Wanted(track=track, takes=takes)
    names = [glob for glob in only if "/" not in glob]
    if any(fnmatchcase(track.shot.name, glob) for glob in names):
        yield Wanted(track=track)
        return
    hits = [at for at, stage in enumerate(track.stages) if any(fnmatchcase(stage.id, glob) for glob in names)]
    if hits:
        yield Wanted(track=Track(shot=track.shot, stages=track.stages[: hits[-1] + 1]))


def _check(recipe: Recipe, only: Sequence[str]) -> None:
    known = [*recipe.shots, *(stage.id for stage in recipe.stages)]
    problems = [
        trouble("only_nothing", hint=did_you_mean(glob, known), glob=glob, known=", ".join(known))
        for glob in only
        if "/" not in glob and not any(fnmatchcase(name, glob) for name in known)
    ]
    if problems:
        raise Invalid(problems)


def spread(total: int, count: int) -> frozenset[int]:
    """`count` of the positions 0 … total − 1, evenly apart."""
    if count >= total:
        return frozenset(range(total))
    return frozenset(int((at + 0.5) * total / count) for at in range(count))

"""The takes of a recipe, the stage paths they follow, and the selection.

A take is a shot's cell with one seed. Its name has no positions in it and its seed is derived from names, so a new
scene changes no other take.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache

from msgspec import Struct

from nano_banana.model.nodes import NodeInfo
from nano_banana.model.problem import Invalid, did_you_mean, problem
from nano_banana.recipe.axis_values import AxisValue
from nano_banana.recipe.recipe_model import Recipe, Shot, Stage
from nano_banana.recipe.resolve_shots import axis_combinations
from nano_banana.stages.stage_registry import kind_of
from nano_banana.stages.take_context import StagePath, Take, derived_seed


def takes_of(recipe: str, shot: Shot, subject: str) -> Iterator[Take]:
    """Every take of a shot with one subject (empty: nobody), in the recipe's order: by axes, then seeds."""
    for cell in axis_combinations(shot, subject):
        for at, seed in enumerate(shot.seeds.explicit or _derived_seeds(recipe, shot, subject, cell)):
            yield Take(shot=shot, subject=subject, cell=cell, seed=seed, seed_index=at)


def _derived_seeds(recipe: str, shot: Shot, subject: str, cell: Mapping[str, AxisValue]) -> Iterator[int]:
    """Seeds are part of takes' names, so one that is used already moves on. More seeds don't change these."""
    used: set[int] = set()
    for at in range(shot.seeds.count):
        seed = derived_seed(recipe, shot, subject, cell, at)
        while seed in used:
            seed = (seed + 1) % (1 << 31)
        used.add(seed)
        yield seed


def stage_paths(recipe: Recipe) -> list[StagePath]:
    """Every path of the recipe. A shot that two stages go on with has a path for each."""
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


def forked_shots(paths: Sequence[StagePath]) -> frozenset[str]:
    """Shots with more than one path, whose takes need the last stage in their names."""
    counts = Counter(path.shot.name for path in paths)
    return frozenset(name for name, count in counts.items() if count > 1)


def rejoining_shots(paths: Sequence[StagePath]) -> frozenset[str]:
    """Shots that come to some stage by more than one path, whose takes need the whole path in their names."""
    came: dict[tuple[str, str], tuple[str, ...]] = {}
    found = set()
    for path in paths:
        for at, stage in enumerate(path.key[1:], start=1):
            before = path.key[:at]
            if came.setdefault((path.shot.name, stage), before) != before:
                found.add(path.shot.name)
    return frozenset(found)


def decides(stage: Stage) -> bool:
    """Whether a stage lets some takes go on and others not."""
    kind = kind_of(stage)
    return kind.judges or kind.chooses


def pick_stages(recipe: Recipe) -> Callable[[str, NodeInfo], str]:
    """A function that names the stage under which a person's decision about a take is written, by its id and info.

    That is the last stage of its path that judges or chooses: what is kept there passes the stages before it, too. If
    there is none, it is the path's last stage.
    """
    paths: dict[str, list[StagePath]] = {}
    for path in stage_paths(recipe):
        paths.setdefault(path.shot.name, []).append(path)

    @cache
    def found(shot: str, stage: str, suffix: str) -> str:
        needed = {stage, *(name for name in suffix.split("+") if name)}
        ways = (path.stages for path in paths.get(shot, ()) if needed <= {each.id for each in path.stages})
        stages = next(ways, ())
        return next((each.id for each in reversed(stages) if decides(each)), stages[-1].id if stages else stage)

    return lambda take, info: found(info.shot, info.stage, take.partition("@")[2])


def path_suffix(path: StagePath, forks: frozenset[str], rejoins: frozenset[str]) -> str:
    """What tells the takes of a shot's paths apart: the last stage, or the whole path if paths meet again."""
    if path.shot.name in rejoins:
        return f"@{path.name}"
    return f"@{path.stages[-1].id}" if path.shot.name in forks else ""


def subjects_in_turn(shot: Shot) -> tuple[str, ...]:
    """The subjects that a shot is taken of, one by one; `""` for a shot of nobody, or of several together."""
    return ("",) if shot.together else shot.cast or ("",)


class Selection(Struct, frozen=True, kw_only=True):
    """`only` keeps what one of its globs names; `sample` then keeps so many takes, spread evenly."""

    only: tuple[str, ...] = ()
    sample: int | None = None


class SelectedPath(Struct, frozen=True, kw_only=True):
    """A path, perhaps cut short, and the globs that its takes must match (empty: all takes)."""

    path: StagePath
    takes: tuple[str, ...] = ()

    def includes(self, take: str) -> bool:
        """Whether a take is selected, by its id."""
        return not self.takes or any(fnmatchcase(take, glob) for glob in self.takes)


def select_paths(recipe: Recipe, paths: Sequence[StagePath], only: Sequence[str]) -> list[SelectedPath]:
    """The paths that the globs select. A glob with a slash names takes; one without, shots or stages.

    A stage's name selects the paths that go through it, and cuts them there. Raises Invalid if a glob without a slash
    names nothing.
    """
    if not only:
        return [SelectedPath(path=path) for path in paths]
    _check_globs(recipe, only)
    found: dict[tuple[str, ...], SelectedPath] = {}
    for path in paths:
        for wanted in _selected_paths(path, only):
            known = found.get(wanted.path.key)
            if known is None or known.takes:
                found[wanted.path.key] = wanted
    return list(found.values())


def _selected_paths(path: StagePath, only: Sequence[str]) -> Iterable[SelectedPath]:
    takes = tuple(glob for glob in only if "/" in glob)
    if takes:
        yield SelectedPath(path=path, takes=takes)
    names = [glob for glob in only if "/" not in glob]
    if any(fnmatchcase(path.shot.name, glob) for glob in names):
        yield SelectedPath(path=path)
        return
    hits = [at for at, stage in enumerate(path.stages) if any(fnmatchcase(stage.id, glob) for glob in names)]
    if hits:
        yield SelectedPath(path=StagePath(shot=path.shot, stages=path.stages[: hits[-1] + 1]))


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

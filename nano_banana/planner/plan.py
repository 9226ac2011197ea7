"""From a recipe to a plan: trainings, then groups of takes."""

from __future__ import annotations

from dataclasses import replace

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.node import Plan
from nano_banana.planner.batch import Batch, groups_of, in_turn
from nano_banana.planner.roots import roots_of
from nano_banana.planner.selection import Selection, Wanted, select, spread
from nano_banana.planner.take import takes_of
from nano_banana.planner.track import Track, forked, meeting, tracks_of
from nano_banana.planner.workbench import Workbench
from nano_banana.recipe.recipe import Recipe
from nano_banana.recipe.resolve.shots import cells


def make_plan(bench: Workbench, selection: Selection) -> Plan:
    """The plan of what is selected. Raises Invalid where the globs name nothing, or a training's template fails."""
    tracks = tracks_of(bench.recipe)
    wanted = select(bench.recipe, tracks, selection.only)
    # A take keeps its name, whichever ways its shot goes are wanted today.
    forks, meets = forked(tracks) | forked([one.track for one in wanted]), meeting(tracks)
    batches = [
        _batch(bench.recipe, one, subject, suffix_of(one.track, forks, meets))
        for one in wanted
        for subject in in_turn(one.track.shot)
    ]
    batches = _sampled([batch for batch in batches if batch.count], selection.sample)
    groups = groups_of(bench, batches)
    roots = roots_of(bench, selection, groups)
    if selection.only and not groups and not roots:
        raise Invalid([trouble("only_nothing", glob=" ".join(selection.only), known=", ".join(bench.recipe.shots))])
    return Plan(
        recipe=bench.recipe.name,
        roots=roots,
        groups=groups,
        files={blob.digest: path for path, blob in bench.digests.items()},
        limits=bench.recipe.limits.parallel,
        budget_usd=bench.recipe.limits.budget_usd,
    )


def suffix_of(track: Track, forks: frozenset[str], meets: frozenset[str]) -> str:
    """What tells the takes of a shot's tracks apart: the last stage, or the whole way where ways meet again."""
    if track.shot.name in meets:
        return f"@{track.way}"
    return f"@{track.stages[-1].id}" if track.shot.name in forks else ""


def _batch(recipe: Recipe, wanted: Wanted, subject: str, suffix: str) -> Batch:
    shot = wanted.track.shot
    batch = Batch(wanted=wanted, subject=subject, suffix=suffix, count=len(cells(shot, subject)) * len(shot.seeds))
    if not wanted.takes:
        return batch
    takes = enumerate(takes_of(recipe.name, shot, subject))
    positions = frozenset(at for at, take in takes if wanted.has(take.id) or wanted.has(take.id + suffix))
    return replace(batch, count=len(positions), positions=positions)


def _sampled(batches: list[Batch], count: int | None) -> list[Batch]:
    if count is None:
        return batches
    chosen = spread(sum(batch.count for batch in batches), count)
    found, before = [], 0
    for batch in batches:
        positions = range(batch.count) if batch.positions is None else sorted(batch.positions)
        kept = frozenset(position for at, position in enumerate(positions, start=before) if at in chosen)
        before += batch.count
        if kept:
            found.append(replace(batch, count=len(kept), positions=kept))
    return found

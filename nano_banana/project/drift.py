"""What drifted from a lock, ignorant of recipes and stores."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from nano_banana.core.errors import trouble
from nano_banana.core.problem import Problem
from nano_banana.reports.lock import Lock, LockedCall

SHOWN = 3
"""Names that are said of many."""


def drifts(lock: Lock, now: Lock, *, held: Collection[str], whole: bool) -> list[Problem]:
    """Everything that is not as the lock says. What only follows from another drift is not told as well.

    `held` are the locked adapters that are at hand, by id. Unless `now` is `whole`, what it lacks is not gone.
    """
    same = lock.provider == now.provider
    sets = dict(_sets(lock, now))
    adapters = list(_adapters(lock, now, held=held, told=sets, whole=whole))
    takes = _takes(lock, now, whole=whole, bytes_count=same and not sets and not adapters)
    return [
        *_ways(lock, now),
        *_packs(lock, now),
        *sets.values(),
        *_endpoints(lock, now),
        *_models(lock, now),
        *adapters,
        *takes,
    ]


def strays(lock: Lock, now: Lock) -> list[Problem]:
    """Warnings: pictures that are not the locked ones, and another version of the program."""
    other = [
        name
        for name, stages in lock.takes.items()
        if any(_others(call, now.takes.get(name, {}).get(stage)) for stage, call in stages.items())
    ]
    found = _named("locked_pictures_other", other)
    if lock.version != now.version:
        found.append(trouble("locked_version", version=lock.version, ours=now.version))
    return [replace(problem, warning=True) for problem in found]


def _others(locked: LockedCall, call: LockedCall | None) -> bool:
    return call is not None and bool(call.sha256 and locked.sha256) and call.sha256 != locked.sha256


def _ways(lock: Lock, now: Lock) -> Iterator[Problem]:
    if lock.recipe != now.recipe:
        yield trouble("locked_recipe", locked=lock.recipe, given=now.recipe)
    if lock.provider != now.provider:
        yield trouble("locked_provider", locked=lock.provider, given=now.provider)


def _sets(lock: Lock, now: Lock) -> Iterator[tuple[str, Problem]]:
    for subject, locked in sorted(lock.training_sets.items()):
        given = now.training_sets.get(subject, locked)
        if given.sha256 != locked.sha256:
            count, here = locked.photos, given.photos
            yield subject, trouble("locked_training_set", subject=subject, locked=count, given=here)


def _packs(lock: Lock, now: Lock) -> Iterator[Problem]:
    for name, locked in sorted(lock.packs.items()):
        given = now.packs.get(name, locked)
        if given.sha256 != locked.sha256:
            yield trouble("locked_pack", pack=name, locked=locked.version, given=given.version)


def _endpoints(lock: Lock, now: Lock) -> Iterator[Problem]:
    for name, locked in sorted(lock.endpoints.items()):
        given = now.endpoints.get(name, locked)
        if given.fields != locked.fields:
            yield trouble("locked_endpoint", endpoint=name)


def _models(lock: Lock, now: Lock) -> Iterator[Problem]:
    """Adapters from the shelf; one that is new or gone shows in the takes that are drawn with it."""
    for name, locked in sorted(lock.models.items()):
        given = now.models.get(name, locked)
        if given.sha256 != locked.sha256:
            yield trouble("locked_model", adapter=name, locked=locked.model, given=given.model)


def _adapters(lock: Lock, now: Lock, *, held: Collection[str], told: Collection[str], whole: bool) -> Iterator[Problem]:
    """`told` are subjects whose training set drifted: their trainings follow."""
    yield from _named("locked_adapters_new", [name for name in now.adapters if name not in lock.adapters])
    if whole:
        yield from _named("locked_adapters_gone", [name for name in lock.adapters if name not in now.adapters])
    same = lock.provider == now.provider
    for name, locked in sorted(lock.adapters.items()):
        given = now.adapters.get(name)
        if given is None or name.rpartition("/")[2] in told:
            continue
        # Without the zip its key is not known; the same program packs the same one again.
        at_hand = name in held and (given.key or lock.version == now.version)
        if given.asked != locked.asked or (same and given.key not in ("", locked.key)):
            yield trouble("locked_adapter_changed", adapter=name)
        elif same and not at_hand:
            yield trouble("locked_adapter_other" if given.sha256 else "locked_adapter_missing", adapter=name)


def _takes(lock: Lock, now: Lock, *, whole: bool, bytes_count: bool) -> Iterator[Problem]:
    yield from _named("locked_takes_new", [name for name in now.takes if name not in lock.takes])
    if whole:
        yield from _named("locked_takes_gone", [name for name in lock.takes if name not in now.takes])
    changed = [
        name
        for name, locked in lock.takes.items()
        if (given := now.takes.get(name)) is not None
        if not _same_way(locked, given)
        or _changed(list(locked.values()), list(given.values()), bytes_count=bytes_count)
    ]
    yield from _named("locked_takes_changed", changed)


def _same_way(locked: Mapping[str, LockedCall], given: Mapping[str, LockedCall]) -> bool:
    """Whether a take goes through the same stages. Where its way ends hangs on pictures, while they are not known."""
    ways = sorted((list(locked), list(given)), key=len)
    if ways[0] == ways[1] or not ways[0]:
        return ways[0] == ways[1]
    last = ways[0][-1]
    ended = (locked if len(locked) < len(given) else given)[last].left
    return ways[1][: len(ways[0])] == ways[0] and bool(ended) and not given[last].sha256


def _changed(locked: Sequence[LockedCall], given: Sequence[LockedCall], *, bytes_count: bool) -> bool:
    """Whether another call stands in some place: keys count as long as what goes into the calls is the same."""
    for before, after in zip(locked, given, strict=False):
        if before.asked != after.asked:
            return True
        if bytes_count and after.key and after.key != before.key:
            return True
        bytes_count = bytes_count and after.sha256 == before.sha256
    return False


def _named(kind: str, names: Sequence[str]) -> list[Problem]:
    """One problem for all of them, with the first few by name; none where there are none."""
    ordered = sorted(names)
    said = ordered[:SHOWN] + (["…"] if len(ordered) > SHOWN else [])
    return [trouble(kind, count=len(ordered), names=", ".join(said), first=ordered[0])] if ordered else []

"""Computes the lock of a recipe, and compares it with the lock file.

Differences that only follow from others are not reported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import asdict, replace

from nano_banana import __version__
from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import endpoint_digest
from nano_banana.model.call import COMPUTE, canonical_json
from nano_banana.model.flow import Made
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.nodes import NodeResult, Step
from nano_banana.model.problem import Invalid, Problem, Unusable, problem
from nano_banana.planner.preview import IMAGINED_PATHS, preview, reply_imaginer
from nano_banana.session.forecasting import gc_paused
from nano_banana.session.lock_file import (
    Lock,
    LockedCall,
    LockedEndpoint,
    LockedModel,
    LockedPack,
    LockedSet,
    load_lock,
    locked_training_set,
    save_lock,
)
from nano_banana.session.session import Session
from nano_banana.stages.gate_stage import GateRules, gate_rules

NAMES_SHOWN = 3
"""The most names in a message."""


def lock_drifts(lock: Lock, now: Lock, *, held: Collection[str], whole: bool) -> list[Problem]:
    """Everything that differs from the lock, without differences that follow from others.

    `held` are the ids of locked adapters in the store. If `now` is not `whole`, what it lacks doesn't count as gone.
    """
    same = lock.provider == now.provider
    sets = {
        name for name, locked, given in _both(lock.training_sets, now.training_sets) if locked.sha256 != given.sha256
    }
    adapters = list(_adapter_drift(lock, now, held=held, retrained=sets, whole=whole))
    takes = _take_drift(lock, now, whole=whole, bytes_count=same and not sets and not adapters)
    found = [] if same else [problem("locked_provider", locked=lock.provider, given=now.provider)]
    if lock.recipe != now.recipe:
        found.insert(0, problem("locked_recipe", locked=lock.recipe, given=now.recipe))
    return [*found, *_input_drift(lock, now), *adapters, *takes]


def lock_warnings(lock: Lock, now: Lock) -> list[Problem]:
    """Warnings: pictures with other bytes than the locked ones, and another version of the program."""
    other = [
        name
        for name, stages in lock.takes.items()
        if any(_others(call, now.takes.get(name, {}).get(stage)) for stage, call in stages.items())
    ]
    found = _named_drift("locked_pictures_other", other)
    if lock.version != now.version:
        found.append(problem("locked_version", version=lock.version, ours=now.version))
    return [replace(problem, warning=True) for problem in found]


def _others(locked: LockedCall, call: LockedCall | None) -> bool:
    return call is not None and bool(call.sha256 and locked.sha256) and call.sha256 != locked.sha256


_Row = TypeVar("_Row")


def _both(locked: Mapping[str, _Row], given: Mapping[str, _Row]) -> Iterator[tuple[str, _Row, _Row]]:
    """The rows that both locks have, by name: locked and as of now."""
    yield from ((name, locked[name], given[name]) for name in sorted(locked.keys() & given.keys()))


def _input_drift(lock: Lock, now: Lock) -> Iterator[Problem]:
    """Changed packs, training sets, endpoints and shelf adapters. New ones show in the takes drawn with them."""
    for name, old, new in _both(lock.packs, now.packs):
        if new.sha256 != old.sha256:
            yield problem("locked_pack", pack=name, locked=old.version, given=new.version)
    for name, before, after in _both(lock.training_sets, now.training_sets):
        if after.sha256 != before.sha256:
            yield problem("locked_training_set", subject=name, locked=before.photos, given=after.photos)
    for name, known, found in _both(lock.endpoints, now.endpoints):
        if found.fields != known.fields:
            yield problem("locked_endpoint", endpoint=name)
    for name, had, has in _both(lock.models, now.models):
        if has.sha256 != had.sha256:
            yield problem("locked_model", adapter=name, locked=had.model, given=has.model)


def _adapter_drift(
    lock: Lock, now: Lock, *, held: Collection[str], retrained: Collection[str], whole: bool
) -> Iterator[Problem]:
    """`retrained` are subjects whose training set changed: that is reported instead of their adapters."""
    yield from _named_drift("locked_adapters_new", [name for name in now.adapters if name not in lock.adapters])
    if whole:
        yield from _named_drift("locked_adapters_gone", [name for name in lock.adapters if name not in now.adapters])
    same = lock.provider == now.provider
    for name, locked, given in _both(lock.adapters, now.adapters):
        if name.rpartition("/")[2] in retrained:
            continue
        # Without the zip the key is unknown; the same version of the program packs the same zip again.
        at_hand = name in held and (given.key or lock.version == now.version)
        if given.asked != locked.asked or (same and given.key not in ("", locked.key)):
            yield problem("locked_adapter_changed", adapter=name)
        elif same and not at_hand:
            yield problem("locked_adapter_other" if given.sha256 else "locked_adapter_missing", adapter=name)


def _take_drift(lock: Lock, now: Lock, *, whole: bool, bytes_count: bool) -> Iterator[Problem]:
    yield from _named_drift("locked_takes_new", [name for name in now.takes if name not in lock.takes])
    if whole:
        yield from _named_drift("locked_takes_gone", [name for name in lock.takes if name not in now.takes])
    changed = [
        name
        for name, locked in lock.takes.items()
        if (given := now.takes.get(name)) is not None
        if not _same_way(locked, given)
        or _changed(list(locked.values()), list(given.values()), bytes_count=bytes_count)
    ]
    yield from _named_drift("locked_takes_changed", changed)


def _same_way(locked: Mapping[str, LockedCall], given: Mapping[str, LockedCall]) -> bool:
    """Whether a take goes through the same stages. Where it ends depends on pictures, which may be unknown."""
    ways = sorted((list(locked), list(given)), key=len)
    if ways[0] == ways[1] or not ways[0]:
        return ways[0] == ways[1]
    last = ways[0][-1]
    ended = (locked if len(locked) < len(given) else given)[last].left
    return ways[1][: len(ways[0])] == ways[0] and bool(ended) and not given[last].sha256


def _changed(locked: Sequence[LockedCall], given: Sequence[LockedCall], *, bytes_count: bool) -> bool:
    """Whether any call differs; keys count only while the calls' inputs are the same."""
    for before, after in zip(locked, given, strict=False):
        if before.asked != after.asked:
            return True
        if bytes_count and after.key and after.key != before.key:
            return True
        bytes_count = bytes_count and after.sha256 == before.sha256
    return False


def _named_drift(kind: str, names: Sequence[str]) -> list[Problem]:
    """One problem for all names, with the first few; none if there are no names."""
    ordered = sorted(names)
    said = ordered[:NAMES_SHOWN] + (["…"] if len(ordered) > NAMES_SHOWN else [])
    return [problem(kind, count=len(ordered), names=", ".join(said), first=ordered[0])] if ordered else []


REHEARSED_SUFFIX = " (rehearsed)"
"""After the provider's name in a lock if an emulator on this machine replaced it."""

_PICTURE_ARGUMENTS = {name.removeprefix("arguments/") for name in IMAGINED_PATHS}
"""Arguments that may come from a picture; `asked` has neither them nor the picture."""

TICKET_BATCH = 500
"""The takes whose tickets are read at once: tickets are large, and only their ids are needed."""


class LockCheck(Struct, frozen=True, kw_only=True):
    """The lock that a run is held to, and the recipe's lock as of now."""

    lock: Lock
    now: Lock


def lock_path(recipe: Path) -> Path:
    """`duo.lock` for `duo.yaml`; a recipe that is called so itself has `duo.lock.lock`."""
    return recipe.with_name(f"{recipe.name}.lock") if recipe.suffix == ".lock" else recipe.with_suffix(".lock")


def hold_to_lock(session: Session) -> LockCheck:
    """Check the recipe against its lock. Raises Invalid with every difference, or if there is no lock."""
    path = lock_path(session.request.recipe)
    held = LockCheck(lock=load_lock(path), now=current_lock(session))
    adapters = _held_adapters(session, held.lock)
    if found := lock_drifts(held.lock, held.now, held=adapters, whole=session.request.whole):
        raise Invalid(found)
    _note_lock_seen(session, path)
    return held


def lock_remarks(session: Session, held: LockCheck, *, made: int = 0) -> list[Problem]:
    """Warnings after a run that made so many calls: what still differs from the lock."""
    return lock_warnings(held.lock, current_lock(session) if made else held.now)


def write_lock(session: Session) -> list[Problem]:
    """Write the lock after a run that was whole, paid, and not held to a lock; a recipe without a file has no lock.

    A rehearsal with the emulator doesn't replace a real lock. Returns warnings if the file can't be written: the run
    is done all the same.
    """
    request = session.request
    if not session.provider_spec.costs or request.locked or not request.whole or request.text is not None:
        return []
    path = lock_path(request.recipe)
    if session.uses_emulator and path.exists() and not _is_rehearsal(path):
        return []
    try:
        save_lock(path, _with_requests(session, current_lock(session)))
    except Unusable as error:
        return [replace(problem, warning=True) for problem in error.problems]
    _note_lock_seen(session, path)
    return []


def _is_rehearsal(path: Path) -> bool:
    try:
        return load_lock(path).provider.endswith(REHEARSED_SUFFIX)
    except (Invalid, Unusable):
        return False


def current_lock(session: Session) -> Lock:
    """The recipe's lock as of now. What depends on missing results is empty."""
    sets: dict[str, LockedSet] = {}
    endpoints: set[str] = set()
    adapters: dict[str, LockedCall] = {}
    takes: dict[str, Mapping[str, LockedCall]] = {}
    packs = session.recipe.packs
    gates = {stage.id: _gate_terms(rules) for stage in session.recipe.stages if (rules := gate_rules(stage))}
    with gc_paused():
        for end in preview(session.plan, session.runner.store.replies.get, reply_imaginer(session.catalog)):
            calls = _locked_calls(end, gates)
            endpoints.update(step.call.endpoint for step in end.steps if step.call.provider != COMPUTE)
            if end.node.info.kind == "take":
                takes[end.node.id] = calls
            elif end.node.info.kind == "adapter" and calls:
                adapters[end.node.id] = calls[end.node.info.stage]
                inputs = {place: blob.digest for place, blob in end.steps[0].call.inputs.items()}
                sets[end.node.info.subject] = locked_training_set(inputs)
    return Lock(
        version=__version__,
        provider=f"{session.provider}{REHEARSED_SUFFIX}" if session.uses_emulator else session.provider,
        recipe=session.recipe.name,
        training_sets=sets,
        endpoints={name: _locked_endpoint(session.catalog, name) for name in endpoints},
        models={
            name: LockedModel(model=adapter.model, sha256=adapter.digest)
            for name, adapter in session.recipe.adapters.items()
            if adapter.model
        },
        adapters=adapters,
        takes=takes,
        packs={name: LockedPack(version=pack.version, sha256=pack.digest) for name, pack in packs.items()},
    )


def _note_lock_seen(session: Session, path: Path) -> None:
    """Note the lock as a file of the run, so that the next run writes it again if it was changed or deleted."""
    session.loaded.files.exists(path.absolute(), confined=False)


def _held_adapters(session: Session, lock: Lock) -> set[str]:
    """The locked adapters that the store has, even if the training zip isn't packed yet."""
    replies = session.runner.store.replies.get(call.key for call in lock.adapters.values())
    return {
        name
        for name, call in lock.adapters.items()
        if (reply := replies.get(call.key)) is not None
        if any(blob.digest == call.sha256 for blob in reply.files.values())
    }


def _with_requests(session: Session, lock: Lock) -> Lock:
    """The lock with the requests' ids, set in batches, so that a large lock is never in memory twice."""
    takes, left = dict(lock.takes), iter(list(lock.takes))
    lock = replace(lock, takes={})
    while some := list(islice(left, TICKET_BATCH)):
        ids = _requests(session, (call for name in some for call in takes[name].values()))
        takes.update({name: _with_request_ids(takes[name], ids) for name in some})
    adapters = _with_request_ids(lock.adapters, _requests(session, lock.adapters.values()))
    return replace(lock, adapters=adapters, takes=takes)


def _requests(session: Session, calls: Iterable[LockedCall]) -> dict[str, str]:
    found = session.runner.store.tickets.latest([call.key for call in calls])
    return {key: ticket.request_id for key, ticket in found.items()}


def _with_request_ids(calls: Mapping[str, LockedCall], ids: Mapping[str, str]) -> dict[str, LockedCall]:
    return {name: replace(call, request_id=ids[call.key]) if call.key in ids else call for name, call in calls.items()}


def _gate_terms(rules: GateRules) -> JSONObject:
    """A gate's criteria. Its repair shows in the calls that it makes."""
    rejected: list[JSONValue] = [*sorted(rules.criteria.also_reject)]
    return {**asdict(rules.criteria), "also_reject": rejected, "against": rules.against, "retries": rules.retries}


def _locked_calls(end: NodeResult, gates: Mapping[str, JSONObject]) -> dict[str, LockedCall]:
    """By stage: the first attempt's calls and the pictures that passed a gate; see `LockedCall.left`.

    Later attempts are unknown before the pictures are.
    """
    first = [made for made in end.pictures if not made.attempt.number]
    calls = {made.stage: _locked_call(end, made, gates.get(made.stage, {})) for made in first}
    if end.exited_early is not None and first:
        calls[first[-1].stage] = replace(calls[first[-1].stage], left=end.exited_early.why)
    return calls


def _locked_call(end: NodeResult, made: Made, terms: JSONObject) -> LockedCall:
    known = not made.blob.imagined
    steps = [step for step in end.steps if step.stage == made.stage and not step.attempt.number]
    # Which picture a gate passes on is only known afterwards.
    certain = known or (not made.call.imagined and any(step.call.key == made.call.key for step in steps))
    return LockedCall(
        key=made.call.key if certain else "",
        asked=_asked(steps, terms),
        seed=end.node.info.seed,
        sha256=made.blob.digest if known else "",
        size=made.blob.size if known and end.node.info.kind == "adapter" else None,
    )


def _asked(steps: Sequence[Step], terms: JSONObject) -> str:
    """The digest of what a stage asks of any provider, without the input bytes, and of a gate's terms."""
    told: list[JSONValue] = [
        {
            "endpoint": step.call.endpoint,
            "arguments": {name: value for name, value in step.call.arguments.items() if name not in _PICTURE_ARGUMENTS},
            "inputs": sorted(step.call.inputs),
        }
        for step in steps
    ]
    return _digest({"asked": told, "gate": terms} if terms else {"asked": told})


def _locked_endpoint(catalog: Catalog, name: str) -> LockedEndpoint:
    endpoint = catalog.get(name)
    if endpoint is None:
        return LockedEndpoint()
    price, fields = endpoint.price, endpoint_digest(endpoint)
    if price is None:
        return LockedEndpoint(fields=fields)
    return LockedEndpoint(fields=fields, usd=price.usd, unit=str(price.unit), as_of=price.as_of)


def _digest(value: JSONObject) -> str:
    return hashlib.sha256(canonical_json(value)).hexdigest()

"""The lock beside a recipe: drawn up from what the store has, held to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

from nano_banana import __version__
from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.imprint import imprint_of
from nano_banana.core.call import canonical
from nano_banana.core.errors import Invalid, Unusable
from nano_banana.core.flow import Made
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.core.problem import Problem
from nano_banana.core.result import NodeResult, Step
from nano_banana.planner.forecast import FREE
from nano_banana.planner.imagine import INVENTED, imaginer
from nano_banana.planner.preview import preview
from nano_banana.project.calm import calm
from nano_banana.project.drift import drifts, strays
from nano_banana.project.project import Project
from nano_banana.project.training_set import training_set
from nano_banana.recipe.model import Gate
from nano_banana.reports.lock import (
    Lock,
    LockedCall,
    LockedEndpoint,
    LockedModel,
    LockedPack,
    LockedSet,
    load_lock,
    save_lock,
)

REHEARSED = " (rehearsed)"
"""After the provider's name in a lock: a stand-in on this machine answered."""

_VAGUE = {name.removeprefix("arguments/") for name in INVENTED}
"""Arguments that may come from a picture: `asked` is without them, as it is without the picture."""

TICKETS = 500
"""How many takes' tickets are looked at together: they hold all that was sent, and only their ids are wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The lock that a run is held to, and what the recipe comes to as the store is now."""

    lock: Lock
    now: Lock


def lock_path(recipe: Path) -> Path:
    """`duo.lock` for `duo.yaml`; a recipe that is called so itself has `duo.lock.lock`."""
    return recipe.with_name(f"{recipe.name}.lock") if recipe.suffix == ".lock" else recipe.with_suffix(".lock")


def hold(project: Project) -> Held:
    """Hold the project to its lock. Raises Invalid with everything that drifted, or where there is no lock."""
    path = lock_path(project.wish.recipe)
    held = Held(lock=load_lock(path), now=draw_up(project))
    adapters = _at_hand(project, held.lock)
    if found := drifts(held.lock, held.now, held=adapters, whole=project.wish.whole):
        raise Invalid(found)
    _watch(project, path)
    return held


def remarks(project: Project, held: Held, *, made: int = 0) -> list[Problem]:
    """Warnings, after a run that made so many calls: what is not the locked one all the same."""
    return strays(held.lock, draw_up(project) if made else held.now)


def keep_lock(project: Project) -> list[Problem]:
    """Write the lock of a run that is done, where it is one to hold to: whole, paid for, and not held to a lock.

    A recipe that is in no file has none beside it.

    A rehearsal against a stand-in for fal leaves a real lock alone. Returns warnings: the run is done, whether or not
    the file can be written.
    """
    wish = project.wish
    if project.provider in FREE or wish.locked or not wish.whole or wish.text is not None:
        return []
    path = lock_path(wish.recipe)
    if project.rehearses and path.exists() and not _is_rehearsal(path):
        return []
    try:
        save_lock(path, _with_requests(project, draw_up(project)))
    except Unusable as error:
        return [replace(problem, warning=True) for problem in error.problems]
    _watch(project, path)
    return []


def _is_rehearsal(path: Path) -> bool:
    try:
        return load_lock(path).provider.endswith(REHEARSED)
    except (Invalid, Unusable):
        return False


def draw_up(project: Project) -> Lock:
    """What the recipe comes to, as far as the store has it; what hangs on work that is not done is not known."""
    sets: dict[str, LockedSet] = {}
    endpoints: set[str] = set()
    adapters: dict[str, LockedCall] = {}
    takes: dict[str, Mapping[str, LockedCall]] = {}
    packs = project.recipe.packs
    gates = {stage.id: _terms(stage.gate) for stage in project.recipe.stages if stage.gate}
    with calm():
        for end in preview(project.plan, project.workshop.store.replies, imaginer(project.catalog)):
            calls = _calls(end, gates)
            endpoints.update(step.call.endpoint for step in end.steps if step.call.provider != "compute")
            if end.node.card.kind == "take":
                takes[end.node.id] = calls
            elif end.node.card.kind == "adapter" and calls:
                adapters[end.node.id] = calls[end.node.card.stage]
                inputs = {place: blob.digest for place, blob in end.steps[0].call.inputs.items()}
                sets[end.node.card.subject] = training_set(inputs)
    return Lock(
        version=__version__,
        provider=f"{project.provider}{REHEARSED}" if project.rehearses else project.provider,
        recipe=project.recipe.name,
        training_sets=sets,
        endpoints={name: _endpoint(project.catalog, name) for name in endpoints},
        models={
            name: LockedModel(model=adapter.model, sha256=adapter.digest)
            for name, adapter in project.recipe.adapters.items()
            if adapter.model
        },
        adapters=adapters,
        takes=takes,
        packs={name: LockedPack(version=pack.version, sha256=pack.digest) for name, pack in packs.items()},
    )


def _watch(project: Project, path: Path) -> None:
    """Let the next run see it where the lock was changed or lost meanwhile, so that it writes it again."""
    project.loaded.files.exists(path.absolute(), confined=False)


def _at_hand(project: Project, lock: Lock) -> set[str]:
    """The locked adapters that the store has, also where the zip to ask for them with has still to be packed."""
    replies = project.workshop.store.replies(call.key for call in lock.adapters.values())
    return {
        name
        for name, call in lock.adapters.items()
        if (reply := replies.get(call.key)) is not None
        if any(blob.digest == call.sha256 for blob in reply.files.values())
    }


def _with_requests(project: Project, lock: Lock) -> Lock:
    """The lock with the ids of the requests, set bit by bit: one of ten thousand takes is never there twice."""
    takes, left = dict(lock.takes), iter(list(lock.takes))
    lock = replace(lock, takes={})
    while some := list(islice(left, TICKETS)):
        ids = _requests(project, (call for name in some for call in takes[name].values()))
        takes.update({name: _named(takes[name], ids) for name in some})
    adapters = _named(lock.adapters, _requests(project, lock.adapters.values()))
    return replace(lock, adapters=adapters, takes=takes)


def _requests(project: Project, calls: Iterable[LockedCall]) -> dict[str, str]:
    found = project.workshop.store.tickets.latest([call.key for call in calls])
    return {key: ticket.request_id for key, ticket in found.items()}


def _named(calls: Mapping[str, LockedCall], ids: Mapping[str, str]) -> dict[str, LockedCall]:
    return {name: replace(call, request_id=ids[call.key]) if call.key in ids else call for name, call in calls.items()}


def _terms(gate: Gate) -> JSONObject:
    """What a gate goes by; how it mends what it refuses is told by what that makes."""
    standard = gate.standard
    refused: list[JSONValue] = [*sorted(standard.also_reject)]
    return {**asdict(standard), "also_reject": refused, "against": gate.against, "retries": gate.retries}


def _calls(end: NodeResult, gates: Mapping[str, JSONObject]) -> dict[str, LockedCall]:
    """By stage: what the first try asks for, and what came through a gate; see `LockedCall.left`.

    Which other tries there are is not known before the pictures are.
    """
    first = [made for made in end.pictures if not made.attempt.number]
    calls = {made.stage: _call(end, made, gates.get(made.stage, {})) for made in first}
    if end.left is not None and first:
        calls[first[-1].stage] = replace(calls[first[-1].stage], left=end.left.why)
    return calls


def _call(end: NodeResult, made: Made, terms: JSONObject) -> LockedCall:
    known = not made.blob.imagined
    steps = [step for step in end.steps if step.stage == made.stage and not step.attempt.number]
    # Whose picture a gate will let through is only known once it did.
    certain = known or (not made.call.imagined and any(step.call.key == made.call.key for step in steps))
    return LockedCall(
        key=made.call.key if certain else "",
        asked=_asked(steps, terms),
        seed=end.node.card.seed,
        sha256=made.blob.digest if known else "",
        size=made.blob.size if known and end.node.card.kind == "adapter" else None,
    )


def _asked(steps: Sequence[Step], terms: JSONObject) -> str:
    """The digest of what a stage asks, of whomever, without the bytes that go in; and of a gate's terms."""
    told: list[JSONValue] = [
        {
            "endpoint": step.call.endpoint,
            "arguments": {name: value for name, value in step.call.arguments.items() if name not in _VAGUE},
            "inputs": sorted(step.call.inputs),
        }
        for step in steps
    ]
    return _digest({"asked": told, "gate": terms} if terms else {"asked": told})


def _endpoint(catalog: Catalog, name: str) -> LockedEndpoint:
    endpoint = catalog.get(name)
    if endpoint is None:
        return LockedEndpoint()
    price, fields = endpoint.price, imprint_of(endpoint)
    if price is None:
        return LockedEndpoint(fields=fields)
    return LockedEndpoint(fields=fields, usd=price.usd, unit=str(price.unit), as_of=price.as_of)


def _digest(value: JSONObject) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()

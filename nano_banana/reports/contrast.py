"""Two runs side by side: which takes came, went and changed, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.reports.compare import Change, Difference, differences
from nano_banana.reports.snapshot import KeptCall, KeptTake, Snapshot

Documents = Mapping[str, JSONObject]
"""What calls were asked, by the keys of a snapshot; a call that is known no more is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One thing that is different, at one stage.

    `value`: a call is asked otherwise, as `change` says. `unknown`: a call is another, but the store knows one of the
    two no more. `calls`: so many more or fewer calls, as after another verdict. `verdict`, `threshold`, `left` (where
    its way ended early) and `status`: from `old` to `new`. `bytes`: nothing of that, but another picture.
    """

    kind: str
    stage: str = ""
    change: Difference | None = None
    old: JSONValue = None
    new: JSONValue = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A take that is in both runs and not the same; after another seed under another id."""

    old: KeptTake
    new: KeptTake
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """Two runs of the same or of different recipes; `same` counts the takes that are as they were."""

    old: Snapshot
    new: Snapshot
    added: tuple[KeptTake, ...]
    gone: tuple[KeptTake, ...]
    changed: tuple[Changed, ...]
    same: int


def contrast(old: Snapshot, new: Snapshot, changed_documents: Documents) -> Contrast:
    """Compare two runs; `changed_documents` are those of `changed_keys`."""
    pairs, added, gone = _paired(old, new)
    changed = tuple(
        Changed(old=before, new=after, causes=tuple(_causes(before, after, changed_documents)))
        for before, after in pairs
        if _state(before) != _state(after)
    )
    same = sum(after.card.kind == "take" and _state(before) == _state(after) for before, after in pairs)
    return Contrast(old=old, new=new, added=added, gone=gone, changed=changed, same=same)


def changed_keys(old: Snapshot, new: Snapshot) -> set[str]:
    """The keys of the calls that stand where the other run had another one."""
    found: set[str] = set()
    for before, after in _paired(old, new)[0]:
        had, has = _calls(before), _calls(after)
        for place in had.keys() & has.keys():
            if had[place].key != has[place].key:
                found |= {had[place].key, has[place].key}
    return found


def cost_of(snapshot: Snapshot, *, fresh: bool = False) -> tuple[float, int]:
    """What distinct calls (or only those that the run made) cost in USD, and how many of unknown cost there are."""
    calls = {call.key: call for node in snapshot.nodes for call in node.calls if call.fresh or not fresh}
    known = sum(call.cost_usd or 0.0 for call in calls.values())
    return round(known, 6), sum(call.cost_usd is None for call in calls.values())


def _paired(
    old: Snapshot, new: Snapshot
) -> tuple[list[tuple[KeptTake, KeptTake]], tuple[KeptTake, ...], tuple[KeptTake, ...]]:
    """Takes of the same id, then those in the same place whose seed is another; what came; what went."""
    before = {node.id: node for node in old.nodes}
    after = {node.id: node for node in new.nodes}
    left = {(node.card.kind, node.card.slot): node for node in old.nodes if node.id not in after}
    pairs, added = [], []
    for node in new.nodes:
        other = before.get(node.id) or left.pop((node.card.kind, node.card.slot), None)
        if other is None:
            added.append(node)
        else:
            pairs.append((other, node))
    met = {other.id for other, _ in pairs}
    return pairs, tuple(added), tuple(node for node in old.nodes if node.id not in met)


def _calls(node: KeptTake) -> Mapping[str, KeptCall]:
    """The calls by their place without the slot, which another order of seeds moves.

    Of a person it is the last call, which puts the photos together: a photo less moves all the others' places.
    """
    if node.card.kind == "person":
        return {call.stage: call for call in node.calls[-1:]}
    slot = node.card.slot
    return {call.position.replace(slot, "", 1) if slot else call.position: call for call in node.calls}


def _state(node: KeptTake) -> tuple[object, ...]:
    verdict, picture = node.verdict, node.picture
    judged = (verdict.ruling, verdict.threshold) if verdict else None
    keys = {place: call.key for place, call in _calls(node).items()}
    return node.id, node.status, node.left, judged, picture.digest if picture else node.result, keys


def _causes(old: KeptTake, new: KeptTake, documents: Documents) -> Iterator[Cause]:
    """Those that nothing else explains come last: more calls follow another verdict, another picture another call."""
    found = [*_of_calls(old, new, documents), *_of_verdict(old, new), *_of_end(old, new)]
    yield from found or list(_of_number(old, new)) or [Cause(kind="bytes", stage=new.card.stage)]


def _of_calls(old: KeptTake, new: KeptTake, documents: Documents) -> Iterator[Cause]:
    """What is asked otherwise, call by call. What is only given to the next stage is no cause of its own."""
    had, has = _calls(old), _calls(new)
    told = False
    for place, call in has.items():
        other = had.get(place)
        if other is None or other.key == call.key:
            continue
        if call.key not in documents or other.key not in documents:
            yield Cause(kind="unknown", stage=call.stage)
            told = True
            continue
        found = differences(documents[other.key], documents[call.key])
        own = [change for change in found if not (told and _is_input(change))]
        yield from (Cause(kind="value", stage=call.stage, change=change) for change in own)
        told = True


def _of_number(old: KeptTake, new: KeptTake) -> Iterator[Cause]:
    for stage in dict.fromkeys(call.stage for call in (*old.calls, *new.calls)):
        had, has = (sum(call.stage == stage for call in node.calls) for node in (old, new))
        if had != has:
            yield Cause(kind="calls", stage=stage, old=had, new=has)


def _is_input(change: Difference) -> bool:
    return not isinstance(change, Change) or change.path.startswith("inputs/")


def _of_verdict(old: KeptTake, new: KeptTake) -> Iterator[Cause]:
    had, has = old.verdict, new.verdict
    if had and has and had.threshold != has.threshold:
        yield Cause(kind="threshold", stage=has.stage, old=had.threshold, new=has.threshold)
    before, after = (verdict.ruling if verdict else None for verdict in (had, has))
    if before != after:
        word = has or had
        yield Cause(kind="verdict", stage=word.stage if word else "", old=before, new=after)


def _of_end(old: KeptTake, new: KeptTake) -> Iterator[Cause]:
    if old.left != new.left:
        yield Cause(kind="left", old=old.left, new=new.left)
    if old.status != new.status:
        yield Cause(kind="status", old=str(old.status), new=str(new.status))

"""Past runs: found by name, compared call by call, verdicts counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import Invalid, did_you_mean, problem
from nano_banana.session.run_snapshot import KeptCall, KeptTake, Snapshot, unpack_snapshot
from nano_banana.session.store_runner import BATCH_RUN_PREFIX
from nano_banana.store.local_store import Store
from nano_banana.store.run_log import Run


class ValueChange(Struct, frozen=True, kw_only=True):
    """A changed value; None on a side that lacks it."""

    path: str
    old: JSONValue
    new: JSONValue


class SeriesChange(Struct, frozen=True, kw_only=True):
    """Added and removed files of a series (`photos`), by digest."""

    series: str
    added: Sequence[str]
    removed: Sequence[str]


CallDifference = ValueChange | SeriesChange


def call_differences(old: JSONObject, new: JSONObject) -> list[CallDifference]:
    """Everything that differs between two call documents, by name.

    Files of a numbered series are compared as sets, since one more photo changes all later numbers.
    """
    before, after = dict(_leaves(old)), dict(_leaves(new))
    names = sorted({*before, *after})
    found: list[CallDifference] = [
        ValueChange(path=name, old=before.get(name), new=after.get(name))
        for name in names
        if before.get(name) != after.get(name) and _series_of(name) is None
    ]
    for series in sorted({series for name in names if (series := _series_of(name))}):
        had, has = (_series_values(leaves, series) for leaves in (before, after))
        if had != has:
            found.append(SeriesChange(series=series, added=sorted(has - had), removed=sorted(had - has)))
    return found


def _leaves(value: JSONValue, path: str = "") -> Iterator[tuple[str, JSONValue]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(item, f"{path}/{name}" if path else str(name))
    elif isinstance(value, list | tuple):
        for at, item in enumerate(value):
            yield from _leaves(item, f"{path}/{at}")
    else:
        yield path, value


def _series_of(name: str) -> str | None:
    """`inputs/photos/3` is of the series `photos`."""
    parts = name.split("/")
    return parts[1] if len(parts) == 3 and parts[0] == "inputs" and parts[2].isdecimal() else None


def _series_values(leaves: Mapping[str, JSONValue], series: str) -> set[str]:
    return {str(value) for name, value in leaves.items() if _series_of(name) == series}


CallDocuments = Mapping[str, JSONObject]
"""The documents of calls by the keys of a snapshot; calls that the store no longer has are missing."""


class ChangeCause(Struct, frozen=True, kw_only=True):
    """One difference, at one stage.

    `value`: a call's document changed, as `change` says. `unknown`: a call changed, but the store no longer has one of
    the two. `calls`: the number of calls changed, as after another verdict. `verdict`, `threshold`, `left` (where it
    ended early) and `status`: from `old` to `new`. `bytes`: none of these, but another picture.
    """

    kind: str
    stage: str = ""
    change: CallDifference | None = None
    old: JSONValue = None
    new: JSONValue = None


class ChangedTake(Struct, frozen=True, kw_only=True):
    """A take that differs between the runs; with another seed it has another id."""

    old: KeptTake
    new: KeptTake
    causes: tuple[ChangeCause, ...]


class RunComparison(Struct, frozen=True, kw_only=True):
    """Two runs of the same or of different recipes; `same` counts unchanged takes."""

    old: Snapshot
    new: Snapshot
    added: tuple[KeptTake, ...]
    gone: tuple[KeptTake, ...]
    changed: tuple[ChangedTake, ...]
    same: int


def compare_runs(old: Snapshot, new: Snapshot, changed_documents: CallDocuments) -> RunComparison:
    """Compare two runs; `changed_documents` are those of `changed_keys`."""
    pairs, added, gone = _paired(old, new)
    changed = tuple(
        ChangedTake(old=before, new=after, causes=tuple(_causes(before, after, changed_documents)))
        for before, after in pairs
        if _node_state(before) != _node_state(after)
    )
    same = sum(after.card.kind == "take" and _node_state(before) == _node_state(after) for before, after in pairs)
    return RunComparison(old=old, new=new, added=added, gone=gone, changed=changed, same=same)


def changed_keys(old: Snapshot, new: Snapshot) -> set[str]:
    """The keys of calls whose position has another call in the other run."""
    found: set[str] = set()
    for before, after in _paired(old, new)[0]:
        had, has = _calls_by_place(before), _calls_by_place(after)
        for place in had.keys() & has.keys():
            if had[place].key != has[place].key:
                found |= {had[place].key, has[place].key}
    return found


def snapshot_cost(snapshot: Snapshot, *, fresh: bool = False) -> tuple[float, int]:
    """The cost of distinct calls (or only of those that the run made) in USD, and the number of unknown costs."""
    calls = {call.key: call for node in snapshot.nodes for call in node.calls if call.fresh or not fresh}
    known = sum(call.cost_usd or 0.0 for call in calls.values())
    return round(known, 6), sum(call.cost_usd is None for call in calls.values())


def _paired(
    old: Snapshot, new: Snapshot
) -> tuple[list[tuple[KeptTake, KeptTake]], tuple[KeptTake, ...], tuple[KeptTake, ...]]:
    """Takes with the same id, or in the same slot with another seed; added ones; removed ones."""
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


def _calls_by_place(node: KeptTake) -> Mapping[str, KeptCall]:
    """The calls by their position without the slot, which depends on the order of seeds.

    For a person it is only the last call, which combines the photos: one photo less changes all other positions.
    """
    if node.card.kind == "person":
        return {call.stage: call for call in node.calls[-1:]}
    slot = node.card.slot
    return {call.position.replace(slot, "", 1) if slot else call.position: call for call in node.calls}


def _node_state(node: KeptTake) -> tuple[object, ...]:
    verdict, picture = node.verdict, node.picture
    judged = (verdict.ruling, verdict.threshold) if verdict else None
    keys = {place: call.key for place, call in _calls_by_place(node).items()}
    return node.id, node.status, node.left, judged, picture.digest if picture else node.result, keys


def _causes(old: KeptTake, new: KeptTake, documents: CallDocuments) -> Iterator[ChangeCause]:
    """Causes; counts of calls or other bytes only if nothing else explains the difference."""
    found = [*_call_causes(old, new, documents), *_verdict_causes(old, new), *_end_causes(old, new)]
    yield from found or list(_count_causes(old, new)) or [ChangeCause(kind="bytes", stage=new.card.stage)]


def _call_causes(old: KeptTake, new: KeptTake, documents: CallDocuments) -> Iterator[ChangeCause]:
    """Changed documents, call by call. Changed inputs that follow from an earlier stage are no causes."""
    had, has = _calls_by_place(old), _calls_by_place(new)
    told = False
    for place, call in has.items():
        other = had.get(place)
        if other is None or other.key == call.key:
            continue
        if call.key not in documents or other.key not in documents:
            yield ChangeCause(kind="unknown", stage=call.stage)
            told = True
            continue
        found = call_differences(documents[other.key], documents[call.key])
        own = [change for change in found if not (told and _is_input(change))]
        yield from (ChangeCause(kind="value", stage=call.stage, change=change) for change in own)
        told = True


def _count_causes(old: KeptTake, new: KeptTake) -> Iterator[ChangeCause]:
    for stage in dict.fromkeys(call.stage for call in (*old.calls, *new.calls)):
        had, has = (sum(call.stage == stage for call in node.calls) for node in (old, new))
        if had != has:
            yield ChangeCause(kind="calls", stage=stage, old=had, new=has)


def _is_input(change: CallDifference) -> bool:
    return not isinstance(change, ValueChange) or change.path.startswith("inputs/")


def _verdict_causes(old: KeptTake, new: KeptTake) -> Iterator[ChangeCause]:
    had, has = old.verdict, new.verdict
    if had and has and had.threshold != has.threshold:
        yield ChangeCause(kind="threshold", stage=has.stage, old=had.threshold, new=has.threshold)
    before, after = (verdict.ruling if verdict else None for verdict in (had, has))
    if before != after:
        word = has or had
        yield ChangeCause(kind="verdict", stage=word.stage if word else "", old=before, new=after)


def _end_causes(old: KeptTake, new: KeptTake) -> Iterator[ChangeCause]:
    if old.left != new.left:
        yield ChangeCause(kind="left", old=old.left, new=new.left)
    if old.status != new.status:
        yield ChangeCause(kind="status", old=str(old.status), new=str(new.status))


class VerdictTotals(Struct, frozen=True, kw_only=True):
    """The gates' final verdicts on the takes of one recipe or subject (`name`; several people are joined by `+`)."""

    name: str
    accepted: int = 0
    unsure: int = 0
    rejected: int = 0
    not_judged: int = 0

    @property
    def judged(self) -> int:
        """Takes that were compared with a person."""
        return self.accepted + self.unsure + self.rejected


def verdict_totals(snapshots: Iterable[Snapshot], *, by_subject: bool) -> tuple[VerdictTotals, ...]:
    """The totals by recipe or by subject, by name; takes that no gate has seen don't count."""
    counts: dict[str, Counter[str]] = {}
    for snapshot in snapshots:
        for take in snapshot.takes:
            if take.verdict is not None:
                people = take.card.subject or "+".join(take.card.cast)
                name = people if by_subject else snapshot.recipe
                counts.setdefault(name, Counter())[take.verdict.ruling] += 1
    known = [field for field in VerdictTotals.__struct_fields__ if field != "name"]
    # (A later version may know other rulings.)
    return tuple(
        VerdictTotals(name=name, **{ruling: found[ruling] for ruling in known})
        for name, found in sorted(counts.items())
    )


LATEST_RUN = "latest"
_LATEST_BACK = re.compile(rf"{LATEST_RUN}(?:~(\d+))?")
_RUNS_SHOWN = 3


class History:
    """Past runs in a store. Close it at the end, unless the store is closed elsewhere."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The history of the store in `folder`, which is there."""
        return cls(Store.open(folder))

    def __enter__(self) -> Self:
        """Close it at the end of a `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the store."""
        self.store.close()

    def runs(self, recipe: str | None = None, *, limit: int = -1) -> list[Run]:
        """The last runs of a recipe or of all, newest first; a negative limit means no limit.

        Batches of calls, such as for a sheet or photos, are no runs.
        """
        found = [run for run in self.store.runs.latest(recipe, limit=-1) if not run.recipe.startswith(BATCH_RUN_PREFIX)]
        return found if limit < 0 else found[:limit]

    def billed(self, runs: Iterable[Run]) -> list[Run]:
        """The runs with their costs as known now: a later run may have collected some requests."""
        found = list(runs)
        bills = self.store.ledger.runs(run.id for run in found)
        costs: dict[str, JSONObject] = {
            name: {"cost_usd": bill.spent_usd, "unknown_cost": bill.unknown} for name, bill in bills.items()
        }
        return [replace(run, summary={**run.summary, **costs.get(run.id, {})}) for run in found]

    def find(self, name: str, recipe: str | None = None) -> Run:
        """The run of that name: whole, its beginning or its last four digits, `latest`, or `latest~1` before that.

        Raises Invalid: `no_runs`, `no_runs_of`, `no_such_run`, `run_ambiguous`, `runs_too_few`.
        """
        runs = self.runs(recipe)
        if not runs:
            raise Invalid([problem("no_runs_of", recipe=recipe) if recipe else problem("no_runs")])
        back = _LATEST_BACK.fullmatch(name)
        if back:
            steps = int(back[1] or 0)
            if steps >= len(runs):
                raise Invalid([problem("runs_too_few", name=name, count=len(runs))])
            return runs[steps]
        whole = [run for run in runs if run.id == name]
        found = whole or [run for run in runs if name and (run.id.startswith(name) or run.id.endswith(f"-{name}"))]
        if not found:
            hint = did_you_mean(name, [LATEST_RUN, *(run.id for run in runs)])
            raise Invalid([problem("no_such_run", suggestions=hint, name=name)])
        if len(found) > 1:
            hint = tuple(run.id for run in found[:_RUNS_SHOWN])
            raise Invalid([problem("run_ambiguous", suggestions=hint, name=name, count=len(found))])
        return found[0]

    def previous(self, run: Run) -> Run | None:
        """The run of the same recipe that is kept before this one, or None."""
        kept = set(self.kept_runs(run.recipe))
        older = [other for other in self.runs(run.recipe) if other.begun_at < run.begun_at and other.id in kept]
        return older[0] if older else None

    def kept_runs(self, recipe: str | None = None) -> list[str]:
        """The runs with a snapshot, newest first."""
        return self.store.snapshots.runs(recipe)

    def compare(self, old: str | None, new: str | None, recipe: str | None = None) -> RunComparison:
        """Two runs side by side: `new` (None: the last one) with `old` (None: the one of its recipe before it).

        Raises Invalid as `find` and `snapshot` do, and `run_first` where there is none before.
        """
        after = self.find(new or LATEST_RUN, recipe)
        before = self.previous(after) if old is None else self.find(old, recipe)
        if before is None:
            raise Invalid([problem("run_first", run=after.id, recipe=after.recipe)])
        snapshots = self.snapshot(before), self.snapshot(after)
        return compare_runs(*snapshots, self.documents(changed_keys(*snapshots)))

    def snapshot(self, run: Run) -> Snapshot:
        """The results of a run. Raises Invalid (`run_not_kept`) if they are not kept."""
        found = unpack_snapshot(self.store.snapshots.get(run.id))
        if found is None:
            kept = tuple(self.kept_runs(run.recipe)[:_RUNS_SHOWN])
            raise Invalid([problem("run_not_kept", suggestions=kept, run=run.id, status=run.status)])
        return found

    def judgements(
        self, *, by_subject: bool, since: float | None = None, recipe: str | None = None
    ) -> tuple[VerdictTotals, ...]:
        """The gates' final verdicts on the takes of each recipe's last run, if it began after `since`.

        By recipe or by subject; `since` is in seconds since 1970 (None: any time).
        """
        last: dict[str, Run] = {}
        kept = set(self.kept_runs(recipe))
        for run in self.runs(recipe):
            if run.id in kept and run.begun_at >= (since or 0.0):
                last.setdefault(run.recipe, run)
        return verdict_totals((self.snapshot(run) for run in last.values()), by_subject=by_subject)

    def still_stored(self, digests: Iterable[str]) -> set[str]:
        """Those of these pictures that the store still has; `gc` may have deleted the others."""
        return self.store.blobs.known(digests)

    def documents(self, keys: Iterable[str]) -> dict[str, JSONObject]:
        """The documents of calls, by their keys in snapshots; `gc` may have deleted some."""
        return self.store.replies.documents_by_prefix(keys)

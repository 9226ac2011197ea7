"""What one store and its runs' reports have of a subject.

What leads to the rest goes last: the store's rows, its files, the snapshots, then the manifests. After a crash, find
and erase again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.model.json_values import JSONObject, as_items, as_object
from nano_banana.model.ticket import Ticket, TicketState
from nano_banana.session.manifest import MANIFEST, manifest_entries, remove_from_manifest
from nano_banana.session.run_snapshot import KEY_DIGITS, KeptTake, Snapshot, pack_snapshot, unpack_snapshot
from nano_banana.store.local_store import Store
from nano_banana.store.personal_data import DataSubject, ErasureSeeds, SubjectTraces

_DIGEST = re.compile(r"[0-9a-f]{64}")

_MAYBE_SENT = {TicketState.SENDING, TicketState.UNKNOWN, TicketState.ABANDONED}
"""States of requests that a provider may have received, even if their id is unknown."""


class _ReportedNode(Struct, frozen=True, kw_only=True):
    """A node in a manifest or a snapshot: its kind, who is in it, its calls' keys, its files' digests, its pictures."""

    kind: str
    people: frozenset[str]
    keys: frozenset[str]
    digests: frozenset[str]
    pictures: frozenset[str]

    @classmethod
    def of_entry(cls, kind: str, entry: JSONObject, folder: Path = Path()) -> _ReportedNode:
        """An entry of the manifest in `folder`. Its calls' files are not its own."""
        attempts = [entry, *map(as_object, as_items(entry.get("attempts")))]
        paths = [str(path) for each in attempts for path in as_object(each.get("pictures")).values()]
        subject = entry.get("subject")
        return cls(
            kind=kind,
            people=frozenset(map(str, [*as_items(entry.get("cast")), *([subject] if subject else [])])),
            keys=frozenset(str(as_object(call).get("key")) for call in as_items(entry.get("calls"))),
            digests=frozenset(_DIGEST.findall(json.dumps({**entry, "calls": None}))),
            pictures=frozenset(str(folder / path.removeprefix("./")) for path in paths),
        )

    @classmethod
    def of_kept(cls, node: KeptTake, folder: Path = Path()) -> _ReportedNode:
        """A node of a snapshot; `folder` is the recipe's output folder."""
        return cls(
            kind=node.card.kind,
            people=frozenset({*node.card.cast, node.card.subject} - {""}),
            keys=frozenset(call.key for call in node.calls),
            digests=frozenset([node.result, *(picture.digest for picture in node.pictures)]),
            pictures=frozenset(str(folder / picture.name) for picture in node.pictures),
        )


class SubjectInStore(Struct, frozen=True, kw_only=True):
    """What one store has of a subject. `manifests` (their folders) and so many `runs` mention the subject."""

    who: DataSubject
    store: Path
    traces: SubjectTraces
    manifests: tuple[Path, ...]
    runs: int
    seeds: ErasureSeeds

    @property
    def empty(self) -> bool:
        """Whether there is nothing."""
        return self.traces.empty and not self.manifests and not self.runs

    @property
    def requests(self) -> tuple[Ticket, ...]:
        """Their requests that a provider received, or may have received."""
        return tuple(ticket for ticket in self.traces.requests if ticket.request_id or ticket.state in _MAYBE_SENT)


def _is_mentioned(found: SubjectInStore) -> Callable[[_ReportedNode], bool]:
    """Says whether a node of a report is about the subject, or shows them: by name, call or file."""
    name, digests = found.who.name, found.traces.digests
    keys = {key[:KEY_DIGITS] for key in found.traces.keys}
    return lambda node: (
        name in node.people
        or not digests.isdisjoint(node.digests)
        or not keys.isdisjoint(key[:KEY_DIGITS] for key in node.keys)
    )


def find_in_store(store: Store, out: Path, who: DataSubject) -> SubjectInStore:
    """Find everything, and change nothing. Raises Unusable as a store does."""
    folders = sorted(path.parent for path in out.glob(f"*/{MANIFEST}"))
    nodes = [_ReportedNode.of_entry(*entry, folder) for folder in folders for entry in manifest_entries(folder)]
    nodes += [_ReportedNode.of_kept(node, out / kept.recipe) for kept in _snapshots(store) for node in kept.nodes]
    own = [node for node in nodes if who.name in node.people]
    seeds = ErasureSeeds(
        own=_call_keys(node for node in own if node.kind == "take"),
        others=_call_keys(node for node in nodes if who.name not in node.people),
        roots=_call_keys(node for node in own if node.kind != "take"),
        pictures=frozenset(picture for node in own for picture in node.pictures),
    )
    traces = store.erasure().forget(who, seeds, dry_run=True)
    found = SubjectInStore(who=who, store=store.folder, traces=traces, manifests=(), runs=0, seeds=seeds)
    manifests = tuple(folder for folder in folders if _remove_from_manifest(folder, found, dry_run=True))
    return replace(found, manifests=manifests, runs=_remove_from_snapshots(store, found, dry_run=True))


def erase_from_store(store: Store, found: SubjectInStore, removed: Collection[Path]) -> None:
    """Delete what was found, once the files (`removed`) are deleted.

    Raises Unusable: `forget_underway`, `forget_open` (nothing is deleted then), and if the disk can't be written.
    """
    erasure = store.erasure()
    erasure.forget(found.who, found.seeds, dry_run=False, removed={str(path) for path in removed})
    _remove_from_snapshots(store, found)
    erasure.finish()
    for folder in found.manifests:
        _remove_from_manifest(folder, found)


def _remove_from_manifest(folder: Path, found: SubjectInStore, *, dry_run: bool = False) -> bool:
    is_mentioned = _is_mentioned(found)
    return remove_from_manifest(
        folder, found.who.name, lambda *entry: is_mentioned(_ReportedNode.of_entry(*entry)), dry_run=dry_run
    )


def _remove_from_snapshots(store: Store, found: SubjectInStore, *, dry_run: bool = False) -> int:
    """Remove a subject's nodes from the snapshots of runs; return how many runs have any."""
    changed, is_mentioned = 0, _is_mentioned(found)
    for snapshot in _snapshots(store):
        kept = [node for node in snapshot.nodes if not is_mentioned(_ReportedNode.of_kept(node))]
        if len(kept) < len(snapshot.nodes):
            changed += 1
            if not dry_run:
                data = pack_snapshot(snapshot.run, snapshot.recipe, kept, whole=snapshot.whole)
                store.snapshots.keep(snapshot.run, snapshot.recipe, data)
    return changed


def _snapshots(store: Store) -> Iterator[Snapshot]:
    found = (unpack_snapshot(store.snapshots.get(run)) for run in store.snapshots.runs())
    yield from filter(None, found)


def _call_keys(nodes: Iterable[_ReportedNode]) -> frozenset[str]:
    return frozenset(key for node in nodes for key in node.keys)

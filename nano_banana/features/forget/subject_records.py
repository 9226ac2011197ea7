"""A subject in one store and its runs' records: found, then erased.

What leads to the rest goes last: the store's rows, its files, the snapshots, then the manifests. After a crash, look
and erase again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from nano_banana.model.json_values import JSONObject, as_items, as_object
from nano_banana.model.ticket import Ticket, TicketState, Upload
from nano_banana.session.manifest import MANIFEST, manifest_entries, remove_from_manifest
from nano_banana.session.run_snapshot import KEY_DIGITS, KeptTake, pack_snapshot, unpack_snapshot
from nano_banana.store.local_store import Store
from nano_banana.store.personal_data import DataSubject, ErasureSeeds, SubjectTraces

_DIGEST = re.compile(r"[0-9a-f]{64}")


class _RecordedNode(Struct, frozen=True, kw_only=True):
    """A node in a report: its kind, who is in it, its calls' keys, its pictures below `folder`."""

    kind: str
    people: frozenset[str]
    keys: frozenset[str]
    folder: Path
    pictures: tuple[str, ...]


def manifest_folders(out: Path) -> list[Path]:
    """The output folders of this project's recipes that have a manifest."""
    return sorted(path.parent for path in out.glob(f"*/{MANIFEST}"))


def subject_mentions(store: Store, out: Path, name: str) -> ErasureSeeds:
    """What all manifests below `out` and all snapshots of runs say about `name`."""
    nodes = [*_manifest_nodes(out), *_snapshot_nodes(store, out)]
    own = [node for node in nodes if name in node.people]
    return ErasureSeeds(
        own=_call_keys(node for node in own if node.kind == "take"),
        others=_call_keys(node for node in nodes if name not in node.people),
        roots=_call_keys(node for node in own if node.kind != "take"),
        pictures=frozenset(str(node.folder / picture) for node in own for picture in node.pictures),
    )


class RecordMatcher(Struct, frozen=True, kw_only=True):
    """Decides whether a report's entry is about a subject: by name, call or picture.

    `keys` are the first `KEY` digits of calls' keys.
    """

    name: str
    keys: Collection[str] = frozenset()
    digests: Collection[str] = frozenset()

    def in_entry(self, kind: str, entry: JSONObject) -> bool:
        """Whether an entry of a manifest is about them, or has them in it."""
        if self.name in _entry_people(entry) or (kind != "take" and entry.get("subject") == self.name):
            return True
        files = _DIGEST.findall(json.dumps({name: told for name, told in entry.items() if name != "calls"}))
        return self._has(_entry_keys(entry), files)

    def in_node(self, node: KeptTake) -> bool:
        """Whether a node of a snapshot is about them, or has them in it."""
        files = [node.result, *(picture.digest for picture in node.pictures)]
        return self.name in _node_people(node) or self._has((call.key for call in node.calls), files)

    def _has(self, keys: Iterable[str], files: Iterable[str]) -> bool:
        return any(key[:KEY_DIGITS] in self.keys for key in keys) or any(digest in self.digests for digest in files)


def remove_from_snapshots(store: Store, mentions: RecordMatcher, *, dry_run: bool) -> int:
    """Remove a subject's takes from the snapshots of runs; return how many runs that changes."""
    changed = 0
    for run in store.snapshots.runs():
        snapshot = unpack_snapshot(store.snapshots.get(run))
        if snapshot is None:
            continue
        kept = [node for node in snapshot.nodes if not mentions.in_node(node)]
        if len(kept) < len(snapshot.nodes):
            changed += 1
            if not dry_run:
                data = pack_snapshot(snapshot.run, snapshot.recipe, kept, whole=snapshot.whole)
                store.snapshots.keep(snapshot.run, snapshot.recipe, data)
    return changed


def _manifest_nodes(out: Path) -> Iterator[_RecordedNode]:
    for folder in manifest_folders(out):
        for kind, entry in manifest_entries(folder):
            told = [entry, *map(as_object, as_items(entry.get("attempts")))]
            paths = [str(path) for each in told for path in as_object(each.get("pictures")).values()]
            yield _RecordedNode(
                kind=kind,
                people=_entry_people(entry),
                keys=frozenset(_entry_keys(entry)),
                folder=folder,
                pictures=tuple(path.removeprefix("./") for path in paths),
            )


def _snapshot_nodes(store: Store, out: Path) -> Iterator[_RecordedNode]:
    for run in store.snapshots.runs():
        snapshot = unpack_snapshot(store.snapshots.get(run))
        for node in snapshot.nodes if snapshot else ():
            yield _RecordedNode(
                kind=node.card.kind,
                people=_node_people(node),
                keys=frozenset(call.key for call in node.calls),
                folder=out / (snapshot.recipe if snapshot else ""),
                pictures=tuple(picture.name for picture in node.pictures),
            )


def _entry_keys(entry: JSONObject) -> list[str]:
    return [str(as_object(call).get("key")) for call in as_items(entry.get("calls"))]


def _entry_people(entry: JSONObject) -> frozenset[str]:
    subject = entry.get("subject")
    return frozenset(map(str, as_items(entry.get("cast")))) | ({str(subject)} if subject else set())


def _node_people(node: KeptTake) -> frozenset[str]:
    return frozenset({*node.card.cast, node.card.subject} - {""})


def _call_keys(nodes: Iterable[_RecordedNode]) -> frozenset[str]:
    return frozenset(key for node in nodes for key in node.keys)


_MAYBE_SENT = {TicketState.SENDING, TicketState.UNKNOWN, TicketState.ABANDONED}
"""States of requests that a service may have, also where their id was never heard of."""


class SubjectInStore(Struct, frozen=True, kw_only=True):
    """What one store has of a subject. `manifests` (their folders) and `runs` mention the subject."""

    who: DataSubject
    store: Path
    traces: SubjectTraces
    manifests: tuple[Path, ...]
    runs: int
    hints: ErasureSeeds

    @property
    def empty(self) -> bool:
        """Whether there is nothing."""
        return self.traces.empty and not self.manifests and not self.runs

    @property
    def requests(self) -> tuple[Ticket, ...]:
        """Their requests that a service took, or may have taken."""
        return tuple(ticket for ticket in self.traces.requests if ticket.request_id or ticket.state in _MAYBE_SENT)

    @property
    def uploads(self) -> tuple[Upload, ...]:
        """Their files at a service."""
        return self.traces.uploads


def find_in_store(store: Store, out: Path, who: DataSubject) -> SubjectInStore:
    """Find everything, and change nothing. Raises Unusable as a store does."""
    hints = subject_mentions(store, out, who.name)
    traces = store.erasure().forget(who, hints, dry_run=True)
    mentions = _record_matcher(who, traces)
    return SubjectInStore(
        who=who,
        store=store.folder,
        traces=traces,
        manifests=tuple(
            folder
            for folder in manifest_folders(out)
            if remove_from_manifest(folder, who.name, mentions.in_entry, dry_run=True)
        ),
        runs=remove_from_snapshots(store, mentions, dry_run=True),
        hints=hints,
    )


def check_erasable(store: Store, found: SubjectInStore, *, abandon: bool = False) -> None:
    """Raise Unusable where nothing can be deleted now: `forget_underway`, `forget_open`."""
    store.erasure().check(found.who, found.traces, abandon=abandon)


def abandon_requests(store: Store, found: SubjectInStore) -> None:
    """Abandon the subject's requests with an unknown result; search again afterwards. Raises `forget_underway`."""
    store.erasure().abandon(found.traces)


def erase_from_store(store: Store, found: SubjectInStore, removed: Collection[Path]) -> None:
    """Delete what was found, once the files (`removed`) are deleted. After a crash, look and forget again.

    What leads to the rest goes last: the store's rows, its files, the snapshots, then the manifests.
    Raises Unusable: `forget_underway`, `forget_open` (nothing is deleted then), and what a full or read-only disk does.
    """
    oblivion, who = store.erasure(), found.who
    oblivion.forget(who, found.hints, dry_run=False, removed={str(path) for path in removed})
    mentions = _record_matcher(who, found.traces)
    remove_from_snapshots(store, mentions, dry_run=False)
    oblivion.finish()
    for folder in found.manifests:
        remove_from_manifest(folder, who.name, mentions.in_entry)


def finish_erasure(store: Store) -> bool:
    """End a forgetting that was cut short; return whether there was one."""
    oblivion = store.erasure()
    if not oblivion.pending:
        return False
    oblivion.finish()
    return True


def _record_matcher(who: DataSubject, traces: SubjectTraces) -> RecordMatcher:
    return RecordMatcher(name=who.name, keys={key[:KEY_DIGITS] for key in traces.keys}, digests=traces.digests)

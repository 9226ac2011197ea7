"""What manifests and snapshots of runs say about somebody."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.json import JSONObject, as_items, as_object
from nano_banana.reports.manifest import MANIFEST, entries
from nano_banana.reports.packed import dump, load
from nano_banana.reports.snapshot import KEY, KeptTake
from nano_banana.store.store import Store
from nano_banana.store.traces import Hints

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """A node as a report tells it: its kind, who is in it, its calls' keys, its pictures below `folder`."""

    kind: str
    people: frozenset[str]
    keys: frozenset[str]
    folder: Path
    pictures: tuple[str, ...]


def folders_of(out: Path) -> list[Path]:
    """The output folders of this project's recipes that have a manifest."""
    return sorted(path.parent for path in out.glob(f"*/{MANIFEST}"))


def heard(store: Store, out: Path, name: str) -> Hints:
    """Put together what every manifest below `out`, and every snapshot of a run, tells of `name`."""
    nodes = [*_manifests(out), *_snapshots(store, out)]
    own = [node for node in nodes if name in node.people]
    return Hints(
        own=_keys(node for node in own if node.kind == "take"),
        others=_keys(node for node in nodes if name not in node.people),
        roots=_keys(node for node in own if node.kind != "take"),
        pictures=frozenset(str(node.folder / picture) for node in own for picture in node.pictures),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """Tells whether a report's entry is about somebody: it names them, or has a call or a picture of theirs.

    `keys` are the first `KEY` digits of calls' keys.
    """

    name: str
    keys: Collection[str] = frozenset()
    digests: Collection[str] = frozenset()

    def in_entry(self, kind: str, entry: JSONObject) -> bool:
        """Whether an entry of a manifest is about them, or has them in it."""
        if self.name in _people(entry) or (kind != "take" and entry.get("subject") == self.name):
            return True
        files = _DIGEST.findall(json.dumps({name: told for name, told in entry.items() if name != "calls"}))
        return self._has(_keys_in(entry), files)

    def in_node(self, node: KeptTake) -> bool:
        """Whether a node of a snapshot is about them, or has them in it."""
        files = [node.result, *(picture.digest for picture in node.pictures)]
        return self.name in _cast(node) or self._has((call.key for call in node.calls), files)

    def _has(self, keys: Iterable[str], files: Iterable[str]) -> bool:
        return any(key[:KEY] in self.keys for key in keys) or any(digest in self.digests for digest in files)


def leave_out_of_runs(store: Store, mentions: Mentions, *, dry_run: bool) -> int:
    """Take somebody's takes out of the snapshots of runs; return how many runs that changes."""
    changed = 0
    for run in store.snapshots.runs():
        snapshot = load(store.snapshots.get(run))
        if snapshot is None:
            continue
        kept = [node for node in snapshot.nodes if not mentions.in_node(node)]
        if len(kept) < len(snapshot.nodes):
            changed += 1
            if not dry_run:
                data = dump(snapshot.run, snapshot.recipe, kept, whole=snapshot.whole)
                store.snapshots.keep(snapshot.run, snapshot.recipe, data)
    return changed


def _manifests(out: Path) -> Iterator[_Node]:
    for folder in folders_of(out):
        for kind, entry in entries(folder):
            told = [entry, *map(as_object, as_items(entry.get("attempts")))]
            paths = [str(path) for each in told for path in as_object(each.get("pictures")).values()]
            yield _Node(
                kind=kind,
                people=_people(entry),
                keys=frozenset(_keys_in(entry)),
                folder=folder,
                pictures=tuple(path.removeprefix("./") for path in paths),
            )


def _snapshots(store: Store, out: Path) -> Iterator[_Node]:
    for run in store.snapshots.runs():
        snapshot = load(store.snapshots.get(run))
        for node in snapshot.nodes if snapshot else ():
            yield _Node(
                kind=node.card.kind,
                people=_cast(node),
                keys=frozenset(call.key for call in node.calls),
                folder=out / (snapshot.recipe if snapshot else ""),
                pictures=tuple(picture.name for picture in node.pictures),
            )


def _keys_in(entry: JSONObject) -> list[str]:
    return [str(as_object(call).get("key")) for call in as_items(entry.get("calls"))]


def _people(entry: JSONObject) -> frozenset[str]:
    subject = entry.get("subject")
    return frozenset(map(str, as_items(entry.get("cast")))) | ({str(subject)} if subject else set())


def _cast(node: KeptTake) -> frozenset[str]:
    return frozenset({*node.card.cast, node.card.subject} - {""})


def _keys(nodes: Iterable[_Node]) -> frozenset[str]:
    return frozenset(key for node in nodes for key in node.keys)

"""What is kept of the last runs, and what goes."""

from __future__ import annotations

import pytest

from nano_banana.model.call import Blob, Call, Reply, call_document
from nano_banana.store.local_store import Store
from nano_banana.store.reply_cache import RecordedCall
from nano_banana.store.run_log import SNAPSHOTS_KEPT
from tests.store.tools import Clock

DAY = 86_400.0


def test_a_run_s_bytes_are_found_again_and_may_be_replaced(store: Store) -> None:
    store.snapshots.keep("run-1", "portraits", b"one")
    store.snapshots.keep("run-2", "avatars", b"two")
    store.snapshots.keep("run-1", "portraits", b"one again")
    assert store.snapshots.get("run-1") == b"one again"
    assert store.snapshots.get("run-3") is None
    assert store.snapshots.runs() == ["run-2", "run-1"]
    assert store.snapshots.runs("portraits") == ["run-1"]
    store.snapshots.drop("run-1")
    assert store.snapshots.runs() == ["run-2"]


def test_only_so_many_are_kept_of_a_recipe(store: Store) -> None:
    store.snapshots.keep("other", "avatars", b"")
    for number in range(SNAPSHOTS_KEPT + 3):
        store.snapshots.keep(f"run-{number:02}", "portraits", b"")
    kept = store.snapshots.runs("portraits")
    assert len(kept) == SNAPSHOTS_KEPT
    assert kept[0] == f"run-{SNAPSHOTS_KEPT + 2}"
    assert kept[-1] == "run-03"
    assert store.snapshots.runs("avatars") == ["other"]


def test_a_sweep_takes_old_ones_but_never_the_last_two_of_a_recipe(store: Store, clock: Clock) -> None:
    for number in range(4):
        store.snapshots.keep(f"run-{number}", "portraits", b"")
    store.snapshots.keep("only", "avatars", b"")
    clock.now += 40 * DAY
    store.snapshots.keep("late", "portraits", b"")
    assert store.gc(dry_run=False).snapshots == 0, "only where it is said how old"
    assert store.gc(dry_run=False, older_than_days=60).snapshots == 0
    assert store.gc(dry_run=True, older_than_days=30).snapshots == 3
    assert len(store.snapshots.runs()) == 6, "a dry run drops nothing"
    assert store.gc(dry_run=False, older_than_days=30).snapshots == 3
    assert store.snapshots.runs() == ["late", "only", "run-3"]


@pytest.mark.parametrize("digits", [64, 32, 12])
def test_a_call_s_document_is_found_by_the_beginning_of_its_key(store: Store, digits: int) -> None:
    calls = [Call(provider="local", endpoint="draw", arguments={"seed": seed}) for seed in range(20)]
    store.replies.record([RecordedCall(call=call, reply=Reply(data={}), run="run-1") for call in calls[:-1]])
    found = store.replies.documents_by_prefix(call.key[:digits] for call in calls)
    assert found == {call.key[:digits]: call_document(call) for call in calls[:-1]}


def test_it_is_known_which_bytes_are_held(store: Store) -> None:
    blob: Blob = store.blobs.put(b"bytes", media="image/png")
    assert store.blobs.known([blob.digest, "0" * 64]) == {blob.digest}
    assert store.blobs.known([]) == set()

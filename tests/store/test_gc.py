"""The sweep takes what nothing names, and nothing that was paid for."""

from __future__ import annotations

import signal
import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace

from nano_banana.model.call import Blob
from nano_banana.store.local_store import Store
from nano_banana.store.maintenance import MIN_AGE, GcReport
from tests.store.tools import DAY, Clock, a_call, answered, file_of, leftovers, python


def swept(store: Store, *, paid: bool = False, older_than_days: float | None = None) -> GcReport:
    """Sweep, after making sure that the dry run says the same and does nothing."""
    before = store.stats()
    dry = store.gc(dry_run=True, paid=paid, older_than_days=older_than_days)
    assert store.stats() == before
    report = store.gc(dry_run=False, paid=paid, older_than_days=older_than_days)
    assert replace(dry, dry_run=False) == report
    again = store.gc(dry_run=False, paid=paid, older_than_days=older_than_days)
    assert (again.replies, again.blobs, again.leftovers, again.memories) == (0, 0, 0, 0)
    return report


def age(store: Store, clock: Clock, seconds: float) -> None:
    clock.now += seconds
    assert store.runs.latest() == []


def test_an_empty_store_has_nothing_to_sweep(store: Store) -> None:
    assert swept(store) == GcReport(
        replies=0, blobs=0, bytes=0, leftovers=0, memories=0, paid_kept=0, underway=False, dry_run=False
    )


def test_what_a_trail_names_stays(store: Store, clock: Clock) -> None:
    key, picture = answered(store, 1)
    other, gone = answered(store, 2)
    store.trail.set("portraits", {"takes|ana|0": key}, whole=True)
    age(store, clock, MIN_AGE + 1)
    report = swept(store)
    assert (report.replies, report.blobs, report.bytes) == (1, 1, gone.size)
    assert set(store.replies.get([key, other])) == {key}
    assert store.replies.documents([key, other]).keys() == {key}
    assert store.blobs.path(picture).exists()
    assert not file_of(store, gone).exists()


def test_what_was_paid_for_stays_unless_told(store: Store, clock: Clock) -> None:
    keys = {answered(store, seed, cost_usd=cost)[0] for seed, cost in enumerate([0.04, None])}
    age(store, clock, MIN_AGE + 1)
    report = swept(store)
    assert (report.replies, report.blobs, report.paid_kept) == (0, 0, 2)
    assert store.replies.get(keys).keys() == keys
    report = swept(store, paid=True)
    assert (report.replies, report.blobs, report.paid_kept) == (2, 2, 0)


def test_only_what_is_old_enough_goes(store: Store, clock: Clock) -> None:
    answered(store, 1)
    age(store, clock, 2 * DAY)
    key, _ = answered(store, 2)
    age(store, clock, DAY)
    assert swept(store, older_than_days=2).replies == 1
    assert store.replies.get([key]).keys() == {key}
    assert swept(store, older_than_days=0.5).replies == 1


@pytest.mark.parametrize("older_than_days", [None, 0.0, 0.02])
def test_a_reply_that_no_trail_names_yet_is_left_for_an_hour(
    store: Store, clock: Clock, older_than_days: float | None
) -> None:
    """A run that is being recorded just now may be about to name it; its blob is of no use without it."""
    key, picture = answered(store, 1)
    clock.now += MIN_AGE - 1
    report = swept(store, paid=True, older_than_days=older_than_days)
    assert (report.replies, report.blobs, report.paid_kept) == (0, 0, 0)
    assert store.replies.get([key]).keys() == {key}
    assert store.blobs.path(picture).exists()
    clock.now += 1
    assert swept(store, paid=True, older_than_days=older_than_days).replies == 1


def test_a_blob_not_yet_recorded_is_left_for_an_hour(store: Store, clock: Clock) -> None:
    old = store.blobs.put(b"old", media="x/y")
    renewed = store.blobs.put(b"renewed", media="x/y")
    age(store, clock, MIN_AGE + 1)
    store.blobs.put(b"renewed", media="x/y")
    report = swept(store)
    assert (report.blobs, report.bytes) == (1, 3)
    assert not file_of(store, old).exists()
    assert store.blobs.path(renewed).exists()


def test_two_replies_share_a_blob_and_one_goes(store: Store, clock: Clock) -> None:
    key, picture = answered(store, 1)
    file_of(store, picture).stat()
    store.trail.set("portraits", {"takes|ana|0": key}, whole=True)
    with sqlite3.connect(store.folder / "store.sqlite") as rows:
        rows.execute("INSERT INTO reply_files SELECT 'other', place, digest, size, media FROM reply_files")
        rows.execute("INSERT INTO replies SELECT 'other', provider, endpoint, data, 1, 0, 0, '' FROM replies")
    rows.close()
    age(store, clock, MIN_AGE + 1)
    report = swept(store)
    assert (report.replies, report.blobs) == (1, 0)
    assert store.blobs.path(picture).exists()


def test_half_written_and_unknown_files_go_when_they_are_old(store: Store, clock: Clock) -> None:
    half = store.folder / "blobs" / "new" / "1-1"
    unknown = file_of(store, Blob(digest="ab" + "0" * 62, size=4, media="x/y"))
    for path in (half, unknown):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"half")
    clock.now = half.stat().st_mtime
    assert swept(store).leftovers == 0
    clock.now += MIN_AGE + 1
    report = swept(store)
    assert (report.leftovers, report.blobs, report.bytes) == (1, 1, 4)
    assert leftovers(store) == []
    assert not unknown.exists()


def test_memories_of_files_that_are_gone_go(store: Store, tmp_path: Path) -> None:
    for name in ("kept", "gone"):
        (tmp_path / name).write_bytes(b"a photo")
        store.files.digest(tmp_path / name, media="image/jpeg")
    (tmp_path / "gone").unlink()
    assert swept(store).memories == 1


def test_while_a_run_goes_on_its_replies_are_left_alone(store: Store, clock: Clock) -> None:
    answered(store, 1)
    clock.now += MIN_AGE + 1
    run = store.runs.begin("portraits", arguments={})
    report = swept(store)
    assert (report.replies, report.blobs, report.underway) == (0, 0, True)
    store.runs.end(run, status="done", summary={})
    report = swept(store)
    assert (report.replies, report.blobs, report.underway) == (1, 1, False)


def test_a_run_that_was_killed_holds_nothing_back(store: Store, clock: Clock) -> None:
    answered(store, 1)
    clock.now += MIN_AGE + 1
    code = "import sys,pathlib;from nano_banana.store.local_store import Store;s=Store.open(pathlib.Path(sys.argv[1]))"
    process = python(f"{code};print(s.runs.begin('p', arguments={{}}), flush=True);input()", store.folder)
    assert process.stdout is not None
    process.stdout.readline()
    assert store.gc(dry_run=True).underway
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert swept(store).replies == 1


def test_a_file_that_went_by_itself_is_no_trouble(store: Store, clock: Clock) -> None:
    _, picture = answered(store, 1)
    file_of(store, picture).unlink()
    age(store, clock, MIN_AGE + 1)
    assert swept(store).blobs == 1


def test_a_sweep_that_fails_takes_no_row(store: Store, clock: Clock) -> None:
    key, picture = answered(store, 1)
    age(store, clock, MIN_AGE + 1)
    place = file_of(store, picture)
    place.unlink()
    place.mkdir()
    with pytest.raises(Exception, match="store_"):
        store.gc(dry_run=False)
    place.rmdir()
    assert list(place.parent.iterdir()) == []
    assert store.replies.documents([key]).keys() == {a_call(1).key}

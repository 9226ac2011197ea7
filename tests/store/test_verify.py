"""Everything is read; what is damaged is dropped and named."""

from __future__ import annotations

import pytest

from nano_banana.model.problem import Unusable
from nano_banana.store.local_store import Store
from nano_banana.store.maintenance import EndpointStats, LostCall
from tests.store.tools import Clock, answered, file_of, kind_of, spoil

FREE_PAGES = 36
"""Where a database file says how many of its pages are free."""


def test_a_sound_store_is_sound(store: Store) -> None:
    answered(store, 1)
    report = store.verify()
    assert (report.blobs, report.bytes, report.damaged, report.missing, report.lost) == (1, 9, (), (), ())


def test_damage_and_loss_are_named_with_what_they_cost(store: Store) -> None:
    (key, spoilt), (other, gone), (kept, _) = (answered(store, seed, cost_usd=0.5) for seed in (1, 2, 3))
    spoil(file_of(store, spoilt), b"pictures!")
    file_of(store, gone).unlink()
    report = store.verify()
    assert (report.damaged, report.missing, report.blobs) == ((spoilt.digest,), (gone.digest,), 1)
    lost = [LostCall(key=each, provider="local", endpoint="fal-ai/flux-lora", cost_usd=0.5) for each in (key, other)]
    assert report.lost == tuple(sorted(lost, key=lambda call: call.key))
    assert store.replies.get([key, other, kept]).keys() == {kept}
    again = store.verify()
    assert (again.damaged, again.missing, again.blobs, again.lost) == ((), (), 1, report.lost)
    answered(store, 1)
    answered(store, 2)
    assert store.verify().lost == ()


def test_verify_reads_what_the_stamp_would_have_trusted(store: Store) -> None:
    _, picture = answered(store, 1)
    spoil(file_of(store, picture), b"pictures!")
    now = file_of(store, picture).stat()
    with store._database.writing() as rows:
        rows.execute("UPDATE blobs SET ctime_ns = ?", (now.st_ctime_ns,))
    assert store.blobs.path(picture).read_bytes() == b"pictures!"
    assert store.verify().damaged == (picture.digest,)


def test_a_torn_database_is_found(store: Store) -> None:
    with store._database.writing() as rows:
        rows.execute("PRAGMA writable_schema = ON")
        rows.execute("UPDATE sqlite_master SET rootpage = 999999 WHERE name = 'notes'")
    store.close()
    with Store.open(store.folder) as opened, pytest.raises(Unusable) as error:
        opened.verify()
    assert kind_of(error) == "store_corrupt"


def test_a_database_at_odds_with_itself_is_found(store: Store) -> None:
    store.close()
    with (store.folder / "store.sqlite").open("r+b") as file:
        file.seek(FREE_PAGES)
        file.write(b"\0\0\0\7")
    with Store.open(store.folder) as opened, pytest.raises(Unusable) as error:
        opened.verify()
    assert kind_of(error) == "store_corrupt"
    assert "reelist" in str(error.value.problems[0].data["reason"])


def test_stats_count_what_there_is(store: Store, clock: Clock) -> None:
    assert (store.stats().replies, store.stats().oldest, store.stats().endpoints) == (0, None, ())
    begun = clock.now
    answered(store, 1, cost_usd=0.5)
    clock.now += 10
    answered(store, 2, cost_usd=None)
    store.blobs.put(b"waste", media="x/y")
    stats = store.stats()
    assert (stats.replies, stats.blobs, stats.bytes, stats.wasted, stats.oldest) == (2, 3, 23, 5, begun)
    assert stats.endpoints == (
        EndpointStats(
            provider="local", endpoint="fal-ai/flux-lora", replies=2, bytes=18, seconds=3.0, cost_usd=0.5, unpriced=1
        ),
    )

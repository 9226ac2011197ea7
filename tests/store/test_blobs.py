"""Bytes come back as they were put, or not at all."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from nano_banana.model.call import Blob, blob_of, imagined_blob
from nano_banana.model.problem import Unusable
from nano_banana.store.local_store import Store
from tests.store.tools import file_of, kind_of, leftovers, no_larger_files, powerless, spoil

PICTURE = bytes(range(48))


def test_bytes_come_back(store: Store) -> None:
    blob = store.blobs.put(PICTURE, media="image/png")
    assert blob == blob_of(PICTURE, media="image/png")
    assert store.blobs.path(blob).read_bytes() == PICTURE
    assert store.blobs.path(blob) == file_of(store, blob)
    assert leftovers(store) == []


def test_a_file_is_copied_and_stays(store: Store, tmp_path: Path) -> None:
    data = os.urandom(3 << 20)
    (tmp_path / "adapter").write_bytes(data)
    blob = store.blobs.put(tmp_path / "adapter", media="application/octet-stream")
    assert (blob.digest, blob.size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert (tmp_path / "adapter").read_bytes() == store.blobs.path(blob).read_bytes() == data


@settings(max_examples=30, deadline=None)
@given(some.lists(some.binary(max_size=40), max_size=6))
def test_whatever_is_put_comes_back(pieces: list[bytes]) -> None:
    with TemporaryDirectory() as folder, Store.open(Path(folder)) as store:
        blobs = [store.blobs.put(piece, media="x/y") for piece in pieces]
        assert [store.blobs.path(blob).read_bytes() for blob in blobs] == pieces


def test_blobs_are_read_only_and_obey_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with Store.open(tmp_path) as store:
            assert stat.S_IMODE(store.blobs.path(store.blobs.put(PICTURE, media="x/y")).stat().st_mode) == 0o440
    finally:
        os.umask(before)


@pytest.mark.parametrize("as_file", [False, True])
def test_putting_twice_keeps_the_first_file(store: Store, tmp_path: Path, *, as_file: bool) -> None:
    (tmp_path / "picture").write_bytes(PICTURE)
    data = tmp_path / "picture" if as_file else PICTURE
    first = store.blobs.path(store.blobs.put(data, media="x/y")).stat()
    assert store.blobs.path(store.blobs.put(data, media="x/y")).stat() == first
    assert leftovers(store) == []


def test_putting_again_mends_a_damaged_blob(store: Store) -> None:
    blob = store.blobs.put(PICTURE, media="x/y")
    spoil(file_of(store, blob), PICTURE[::-1])
    store.blobs.put(PICTURE, media="x/y")
    assert store.blobs.path(blob).read_bytes() == PICTURE


def test_a_cut_is_found_at_every_byte(store: Store) -> None:
    for length in range(len(PICTURE)):
        blob = store.blobs.put(PICTURE, media="x/y")
        spoil(file_of(store, blob), PICTURE[:length])
        with pytest.raises(Unusable) as error:
            store.blobs.path(blob)
        assert kind_of(error) == "blob_damaged"
        assert not file_of(store, blob).exists()


def test_a_flipped_bit_is_found_wherever_it_is(store: Store) -> None:
    for bit in range(0, len(PICTURE) * 8, 5):
        blob = store.blobs.put(PICTURE, media="x/y")
        spoilt = bytearray(PICTURE)
        spoilt[bit // 8] ^= 1 << bit % 8
        spoil(file_of(store, blob), bytes(spoilt))
        with pytest.raises(Unusable) as error:
            store.blobs.path(blob)
        assert kind_of(error) == "blob_damaged"


def test_what_is_gone_is_said_to_be(store: Store) -> None:
    blob = store.blobs.put(PICTURE, media="x/y")
    file_of(store, blob).unlink()
    for missing in (blob, imagined_blob("a picture", media="x/y")):
        with pytest.raises(Unusable) as error:
            store.blobs.path(missing)
        assert kind_of(error) == "blob_missing"


def test_a_folder_in_a_blobs_place_is_damage_nobody_removes(store: Store) -> None:
    blob = Blob(digest="ab" + "0" * 62, size=1, media="x/y")
    file_of(store, blob).mkdir(parents=True)
    with pytest.raises(Unusable) as error:
        store.blobs.path(blob)
    assert kind_of(error) == "store_failed"


def test_a_blob_we_may_not_read_is_not_dropped(public: Path) -> None:
    public.chmod(0o777)
    with powerless(), Store.open(public / "store") as store:
        blob = store.blobs.put(PICTURE, media="x/y")
        file_of(store, blob).chmod(0)
        with pytest.raises(Unusable) as error:
            store.blobs.path(blob)
        assert kind_of(error) == "store_read_only"
        file_of(store, blob).chmod(0o444)
        assert store.blobs.path(blob).read_bytes() == PICTURE


def test_a_touched_blob_is_read_once_more_and_served(store: Store) -> None:
    blob = store.blobs.put(PICTURE, media="x/y")
    os.utime(file_of(store, blob))
    assert store.blobs.path(blob).read_bytes() == PICTURE


def test_blobs_of_a_copied_store_are_read_and_served(store: Store, tmp_path: Path) -> None:
    blob = store.blobs.put(PICTURE, media="x/y")
    other = Store.open(tmp_path / "other")
    file_of(other, blob).parent.mkdir(parents=True)
    file_of(other, blob).write_bytes(PICTURE)
    assert other.blobs.path(blob).read_bytes() == PICTURE
    other.close()


def test_a_source_that_cannot_be_read_is_named(store: Store, tmp_path: Path) -> None:
    with pytest.raises(Unusable) as error:
        store.blobs.put(tmp_path / "nothing", media="x/y")
    assert kind_of(error) == "input_unreadable"
    assert error.value.problems[0].data["path"] == str(tmp_path / "nothing")
    assert leftovers(store) == []


def test_a_name_left_by_a_process_that_had_our_id_is_passed_over(store: Store) -> None:
    folder = store.folder / "blobs" / "new"
    folder.mkdir(parents=True)
    (folder / f"{os.getpid()}-0").write_bytes(b"half a pic")
    store.blobs.put(PICTURE, media="x/y")
    assert [path.read_bytes() for path in leftovers(store)] == [b"half a pic"]


def test_a_full_disk_is_said_and_loses_nothing(store: Store) -> None:
    kept = store.blobs.put(PICTURE, media="x/y")
    with no_larger_files(200_000), pytest.raises(Unusable) as error:
        store.blobs.put(bytes(1_000_000), media="x/y")
    assert kind_of(error) == "store_full"
    assert leftovers(store) == []
    assert store.blobs.path(kept).read_bytes() == PICTURE
    assert store.blobs.path(store.blobs.put(bytes(1_000_000), media="x/y")).stat().st_size == 1_000_000


def test_threads_share_one_store(store: Store) -> None:
    digests = set()

    def work(number: int) -> None:
        for piece in range(20):
            digests.add(store.blobs.put(b"%d" % ((number + piece) % 25), media="x/y").digest)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert digests == {hashlib.sha256(b"%d" % number).hexdigest() for number in range(25)}
    assert store.stats().blobs == 25
    assert leftovers(store) == []

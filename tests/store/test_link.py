"""Outputs are put whole, told from others' files, and put back."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from nano_banana.model.call import blob_of
from nano_banana.model.problem import Unusable
from nano_banana.store.local_store import Store
from nano_banana.store.tracked_files import CLOCK_GRAIN, MetadataWriter, content_name
from tests.store.tools import kind_of, no_larger_files, powerless


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "out" / "recipe" / "ana.png"


def test_an_output_is_a_copy_of_its_own(store: Store, target: Path) -> None:
    blob = store.blobs.put(b"a picture", media="image/png")
    found = store.outputs.write(blob, target)
    now = target.stat()
    assert (found.size, found.mtime_ns, found.ctime_ns, found.inode) == (
        9,
        now.st_mtime_ns,
        now.st_ctime_ns,
        now.st_ino,
    )
    assert [path.name for path in target.parent.iterdir()] == ["ana.png"]
    target.write_bytes(b"painted over")
    assert store.blobs.path(blob).read_bytes() == b"a picture"


def test_an_output_as_it_should_be_is_left_alone(store: Store, target: Path) -> None:
    blob = store.blobs.put(b"a picture", media="image/png")
    assert store.outputs.write(blob, target) == store.outputs.write(blob, target)
    assert store.files.present({target: blob.digest, target.with_name("gone"): blob.digest}) == {target}
    assert store.files.present({target: "another digest"}) == set()


@pytest.mark.parametrize("harm", ["deleted", "tampered"])
def test_an_output_is_put_back(store: Store, target: Path, harm: str) -> None:
    blob = store.blobs.put(b"a picture", media="image/png")
    store.outputs.write(blob, target)
    if harm == "deleted":
        target.unlink()
    else:
        before = target.stat()
        target.write_bytes(b"A PICTURE")
        os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert store.files.present({target: blob.digest}) == set()
    store.outputs.write(blob, target)
    assert target.read_bytes() == b"a picture"


def test_an_output_gives_way_to_another(store: Store, target: Path) -> None:
    first, second = (store.blobs.put(data, media="image/png") for data in (b"first", b"second"))
    store.outputs.write(first, target)
    store.outputs.write(second, target)
    assert target.read_bytes() == b"second"


@pytest.mark.parametrize("by", ["file", "folder", "dangling link"])
def test_what_is_not_ours_is_not_overwritten(store: Store, target: Path, by: str) -> None:
    blob = store.blobs.put(b"a picture", media="image/png")
    target.parent.mkdir(parents=True)
    if by == "file":
        target.write_bytes(b"mine")
    elif by == "folder":
        target.mkdir()
    else:
        target.symlink_to("nowhere")
    with pytest.raises(Unusable) as error:
        store.outputs.write(blob, target)
    assert kind_of(error) == "target_taken"


def test_what_is_not_ours_is_overwritten_when_told(store: Store, target: Path) -> None:
    blob = store.blobs.put(b"a picture", media="image/png")
    target.parent.mkdir(parents=True)
    target.write_bytes(b"mine")
    store.outputs.write(blob, target, replace=True)
    assert target.read_bytes() == b"a picture"
    target.with_name("folder").mkdir()
    with pytest.raises(Unusable) as error:
        store.outputs.write(blob, target.with_name("folder"), replace=True)
    assert kind_of(error) == "target_failed"
    assert sorted(path.name for path in target.parent.iterdir()) == ["ana.png", "folder"]


def test_a_file_with_the_right_content_becomes_ours(store: Store, target: Path) -> None:
    first, second = (store.blobs.put(data, media="image/png") for data in (b"first", b"second"))
    target.parent.mkdir(parents=True)
    target.write_bytes(b"first")
    store.outputs.write(first, target)
    store.outputs.write(second, target)
    assert target.read_bytes() == b"second"


def test_being_an_input_too_does_not_make_it_less_ours(store: Store, target: Path) -> None:
    first, second = (store.blobs.put(data, media="image/png") for data in (b"first", b"second"))
    store.outputs.write(first, target)
    target.write_bytes(b"another")
    store.files.digest(target, media="image/png")
    store.outputs.write(second, target)
    assert target.read_bytes() == b"second"


BARE = b"a picture"


def dress(name: str = "formal", *, on: bytes = b" in a hat") -> MetadataWriter:
    return MetadataWriter(name=name, apply=lambda data: data + on, is_same=lambda data: data.startswith(BARE))


def test_an_output_is_dressed_and_recognised_by_what_it_was_made_of(store: Store, target: Path) -> None:
    blob = store.blobs.put(BARE, media="image/png")
    store.outputs.write(blob, target, metadata=dress())
    assert target.read_bytes() == b"a picture in a hat"
    assert store.files.present({target: content_name(blob.digest, dress())}) == {target}
    assert store.files.present({target: content_name(blob.digest, dress("casual"))}) == set()
    assert store.files.present({target: blob.digest}) == set()
    assert store.files.digest(target, media="image/png") == blob_of(b"a picture in a hat", media="image/png")


def test_a_dressed_output_is_dressed_only_once(store: Store, target: Path) -> None:
    def undressable(_: bytes) -> bytes:
        raise AssertionError

    blob = store.blobs.put(BARE, media="image/png")
    first = store.outputs.write(blob, target, metadata=dress())
    again = MetadataWriter(name="formal", apply=undressable, is_same=lambda _: False)
    assert store.outputs.write(blob, target, metadata=again) == first
    os.utime(target)
    assert store.files.present({target: content_name(blob.digest, dress())}) == {target}


def test_another_dress_takes_the_place_of_the_first(store: Store, target: Path) -> None:
    blob = store.blobs.put(BARE, media="image/png")
    store.outputs.write(blob, target)
    store.outputs.write(blob, target, metadata=dress())
    store.outputs.write(blob, target, metadata=dress("casual", on=b" in jeans"))
    assert target.read_bytes() == b"a picture in jeans"


@pytest.mark.parametrize("again", [b"A PICTURE in a hat", b"a picture in a HAT"])
def test_a_dressed_output_that_was_edited_is_put_back(store: Store, target: Path, again: bytes) -> None:
    blob = store.blobs.put(BARE, media="image/png")
    store.outputs.write(blob, target, metadata=dress())
    target.write_bytes(again)
    # Once as an input, too: what it was made of is not known of the new bytes.
    time.sleep(2 * CLOCK_GRAIN)
    store.files.digest(target, media="image/png")
    assert store.files.present({target: content_name(blob.digest, dress())}) == set()
    store.outputs.write(blob, target, metadata=dress())
    assert target.read_bytes() == b"a picture in a hat"


def test_a_dressed_file_of_a_run_beside_us_is_no_stranger_s(store: Store, target: Path) -> None:
    blob = store.blobs.put(BARE, media="image/png")
    target.parent.mkdir(parents=True)
    target.write_bytes(b"a picture with a signature of its own")
    store.outputs.write(blob, target, metadata=dress())
    assert target.read_bytes() == b"a picture in a hat"


@pytest.mark.parametrize("by", ["file", "folder"])
def test_a_stranger_s_file_is_not_overwritten_by_a_dressed_one(store: Store, target: Path, by: str) -> None:
    blob = store.blobs.put(BARE, media="image/png")
    target.parent.mkdir(parents=True)
    if by == "file":
        target.write_bytes(b"mine")
    else:
        target.mkdir()
    with pytest.raises(Unusable) as error:
        store.outputs.write(blob, target, metadata=dress())
    assert kind_of(error) == "target_taken"


def test_a_full_disk_leaves_no_half_dressed_output(store: Store, target: Path) -> None:
    blob = store.blobs.put(BARE, media="image/png")
    store.outputs.write(blob, target, metadata=dress())
    with no_larger_files(200_000), pytest.raises(Unusable) as error:
        store.outputs.write(blob, target, metadata=dress("large", on=bytes(1_000_000)))
    assert kind_of(error) == "target_full"
    assert [path.read_bytes() for path in target.parent.iterdir()] == [b"a picture in a hat"]


def test_a_path_below_a_file_is_named(store: Store, tmp_path: Path) -> None:
    blob = store.blobs.put(b"a picture", media="image/png")
    tmp_path.joinpath("file").touch()
    with pytest.raises(Unusable) as error:
        store.outputs.write(blob, tmp_path / "file" / "below" / "ana.png")
    assert kind_of(error) == "target_failed"


def test_a_folder_that_refuses_is_named(public: Path) -> None:
    closed = public / "closed"
    closed.mkdir(mode=0o555)
    public.chmod(0o777)
    with powerless(), Store.open(closed.with_name("store")) as store:
        blob = store.blobs.put(b"a picture", media="image/png")
        with pytest.raises(Unusable) as error:
            store.outputs.write(blob, closed / "ana.png")
    assert kind_of(error) == "target_read_only"
    assert error.value.problems[0].data["folder"] == str(closed)


def test_a_full_disk_leaves_the_output_as_it_was(store: Store, target: Path) -> None:
    small, large = (store.blobs.put(bytes(size), media="image/png") for size in (1000, 1_000_000))
    store.outputs.write(small, target)
    with no_larger_files(200_000), pytest.raises(Unusable) as error:
        store.outputs.write(large, target)
    assert kind_of(error) == "target_full"
    assert [path.stat().st_size for path in target.parent.iterdir()] == [1000]


def test_a_file_that_a_run_beside_us_has_just_put_is_no_stranger_s(store: Store, tmp_path: Path) -> None:
    blob = store.blobs.put(b"picture", media="image/png")
    target = tmp_path / "out" / "a.png"
    assert store.files.present({target: blob.digest}) == set()
    target.parent.mkdir()
    target.write_bytes(b"picture")
    store.outputs.write(blob, target, look=False)
    assert target.read_bytes() == b"picture"
    target.with_name("b.png").write_bytes(b"a stranger's")
    with pytest.raises(Unusable):
        store.outputs.write(blob, target.with_name("b.png"), look=False)

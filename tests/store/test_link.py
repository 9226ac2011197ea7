"""Outputs are put whole, told from others' files, and put back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nano_banana.core.errors import Unusable
from nano_banana.store.store import Store
from tests.store.tools import file_of
from tests.store.tools import kind_of
from tests.store.tools import no_larger_files
from tests.store.tools import powerless

SHM = Path("/dev/shm")  # noqa: S108  # no other folder is sure to lie on a file system of its own


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "out" / "recipe" / "ana.png"


def test_an_output_is_a_copy_of_its_own(store: Store, target: Path) -> None:
    blob = store.put(b"a picture", media="image/png")
    found = store.link_out(blob, target)
    now = target.stat()
    assert (found.size, found.mtime_ns, found.ctime_ns, found.inode) == (
        9,
        now.st_mtime_ns,
        now.st_ctime_ns,
        now.st_ino,
    )
    assert [path.name for path in target.parent.iterdir()] == ["ana.png"]
    target.write_bytes(b"painted over")
    assert store.path(blob).read_bytes() == b"a picture"


def test_an_output_as_it_should_be_is_left_alone(store: Store, target: Path) -> None:
    blob = store.put(b"a picture", media="image/png")
    assert store.link_out(blob, target) == store.link_out(blob, target)
    assert store.present({target: blob.digest, target.with_name("gone"): blob.digest}) == {target}
    assert store.present({target: "another digest"}) == set()


@pytest.mark.parametrize("harm", ["deleted", "tampered"])
def test_an_output_is_put_back(store: Store, target: Path, harm: str) -> None:
    blob = store.put(b"a picture", media="image/png")
    store.link_out(blob, target)
    if harm == "deleted":
        target.unlink()
    else:
        before = target.stat()
        target.write_bytes(b"A PICTURE")
        os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert store.present({target: blob.digest}) == set()
    store.link_out(blob, target)
    assert target.read_bytes() == b"a picture"


def test_an_output_gives_way_to_another(store: Store, target: Path) -> None:
    first, second = (store.put(data, media="image/png") for data in (b"first", b"second"))
    store.link_out(first, target)
    store.link_out(second, target)
    assert target.read_bytes() == b"second"


@pytest.mark.parametrize("by", ["file", "folder", "dangling link"])
def test_what_is_not_ours_is_not_overwritten(store: Store, target: Path, by: str) -> None:
    blob = store.put(b"a picture", media="image/png")
    target.parent.mkdir(parents=True)
    if by == "file":
        target.write_bytes(b"mine")
    elif by == "folder":
        target.mkdir()
    else:
        target.symlink_to("nowhere")
    with pytest.raises(Unusable) as error:
        store.link_out(blob, target)
    assert kind_of(error) == "target_taken"


def test_what_is_not_ours_is_overwritten_when_told(store: Store, target: Path) -> None:
    blob = store.put(b"a picture", media="image/png")
    target.parent.mkdir(parents=True)
    target.write_bytes(b"mine")
    store.link_out(blob, target, replace=True)
    assert target.read_bytes() == b"a picture"
    target.with_name("folder").mkdir()
    with pytest.raises(Unusable) as error:
        store.link_out(blob, target.with_name("folder"), replace=True)
    assert kind_of(error) == "target_failed"
    assert sorted(path.name for path in target.parent.iterdir()) == ["ana.png", "folder"]


def test_a_file_with_the_right_content_becomes_ours(store: Store, target: Path) -> None:
    first, second = (store.put(data, media="image/png") for data in (b"first", b"second"))
    target.parent.mkdir(parents=True)
    target.write_bytes(b"first")
    store.link_out(first, target)
    store.link_out(second, target)
    assert target.read_bytes() == b"second"


def test_being_an_input_too_does_not_make_it_less_ours(store: Store, target: Path) -> None:
    first, second = (store.put(data, media="image/png") for data in (b"first", b"second"))
    store.link_out(first, target)
    target.write_bytes(b"another")
    store.digest(target, media="image/png")
    store.link_out(second, target)
    assert target.read_bytes() == b"second"


def test_a_hard_link_shares_the_blob_and_damage_through_it_is_found(store: Store, target: Path) -> None:
    blob = store.put(b"a picture", media="image/png")
    store.link_out(blob, target, how="hardlink")
    assert target.samefile(file_of(store, blob))
    assert store.link_out(blob, target.with_name("b.png"), how="hardlink").inode == target.stat().st_ino
    target.chmod(0o644)
    target.write_bytes(b"A PICTURE")
    with pytest.raises(Unusable) as error:
        store.path(blob)
    assert kind_of(error) == "blob_damaged"


def test_a_hard_link_over_a_hard_link_leaves_nothing_behind(store: Store, target: Path) -> None:
    blob = store.put(b"a picture", media="image/png")
    store.link_out(blob, target, how="hardlink")
    os.utime(target)
    with Store.open(store.folder.with_name("other")) as other:
        other.put(b"a picture", media="image/png")
        other.link_out(blob, target.with_name("c.png"), how="hardlink", replace=True)
        store.link_out(blob, target.with_name("c.png"), how="hardlink", replace=True)
    assert sorted(path.name for path in target.parent.iterdir()) == ["ana.png", "c.png"]


@pytest.mark.skipif(not SHM.is_dir(), reason="wants a second file system")
def test_on_another_file_system_a_hard_link_is_a_copy(store: Store) -> None:
    blob = store.put(b"a picture", media="image/png")
    target = SHM / f"nano-banana-{os.getpid()}.png"
    try:
        store.link_out(blob, target, how="hardlink", replace=True)
        assert target.read_bytes() == b"a picture"
    finally:
        target.unlink(missing_ok=True)


def test_a_path_below_a_file_is_named(store: Store, tmp_path: Path) -> None:
    blob = store.put(b"a picture", media="image/png")
    tmp_path.joinpath("file").touch()
    with pytest.raises(Unusable) as error:
        store.link_out(blob, tmp_path / "file" / "below" / "ana.png")
    assert kind_of(error) == "target_failed"


def test_a_folder_that_refuses_is_named(public: Path) -> None:
    closed = public / "closed"
    closed.mkdir(mode=0o555)
    public.chmod(0o777)
    with powerless(), Store.open(closed.with_name("store")) as store:
        blob = store.put(b"a picture", media="image/png")
        with pytest.raises(Unusable) as error:
            store.link_out(blob, closed / "ana.png")
    assert kind_of(error) == "target_read_only"
    assert error.value.problems[0].data["folder"] == str(closed)


def test_a_full_disk_leaves_the_output_as_it_was(store: Store, target: Path) -> None:
    small, large = (store.put(bytes(size), media="image/png") for size in (1000, 1_000_000))
    store.link_out(small, target)
    with no_larger_files(200_000), pytest.raises(Unusable) as error:
        store.link_out(large, target)
    assert kind_of(error) == "target_full"
    assert [path.stat().st_size for path in target.parent.iterdir()] == [1000]


def test_a_file_that_a_run_beside_us_has_just_put_is_no_stranger_s(store: Store, tmp_path: Path) -> None:
    blob = store.put(b"picture", media="image/png")
    target = tmp_path / "out" / "a.png"
    assert store.present({target: blob.digest}) == set()
    target.parent.mkdir()
    target.write_bytes(b"picture")
    store.link_out(blob, target, look=False)
    assert target.read_bytes() == b"picture"
    target.with_name("b.png").write_bytes(b"a stranger's")
    with pytest.raises(Unusable):
        store.link_out(blob, target.with_name("b.png"), look=False)

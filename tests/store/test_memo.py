"""A user's file is hashed once, and never mistaken for what it was."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from nano_banana.formats.file_stamps import FileStamp, HashedFile, hash_files
from nano_banana.model.call import blob_of
from nano_banana.model.problem import Unusable
from nano_banana.store import tracked_files
from nano_banana.store.local_store import Store
from nano_banana.store.tracked_files import CLOCK_GRAIN
from tests.store.tools import Clock, kind_of

MEMORY = Path("/proc/self/mem")


def believed(store: Store) -> dict[str, str]:
    """What the memo holds, then replaced by a lie: whoever trusts the memo is caught."""
    with sqlite3.connect(store.folder / "store.sqlite") as rows:
        found = dict(rows.execute("SELECT path, digest FROM memo").fetchall())
        rows.execute("UPDATE memo SET digest = 'a lie'")
    rows.close()
    return found


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"a photo")
    return path


def test_a_file_is_named_by_its_content(store: Store, photo: Path) -> None:
    assert store.files.digest(photo, media="image/jpeg") == blob_of(b"a photo", media="image/jpeg")


def test_a_known_file_is_not_read_again(store: Store, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = store.files.digest(photo, media="image/jpeg")
    assert believed(store) == {"../photo.jpg": blob.digest}
    assert store.files.digest(photo, media="image/jpeg").digest == "a lie"
    monkeypatch.chdir(photo.parent)
    assert store.files.digest(Path("x/../photo.jpg"), media="image/jpeg").digest == "a lie"


@pytest.mark.parametrize("change", ["touched", "moved", "edited", "edited behind"])
def test_a_changed_file_is_read(store: Store, photo: Path, change: str) -> None:
    before = photo.stat()
    store.files.digest(photo, media="image/jpeg")
    believed(store)
    if change == "touched":
        os.utime(photo)
    elif change == "moved":
        photo.rename(photo.with_suffix(".old"))
        photo.write_bytes(b"a photo")
    else:
        photo.write_bytes(b"PHOTO a")
    if change == "edited behind":
        os.utime(photo, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert store.files.digest(photo, media="image/jpeg").digest == hashlib.sha256(photo.read_bytes()).hexdigest()


def test_a_file_changed_just_now_is_not_remembered(store: Store, photo: Path, clock: Clock) -> None:
    clock.now = photo.stat().st_ctime + CLOCK_GRAIN / 2
    store.files.digest(photo, media="image/jpeg")
    assert believed(store) == {}
    clock.now += CLOCK_GRAIN
    store.files.digest(photo, media="image/jpeg")
    assert set(believed(store)) == {"../photo.jpg"}


@pytest.mark.parametrize(
    ("mtime", "ctime", "age", "settled"),
    [
        (7.0, 7.0, 1.9, False),  # whole seconds: a file system that keeps no finer ones, as FAT does (two seconds)
        (7.0, 7.0, 2.1, True),
        (7.0, 7.25, 0.1, True),  # `touch -d` set a whole second
        (7.25, 7.0, 0.1, True),
        (7.25, 7.25, CLOCK_GRAIN / 2, False),
    ],
)
def test_a_stamp_of_a_coarse_clock_counts_after_two_seconds(
    mtime: float, ctime: float, age: float, *, settled: bool
) -> None:
    stamp = FileStamp(1, int(mtime * 1e9), int(ctime * 1e9), 1)
    assert tracked_files._settled(stamp, ctime + age) == settled


def test_a_file_changed_just_before_it_was_read_slowly_is_not_remembered(
    store: Store, photo: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(paths: Sequence[str]) -> Iterator[HashedFile]:
        clock.now += 10
        return hash_files(paths)

    monkeypatch.setattr(tracked_files, "hash_files", slowly)
    clock.now = photo.stat().st_ctime + CLOCK_GRAIN / 2
    store.files.digest(photo, media="image/jpeg")
    assert believed(store) == {}


def test_all_unreadable_files_are_named_at_once(store: Store, photo: Path) -> None:
    pipe = photo.with_name("pipe")
    os.mkfifo(pipe)
    bad = [photo.with_name("gone"), photo.parent, pipe, Path("nul\0")]
    with pytest.raises(Unusable) as error:
        store.files.digests(dict.fromkeys([photo, *bad], "image/jpeg"))
    assert {problem.data["path"] for problem in error.value.problems} == {str(path) for path in bad}
    assert {problem.kind for problem in error.value.problems} == {"input_unreadable"}
    with pytest.raises(Unusable) as error:
        store.files.digest(photo / "below a file", media="image/jpeg")
    assert kind_of(error) == "input_unreadable"


def test_a_file_that_goes_while_it_is_read_is_an_error_too(photo: Path) -> None:
    (hashed,) = hash_files([str(photo / "gone")])
    assert isinstance(hashed.error, OSError)


@pytest.mark.skipif(not MEMORY.exists(), reason="wants a file that can be looked at and not read")
def test_an_error_in_reading_names_every_spelling_of_the_file(store: Store) -> None:
    with pytest.raises(Unusable) as error:
        store.files.digests({MEMORY: "x/y", Path("/proc/../proc/self/mem"): "x/y"})
    assert [problem.kind for problem in error.value.problems] == ["input_unreadable"] * 2


def test_names_that_are_no_utf_8_are_files_too(store: Store, tmp_path: Path) -> None:
    paths = {Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)): "image/jpeg" for name in (b"\xff", "é\n".encode())}
    for path in paths:
        path.write_bytes(os.fsencode(path.name))
    blobs = store.files.digests(paths)
    assert {path: blob.digest for path, blob in blobs.items()} == {
        path: hashlib.sha256(os.fsencode(path.name)).hexdigest() for path in paths
    }
    believed(store)
    assert {blob.digest for blob in store.files.digests(paths).values()} == {"a lie"}


def test_links_are_followed(store: Store, photo: Path) -> None:
    link = photo.with_name("link.jpg")
    link.symlink_to(photo)
    assert store.files.digest(link, media="image/jpeg") == blob_of(b"a photo", media="image/jpeg")


def test_many_files_are_hashed_in_order(tmp_path: Path, store: Store) -> None:
    paths = [tmp_path / f"{number}.jpg" for number in range(20)]
    for number, path in enumerate(paths):
        path.write_bytes(b"%d" % number * 5000)
    blobs = store.files.digests(dict.fromkeys(paths, "image/jpeg"))
    assert list(blobs) == paths
    assert [blob.digest for blob in blobs.values()] == [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    assert store.files.digests({}) == {}


STEPS = some.lists(
    some.tuples(some.sampled_from([b"one", b"two", b"three"]), some.booleans(), some.booleans()), max_size=8
)


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_whatever_is_done_to_a_file_its_digest_is_its_content(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[bytes, bool, bool]]
) -> None:
    """Written in place or anew, with its time set back or not, at once: with the true clock no edit is missed."""
    folder = tmp_path_factory.mktemp("memo")
    path = folder / "photo"
    path.write_bytes(b"zero")
    with Store.open(folder / "store", clock=time.time) as store:
        for content, anew, set_back in steps:
            before = path.stat()
            if anew:
                path.unlink()
            path.write_bytes(content)
            if set_back:
                os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
            assert store.files.digest(path, media="x/y") == blob_of(content, media="x/y")

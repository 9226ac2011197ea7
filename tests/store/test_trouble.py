"""A store that can't be used says why, and never with a traceback."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from nano_banana.model.problem import Unusable
from nano_banana.store.database import MIGRATIONS, translate_errors
from nano_banana.store.local_store import Store
from tests.store.tools import an_entry, kind_of, powerless


def opened(folder: Path) -> str:
    with pytest.raises(Unusable) as error, Store.open(folder):
        pass
    assert error.value.problems[0].data["folder"] == str(folder)
    return kind_of(error)


def test_a_store_ignores_itself_in_git(store: Store) -> None:
    assert (store.folder / ".gitignore").read_text() == "*\n"


def test_a_store_stays_where_it_was_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Store.open(Path("store")) as store:
        monkeypatch.chdir("/")
        assert store.blobs.path(store.blobs.put(b"a picture", media="x/y")).is_relative_to(tmp_path / "store")


def test_a_store_of_a_later_version_is_left_alone(store: Store) -> None:
    with store._database.reading() as rows:
        rows.execute("PRAGMA user_version = 99")
    with pytest.raises(Unusable) as error:
        Store.open(store.folder)
    assert dict(error.value.problems[0].data) == {"folder": str(store.folder), "version": 99, "known": len(MIGRATIONS)}
    assert kind_of(error) == "store_newer"


def test_a_database_that_is_none_is_corrupt(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").write_bytes(b"no database at all, " * 100)
    assert opened(tmp_path) == "store_corrupt"


def test_a_database_cut_short_is_corrupt(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        store.replies.record([an_entry(seed) for seed in range(200)])
    path = tmp_path / "store.sqlite"
    path.write_bytes(path.read_bytes()[:20_000])
    assert opened(tmp_path) == "store_corrupt" or broken(tmp_path) == "store_corrupt"


def broken(folder: Path) -> str:
    with Store.open(folder) as store, pytest.raises(Unusable) as error:
        store.stats()
    return kind_of(error)


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert opened(tmp_path / "file") == "store_failed"
    assert opened(tmp_path / "file" / "below") == "store_failed"


def test_a_folder_in_the_databases_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").mkdir()
    assert opened(tmp_path) == "store_failed"


def test_a_folder_that_is_not_ours_is_read_only(public: Path) -> None:
    public.chmod(0o555)
    with powerless():
        assert opened(public / "store") == "store_read_only"


@pytest.mark.parametrize("version", [len(MIGRATIONS), 5])
@pytest.mark.parametrize("busy", [False, True])
def test_a_store_that_is_not_ours_is_read_and_not_written(public: Path, version: int, *, busy: bool) -> None:
    folder = public / "store"
    with Store.open(folder) as store:
        store.notes.write("a", "b")
        blob = store.blobs.put(b"a picture", media="image/png")
        photo = public / "photo.jpg"
        photo.write_bytes(b"a photo")
        with closing(sqlite3.connect(folder / "store.sqlite")) as rows, rows:
            rows.execute("ALTER TABLE runs DROP COLUMN beat_at")
            rows.execute(f"PRAGMA user_version = {version}")
            if version == len(MIGRATIONS):
                rows.execute("ALTER TABLE runs ADD COLUMN beat_at REAL")
        if not busy:
            store.close()
        readable(folder)
        before = {path.name for path in folder.iterdir()}
        with powerless(), Store.open(folder) as looked:
            assert looked.notes.read("a") == "b"
            assert looked.blobs.path(blob).read_bytes() == b"a picture"
            assert looked.files.digest(photo, media="image/jpeg").size == 7
            assert looked.gc(dry_run=True).dry_run
            with pytest.raises(Unusable) as error:
                looked.runs.begin("portraits", arguments={})
        assert kind_of(error) == "store_read_only"
        assert {path.name for path in folder.iterdir()} == before


def readable(folder: Path) -> None:
    """Let everybody read all of it, and nobody write."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)


def test_a_store_that_turns_read_only_says_so(store: Store) -> None:
    with store._database.reading() as rows:
        rows.execute("PRAGMA query_only = ON")
    with pytest.raises(Unusable) as error:
        store.notes.write("a", "b")
    assert kind_of(error) == "store_read_only"


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="wants a file system that makes no folders")
def test_a_file_system_that_makes_no_folders_is_named() -> None:
    assert opened(Path("/sys/kernel/nano-banana")) in {"store_read_only", "store_failed"}


def test_a_store_that_another_keeps_is_busy(store: Store) -> None:
    other = sqlite3.connect(store.folder / "store.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with store._database.reading() as rows:
        rows.execute("PRAGMA busy_timeout = 10")
    with pytest.raises(Unusable) as error:
        store.notes.write("a", "b")
    assert kind_of(error) == "store_busy"
    other.execute("ROLLBACK")
    other.close()
    store.notes.write("a", "b")


def test_a_closed_store_is_said_to_be(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    store.close()
    with pytest.raises(Unusable) as error:
        store.notes.read("a")
    assert kind_of(error) == "store_failed"


def test_an_error_without_a_text_is_still_said(tmp_path: Path) -> None:
    with pytest.raises(Unusable) as error, translate_errors(tmp_path):
        raise OSError("odd")
    assert error.value.problems[0].data["reason"] == "odd"

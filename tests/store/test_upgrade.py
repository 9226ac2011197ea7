"""A store of the version before: nothing in it is lost, and what is new works."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from nano_banana.model.call import Blob
from nano_banana.store.adapter_shelf import AdapterCard
from nano_banana.store.database import MIGRATIONS
from nano_banana.store.local_store import Store
from nano_banana.store.tracked_files import MetadataWriter, content_name
from tests.store.tools import a_ticket, answered

BEFORE = 2
"""The version of stores that knew neither a shelf nor marked outputs nor snapshots."""

OLDER = ("blobs", "replies", "documents", "reply_files", "runs", "trail", "notes", "tickets", "uploads", "savings")
DRESS = MetadataWriter(
    name="marked", apply=lambda data: data + b", marked", is_same=lambda data: data.endswith(b", marked")
)


def taken_back(folder: Path) -> None:
    """Make the database of the store in `folder` as the version before would have written it."""
    now, old = folder / "store.sqlite", folder / "old.sqlite"
    with closing(sqlite3.connect(old, isolation_level=None)) as rows:
        for number, step in enumerate(MIGRATIONS[:BEFORE], 1):
            rows.executescript(f"{step} PRAGMA user_version = {number};")
        rows.execute("ATTACH ? AS now", (str(now),))
        for table in OLDER:
            columns = ", ".join(name for _, name, *_ in rows.execute(f"PRAGMA main.table_info({table})"))
            rows.execute(f"INSERT INTO {table} SELECT {columns} FROM now.{table}")  # noqa: S608 - names of our own
        rows.create_function("absolute", 1, lambda name: os.path.normpath(folder / name))
        columns = "digest, size, mtime_ns, ctime_ns, inode, ours"
        rows.execute(f"INSERT INTO memo SELECT absolute(path), {columns} FROM now.memo")  # noqa: S608 - names of our own
        rows.execute("DETACH now")
    old.replace(now)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out" / "ana.png"


@pytest.fixture
def picture(tmp_path: Path, output: Path) -> Blob:
    """A picture that the version before drew, paid for and put into the output folder, unmarked."""
    with Store.open(tmp_path / "store") as store:
        _, picture = answered(store, 1, cost_usd=0.5)
        store.outputs.write(picture, output)
        store.notes.write("a", "b")
        store.tickets.keep([a_ticket(7)])
    taken_back(tmp_path / "store")
    return picture


def test_what_was_paid_for_is_there(tmp_path: Path, picture: Blob) -> None:
    with Store.open(tmp_path / "store") as store:
        assert store.blobs.path(picture).is_file()
        assert store.stats().replies == 1
        assert [row.cost_usd for rows in store.replies.origins([picture.digest]).values() for row in rows] == [0.5]
        assert store.notes.read("a") == "b"
        assert len(store.tickets.opened()) == 1
        assert store.verify().adapters == ()
        assert store.gc(dry_run=False).replies == 0


def test_an_output_is_known_as_ours_and_gives_way_to_a_marked_one(tmp_path: Path, output: Path, picture: Blob) -> None:
    plain = output.read_bytes()
    with Store.open(tmp_path / "store") as store:
        assert store.files.present({output: picture.digest}) == {output}
        assert store.files.present({output: content_name(picture.digest, DRESS)}) == set()
        store.outputs.write(picture, output, metadata=DRESS)
        assert output.read_bytes() == plain + b", marked"
        assert store.files.present({output: content_name(picture.digest, DRESS)}) == {output}


def test_shelf_and_snapshots_are_empty_and_can_be_used(tmp_path: Path, picture: Blob) -> None:
    with Store.open(tmp_path / "store") as store:
        assert (store.shelf.all(), store.snapshots.runs()) == ([], [])
        assert store.shelf.keep("ana", picture, AdapterCard(base=""), anywhere=True).version == 1
        run = store.runs.begin("portraits", arguments={})
        store.snapshots.keep(run, "portraits", b"what it came to")
        assert store.snapshots.get(run) == b"what it came to"

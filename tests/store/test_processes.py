"""Several processes, some of them killed, on one store."""

from __future__ import annotations

import random
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from nano_banana.model.call import blob_of
from nano_banana.store.local_store import Store
from tests.store.tools import a_call, ended, python

WORKER = """
import sys, time
from pathlib import Path
from nano_banana.store.claims import owner_id
from nano_banana.store.local_store import Store
from tests.store.tools import a_call, an_entry
folder, total, log = Path(sys.argv[1]), int(sys.argv[2]), open(sys.argv[3], "a", buffering=1)
store, owner = Store.open(folder), owner_id()
missing = {a_call(seed).key: seed for seed in range(total)}
while missing:
    batch = list(missing)[:7]
    for key in store.replies.get(batch):
        del missing[key]
    granted = store.claims.claim([key for key in batch if key in missing], owner=owner)
    known = store.replies.get(granted)
    store.claims.release(list(known), owner=owner)
    for key in granted - known.keys():
        seed = missing[key]
        picture = store.blobs.put(b"picture %d" % (seed // 2), media="image/png")
        store.replies.record([an_entry(seed, picture)])
        log.write(f"{seed}\\n")
    if not granted:
        time.sleep(0.002)
store.close()
"""
OPENER = """
import sys
from pathlib import Path
from nano_banana.store.local_store import Store
for number in range(15):
    with Store.open(Path(sys.argv[1])) as store:
        store.notes.write(f"{sys.argv[2]}-{number}", "x")
"""


def test_two_processes_share_the_work_and_do_none_twice(tmp_path: Path) -> None:
    workers = [python(WORKER, tmp_path / "store", 60, tmp_path / "log") for _ in range(2)]
    assert ended(*workers) == [0, 0]
    assert sorted(map(int, (tmp_path / "log").read_text().split())) == list(range(60))
    whole(tmp_path / "store", 60)


def test_processes_make_and_close_one_store_at_once(tmp_path: Path) -> None:
    openers = [python(OPENER, tmp_path / "store", number) for number in range(3)]
    assert ended(*openers) == [0, 0, 0]
    with Store.open(tmp_path / "store") as store, store._database.reading() as rows:
        assert rows.execute("SELECT count(*) FROM notes").fetchone() == (45,)
        assert rows.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("seed", range(3))
def test_what_was_recorded_before_a_kill_is_kept_and_not_made_again(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    total = 250
    log = tmp_path / "log"
    for _ in range(3):
        worker = python(WORKER, tmp_path / "store", total, log)
        before = log.stat().st_size if log.exists() else 0
        while not log.exists() or log.stat().st_size == before:
            time.sleep(0.001)
        time.sleep(chance.random() * 0.03)
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
    assert ended(python(WORKER, tmp_path / "store", total, log)) == [0]
    made = [int(line) for line in log.read_text().split()]
    assert len(made) == len(set(made)), "a call that had been answered was made again"
    assert total - len(made) <= 3, "at most the one whose log line a kill cut off, each time"
    whole(tmp_path / "store", total)


def whole(folder: Path, total: int) -> None:
    """Every reply is there, every blob is sound, nothing is claimed, the database is in order."""
    with Store.open(folder) as store:
        replies = store.replies.get(a_call(seed).key for seed in range(total))
        assert len(replies) == total
        for seed in range(total):
            picture = blob_of(b"picture %d" % (seed // 2), media="image/png")
            assert replies[a_call(seed).key].files == {"images/0": picture}
        report = store.verify()
        assert (report.damaged, report.missing, report.lost) == ((), (), ())
    with sqlite3.connect(folder / "store.sqlite") as rows:
        assert rows.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert rows.execute("SELECT count(*) FROM claims").fetchone() == (0,)
    rows.close()

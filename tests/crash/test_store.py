"""A loss of power after any step of a program that uses the store: what was promised is there."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from nano_banana.model.call import blob_of
from nano_banana.store.local_store import Store
from tests.crash.aftermath import check_store, restore_stamps
from tests.crash.disk import Disk, Kind, Loss, Step, read_journal
from tests.store.tools import a_call
from tests.workspace import ROOT, unwatched

PICTURES = 4
PUT = """
import sys
from pathlib import Path
from nano_banana.store.local_store import Store
from tests.crash.test_store import picture

with Store.open(Path(sys.argv[1]) / "store") as store:
    store.blobs.put(picture(0), media="image/png")
"""
PROGRAM = """
import sys
from pathlib import Path
from nano_banana.store.local_store import Store
from tests.crash.test_store import PICTURES, picture
from tests.store.tools import a_ticket, an_entry

root = Path(sys.argv[1])
promises = (root / "promises").open("a", buffering=1)

def promise(what):
    promises.write(what + "\\n")

for seed in range(PICTURES):
    with Store.open(root / "deep" / "store") as store:
        [ticket] = store.tickets.keep([a_ticket(seed)])
        promise(f"ticket {seed}")
        blob = store.blobs.put(picture(seed), media="image/png")
        promise(f"blob {seed}")
        store.replies.record([an_entry(seed, blob)])
        promise(f"reply {seed}")
        store.notes.write("last", str(seed))
        promise(f"note {seed}")
        store.outputs.write(blob, root / "out" / f"{seed}.png")
"""


def picture(seed: int) -> bytes:
    """Bytes of more than one block; of two seeds each the same."""
    return b"picture %d" % (seed // 2) * 1000


@pytest.fixture(scope="module")
def steps(recorder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    """What the program did, which came to its end."""
    root, journal = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("journal") / "steps"
    before = Disk(root)
    assert recorded(PROGRAM, root, journal, recorder) == 0
    found = list(read_journal(journal))
    again = tmp_path_factory.mktemp("again")
    before.play(found).build(again, Loss.NOTHING, Random(0))
    assert files(again) == files(root), "the journal misses something"
    return found


def recorded(program: str, root: Path, journal: Path, recorder: Path, *, kill_after: int = 0) -> int:
    """Run a Python program whose steps go to a journal, killed after so many of them; return its exit code."""
    journal.with_name(f"{journal.name}.lock").unlink(missing_ok=True)  # which a killed process may hold
    variables = {"LD_PRELOAD": str(recorder), "CRASH_ROOT": str(root), "CRASH_JOURNAL": str(journal)}
    environ = {**unwatched(os.environ), **variables, "CRASH_AFTER": str(kill_after), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program, str(root)]
    return subprocess.run(command, env=environ, check=False, start_new_session=True).returncode


def files(root: Path) -> dict[str, bytes]:
    """Name → content of all files."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("loss", [Loss.UNSYNCED, Loss.CONTENT, Loss.CHANCE])
def test_what_the_store_promised_outlives_a_loss_of_power(steps: list[Step], tmp_path: Path, loss: Loss) -> None:
    root = tmp_path / "disk"
    root.mkdir()
    disk, dice = Disk(root), Random(1)
    (parent,) = {step.parent for step in steps if step.name == "promises"}
    disk.stands_for(parent)
    for part in parts(steps):
        inodes = disk.play(part).build(root, loss, dice)
        restore_stamps(root / "deep/store", inodes)
        check_store(root / "deep/store")
        check_promises(root, disk.content("promises").decode().splitlines())


def test_a_blob_whose_maker_was_killed_is_safe_once_it_was_put_again(recorder: Path, tmp_path: Path) -> None:
    """It lay there and was known, while its name was not on disk yet."""
    root, whole, journal = tmp_path / "disk", tmp_path / "whole", tmp_path / "journal"
    for path in (root, whole):
        path.mkdir()
    assert recorded(PUT, whole, journal, recorder) == 0
    steps = list(read_journal(journal))
    (named,) = (number for number, step in enumerate(steps) if step.kind is Kind.RENAME)
    folder = steps[named].other_parent
    flushed = next(number for number, step in enumerate(steps) if number > named and step.inode == folder)
    assert steps[flushed].kind is Kind.SYNC
    journal.unlink()
    disk = Disk(root)
    assert recorded(PUT, root, journal, recorder, kill_after=flushed) == -signal.SIGKILL
    assert recorded(PUT, root, journal, recorder) == 0
    disk.play(read_journal(journal)).build(root, Loss.UNSYNCED, Random(0))
    blob = blob_of(picture(0), media="image/png")
    with Store.open(root / "store") as store:
        assert store.blobs.path(blob).read_bytes() == picture(0)


def parts(steps: list[Step]) -> Iterator[list[Step]]:
    """The steps in order, those together that no loss can tell apart: writes that follow one another."""
    part: list[Step] = []
    for step, later in pairwise([*steps, None]):
        assert step is not None
        part.append(step)
        if later is None or not step.kind == later.kind == Kind.WRITE:
            yield part
            part = []


def check_promises(root: Path, promises: list[str]) -> None:
    """Insist on all of them."""
    with Store.open(root / "deep/store") as store:
        for promise in promises:
            what, number = promise.split()
            seed = int(number)
            blob, key = blob_of(picture(seed), media="image/png"), a_call(seed).key
            if what == "ticket":
                assert store.tickets.latest([key])[key].open
            elif what == "blob":
                assert hashlib.sha256(store.blobs.path(blob).read_bytes()).hexdigest() == blob.digest
            elif what == "reply":
                assert store.replies.get([key])[key].files == {"images/0": blob}
            else:
                assert int(store.notes.read("last") or "-1") >= seed
        outputs = {root / f"out/{seed}.png": blob_of(picture(seed), media="").digest for seed in range(PICTURES)}
        for path in store.files.present(outputs):
            assert hashlib.sha256(path.read_bytes()).hexdigest() == outputs[path]

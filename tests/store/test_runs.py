"""Runs, trails and notes outlive the process that wrote them."""

from __future__ import annotations

import signal
import sqlite3
from pathlib import Path

import pytest

from nano_banana.store.claims import STALE_AFTER
from nano_banana.store.local_store import Store
from tests.store.tools import Clock, python

BEGIN = """
import sys
from pathlib import Path
from nano_banana.store.local_store import Store
print(Store.open(Path(sys.argv[1])).runs.begin("portraits", arguments={}), flush=True)
input()
"""


def test_a_run_is_begun_and_ended(store: Store, clock: Clock) -> None:
    clock.now = 1_795_367_700.25
    run = store.runs.begin("portraits", arguments={"yes": True})
    assert run.startswith("20261122-171500-")
    assert [(each.id, each.status, each.ended_at) for each in store.runs.latest()] == [(run, "running", None)]
    clock.now += 60
    store.runs.end(run, status="done", summary={"made": 4})
    (ended,) = store.runs.latest("portraits")
    assert (ended.status, ended.summary, ended.arguments) == ("done", {"made": 4}, {"yes": True})
    assert (ended.recipe, ended.begun_at, ended.ended_at) == ("portraits", 1_795_367_700.25, 1_795_367_760.25)


def test_runs_of_one_second_have_names_of_their_own(store: Store) -> None:
    runs = [store.runs.begin("portraits", arguments={}) for _ in range(300)]
    assert len(set(runs)) == 300
    assert [run.id for run in store.runs.latest(limit=5)] == runs[:-6:-1]


def test_runs_are_found_by_recipe(store: Store) -> None:
    store.runs.begin("portraits", arguments={})
    other = store.runs.begin("landscapes", arguments={})
    assert [run.id for run in store.runs.latest("landscapes")] == [other]
    assert len(store.runs.latest()) == 2


def test_a_run_whose_process_died_is_lost(store: Store) -> None:
    process = python(BEGIN, store.folder)
    assert process.stdout is not None
    run = process.stdout.readline().strip()
    assert [(each.id, each.status) for each in store.runs.latest()] == [(run, "running")]
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert [(each.id, each.status) for each in store.runs.latest()] == [(run, "lost")]


def test_a_run_elsewhere_lives_while_its_heart_beats_whatever_its_clock_says(store: Store, clock: Clock) -> None:
    far = "far:1:1"
    run = store.runs.begin("portraits", arguments={})
    with sqlite3.connect(store.folder / "store.sqlite") as rows:
        rows.execute("UPDATE runs SET owner = ?", (far,))
    rows.close()
    for _ in range(9):
        clock.now += STALE_AFTER / 3
        store.claims.beat(owner=far)
    assert [each.status for each in store.runs.latest()] == ["running"]
    assert store.gc(dry_run=True).underway
    clock.now += STALE_AFTER + 1
    assert [each.status for each in store.runs.latest()] == ["lost"]
    clock.now += 86_400
    store.claims.beat(owner=far)
    clock.now -= 86_400
    assert [(each.id, each.status) for each in store.runs.latest()] == [(run, "lost")]


def test_a_run_never_begun_cannot_end(store: Store) -> None:
    with pytest.raises(KeyError):
        store.runs.end("20261122-171500-3f2a", status="done", summary={})


def test_a_trail_says_what_stood_where(store: Store) -> None:
    assert store.trail.get("portraits") == {}
    store.trail.set("portraits", {"takes|ana/#0|0": "k1", "takes|ana/#1|0": "k2"}, whole=True)
    store.trail.set("landscapes", {"takes|ana/#0|0": "k9"}, whole=True)
    store.trail.set("portraits", {"takes|ana/#1|0": "k3"}, whole=False)
    assert store.trail.get("portraits") == {"takes|ana/#0|0": "k1", "takes|ana/#1|0": "k3"}
    store.trail.set("portraits", {"takes|ana/#2|0": "k4"}, whole=True)
    assert store.trail.get("portraits") == {"takes|ana/#2|0": "k4"}
    assert store.trail.get("landscapes") == {"takes|ana/#0|0": "k9"}


def test_notes_outlive_the_store(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        assert store.notes.read("nothing changed") is None
        store.notes.write("nothing changed", "{}")
        store.notes.write("nothing changed", '{"recipe": "ä"}')
    with Store.open(tmp_path) as store:
        assert store.notes.read("nothing changed") == '{"recipe": "ä"}'

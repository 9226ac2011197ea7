"""One holder a key; the dead lose theirs."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from nano_banana.store.claims import HEARTBEAT_DUE, STALE_AFTER, is_owner_dead, owner_id
from nano_banana.store.local_store import Store
from tests.store.tools import Clock, powerless, python

NAME = "from nano_banana.store.claims import owner_id; print(owner_id(), flush=True); input()"


def test_a_key_has_one_holder(store: Store) -> None:
    assert store.claims.claim(["a", "b"], owner="far:1:1") == {"a", "b"}
    assert store.claims.claim(["b", "c", "c"], owner="far:2:2") == {"c"}
    assert store.claims.claim(["a"], owner="far:1:1") == {"a"}
    assert store.claims.claim([], owner="far:1:1") == set()


def test_a_key_let_go_is_free(store: Store) -> None:
    store.claims.claim(["a", "b"], owner="far:1:1")
    store.claims.release(["a", "b"], owner="far:2:2")
    assert store.claims.claim(["a", "b"], owner="far:2:2") == set()
    store.claims.release(["a"], owner="far:1:1")
    assert store.claims.claim(["a", "b"], owner="far:2:2") == {"a"}


def test_a_silent_owner_elsewhere_counts_as_dead(store: Store, clock: Clock) -> None:
    store.claims.claim(["a"], owner="far:1:1")
    assert store.claims.claim(["a"], owner="far:2:2") == set()
    clock.now += STALE_AFTER
    store.claims.beat(owner="far:1:1")
    assert store.claims.claim(["a"], owner="far:2:2") == set()
    clock.now += STALE_AFTER
    assert store.claims.claim(["a"], owner="far:2:2") == set()
    clock.now += 1
    assert store.claims.claim(["a"], owner="far:2:2") == {"a"}


def test_one_that_was_silent_before_we_looked_is_dead_after_one_missed_heartbeat(store: Store, clock: Clock) -> None:
    store.claims.claim(["a"], owner="far:1:1")
    clock.now += 10 * STALE_AFTER
    assert store.claims.claim(["a"], owner="far:2:2") == set()
    clock.now += HEARTBEAT_DUE + 1
    assert store.claims.claim(["a"], owner="far:2:2") == {"a"}


@pytest.mark.parametrize("wrong", [86_400.0, -86_400.0])
def test_a_clock_that_is_a_day_wrong_kills_nobody_and_keeps_nobody_alive(
    store: Store, clock: Clock, wrong: float
) -> None:
    with Store.open(store.folder, clock=lambda: clock.now + wrong) as elsewhere:
        elsewhere.claims.claim(["a"], owner="far:1:1")
        for _ in range(10):
            assert store.claims.claim(["a"], owner="far:2:2") == set()
            clock.now += STALE_AFTER / 3
            elsewhere.claims.beat(owner="far:1:1")
    assert store.claims.claim(["a"], owner="far:2:2") == set()
    clock.now += STALE_AFTER + 1
    assert store.claims.claim(["a"], owner="far:2:2") == {"a"}


def test_a_living_process_keeps_its_key_however_silent(store: Store, clock: Clock) -> None:
    store.claims.claim(["a"], owner=owner_id())
    clock.now += 1000 * STALE_AFTER
    assert store.claims.claim(["a"], owner="far:2:2") == set()


def test_a_killed_process_loses_its_key_at_once_even_unburied(store: Store) -> None:
    process = python(NAME)
    assert process.stdout is not None
    owner = process.stdout.readline().strip()
    store.claims.claim(["a"], owner=owner)
    assert store.claims.claim(["a"], owner="far:2:2") == set()
    process.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_owner_dead(owner, silent=0)
    process.communicate()
    assert store.claims.claim(["a"], owner="far:2:2") == {"a"}


def test_a_process_with_the_id_of_a_dead_one_is_another() -> None:
    host, pid, started = owner_id().rsplit(":", 2)
    assert not is_owner_dead(f"{host}:{pid}:{started}", silent=1e9)
    assert is_owner_dead(f"{host}:{pid}:{int(started) - 1}", silent=0)


@pytest.mark.parametrize("owner", ["{host}:1:-", "{host}:{pid}:-", "far:1:1", "nobody", "", "a:b"])
def test_where_nothing_can_be_looked_at_silence_decides(owner: str) -> None:
    host, pid, _ = owner_id().rsplit(":", 2)
    named = owner.format(host=host, pid=pid)
    assert [is_owner_dead(named, silent=silent) for silent in (0, STALE_AFTER, STALE_AFTER + 1)] == [False, False, True]


def test_no_process_has_a_number_that_large() -> None:
    host = owner_id().rsplit(":", 2)[0]
    assert is_owner_dead(f"{host}:{1 << 22}:1", silent=0)
    assert is_owner_dead(f"{host}:{1 << 80}:1", silent=0)


def test_a_process_of_another_user_is_looked_at_too() -> None:
    host = owner_id().rsplit(":", 2)[0]
    with powerless():
        assert is_owner_dead(f"{host}:1:no such start", silent=0)
        assert not is_owner_dead(f"{host}:1:-", silent=0)


def test_without_proc_a_process_is_asked_and_silence_decides(tmp_path: Path) -> None:
    owner = owner_id(tmp_path)
    host = owner.rsplit(":", 2)[0]
    assert owner.endswith(f"/-:{os.getpid()}:-")
    assert is_owner_dead(f"{host}:{1 << 22}:-", silent=0, proc=tmp_path)
    assert [is_owner_dead(owner, silent=silent, proc=tmp_path) for silent in (0, STALE_AFTER + 1)] == [False, True]

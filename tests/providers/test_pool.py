"""Workers work, fail, die and are replaced."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from nano_banana.model.problem import CallFailed
from nano_banana.providers.workers import WorkerPool

AT_WORK = """
import asyncio
import os
from nano_banana.providers.workers import WorkerPool

async def work():
    pool = WorkerPool(1)
    print(await pool.run(os.getpid), flush=True)
    await asyncio.sleep(60)

if __name__ == "__main__":
    asyncio.run(work())
"""


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool(1)
    yield pool
    pool.close()


def test_work_is_done_elsewhere_and_its_errors_come_home(pool: WorkerPool) -> None:
    assert asyncio.run(pool.run(os.getpid)) != os.getpid()
    with pytest.raises(FileNotFoundError):
        asyncio.run(pool.run(os.stat, "there is no such file"))


def test_a_dead_worker_sinks_its_call_and_is_replaced(pool: WorkerPool) -> None:
    async def work() -> int:
        with pytest.raises(CallFailed, match="worker_died"):
            await pool.run(os._exit, 9)
        return await pool.run(abs, -4)

    assert asyncio.run(work()) == 4


def test_all_who_waited_for_a_dead_worker_hear_of_it(pool: WorkerPool) -> None:
    async def work() -> tuple[object, object]:
        return await asyncio.gather(pool.run(os._exit, 9), pool.run(os._exit, 9), return_exceptions=True)

    assert [type(end) for end in asyncio.run(work())] == [CallFailed, CallFailed]


def test_an_idle_pool_is_closed_for_nothing() -> None:
    WorkerPool().close()


def test_nobody_stays_behind_where_the_asking_process_is_killed() -> None:
    process = subprocess.Popen([sys.executable, "-c", AT_WORK], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert int(process.stdout.readline()) != process.pid
    process.kill()
    # Workers share the line: it ends with the last of them.
    assert process.communicate(timeout=20)[0] == b""


def test_workers_see_the_environment_as_it_is_when_they_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    # The first pool of a process leaves a server behind, from which later workers are forked.
    for value in ("one", "two"):
        monkeypatch.setenv("NANO_BANANA_WEIGHTS", value)
        pool = WorkerPool(1)
        assert asyncio.run(pool.run(os.getenv, "NANO_BANANA_WEIGHTS")) == value
        pool.close()

"""Worker processes that the local and compute providers share.

They start on first use, as fresh processes and not as forks of this one.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeAlias, TypeVar, TypeVarTuple

from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import CallFailed, problem
from nano_banana.model.provider_protocol import Answer, AnswerFile

WorkResult: TypeAlias = tuple[JSONObject, Mapping[str, tuple[bytes, str]]]
"""What work in a worker process returns: the answer's data, and its files by place (bytes and media type)."""

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class WorkerPool:
    """At most `processes` workers (None: one per processor): fresh processes, no forks of this one."""

    def __init__(self, processes: int | None = None) -> None:
        self._processes = processes
        self._executor: ProcessPoolExecutor | None = None

    async def run(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        """Run `work(*args)` in a worker; function, arguments and result must pickle.

        Raises what `work` raises, and CallFailed `worker_died` where its process ended (killed, out of
        memory); the next call gets new workers.
        """
        executor = self._executor = self._executor or self._begin()
        try:
            with _sigint_blocked():
                done = asyncio.get_running_loop().run_in_executor(executor, work, *args)
            return await done
        except BrokenProcessPool as error:
            if self._executor is executor:
                self._executor = None
            raise CallFailed([problem("worker_died")]) from error

    def close(self) -> None:
        """Cancel waiting work, let running work end, and stop the workers; at once if interrupted."""
        executor, self._executor = self._executor, None
        if executor is None:
            return
        # Afterwards the executor forgets them.
        workers = list((executor._processes or {}).values())  # noqa: SLF001 - kill_workers() is new in Python 3.14
        try:
            executor.shutdown(cancel_futures=True)
        except BaseException:
            for worker in workers:
                worker.kill()
            raise

    def _begin(self) -> ProcessPoolExecutor:
        # A fork would copy this process's threads' locks in whatever state they are.
        ways = multiprocessing.get_all_start_methods()
        context = multiprocessing.get_context("forkserver" if "forkserver" in ways else "spawn")
        environment = dict(os.environ)
        return ProcessPoolExecutor(
            self._processes, mp_context=context, initializer=_init_worker, initargs=(environment,)
        )


class WorkerProvider:
    """Base of providers that answer calls in worker processes, at no cost."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool

    async def perform(self, work: Callable[[*Ts], WorkResult], *args: *Ts) -> Answer:
        """What `work(*args)` returns in a worker, as an answer. Raises as `WorkerPool.run` does."""
        data, files = await self._pool.run(work, *args)
        payloads = {place: AnswerFile(data=content, media=media) for place, (content, media) in files.items()}
        return Answer(data=data, files=payloads, cost_usd=0.0)

    async def close(self) -> None:
        """Do nothing: the pool's creator closes it."""


@contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Block Ctrl-C, which would leave a half-started worker behind that ends with a traceback."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _init_worker(environment: Mapping[str, str]) -> None:
    """Copy the parent's environment, ignore Ctrl-C, and exit with the parent."""
    # The server that workers are forked from has the environment of the first pool that this process began.
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    # Workers hold both ends of the line that they listen on: of a killed parent they would never hear.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

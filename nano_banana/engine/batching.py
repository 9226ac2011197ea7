"""Many small requests as few large ones, made in a thread beside the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Collects what is asked while a batch is under way, and asks for it together in the next.

    A batch that fails fails everybody in it.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Result]], *, gather: float = 0.0) -> None:
        """`work` answers a batch, in order; it runs in a thread, one batch at a time.

        A batch waits `gather` seconds for company: a trip to a thread and a transaction cost more than an item.
        """
        self._work = work
        self._gather = gather
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._task: asyncio.Task[None] | None = None

    def ask(self, item: Item) -> asyncio.Future[Result]:
        """Put an item into the next batch. It is answered even where nobody waits for it any more."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return future

    async def settle(self) -> None:
        """Wait until everything that was asked is answered. Raises nothing of what went wrong with it."""
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def _drain(self) -> None:
        while self._waiting:
            # At the least, everybody who is ready to ask now comes along: let them ask first.
            await asyncio.sleep(self._gather)
            batch, self._waiting = self._waiting, []
            try:
                results = await asyncio.to_thread(self._work, [item for item, _ in batch])
            except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
            else:
                for (_, future), result in zip(batch, results, strict=True):
                    if not future.done():
                        future.set_result(result)

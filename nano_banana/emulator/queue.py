"""Who waits, who runs, who has ended: first come, first served."""

from __future__ import annotations

import asyncio
import json
from bisect import bisect_left, insort
from collections.abc import Awaitable, Callable, Iterator

from nano_banana.emulator.order import Ending, Order, State
from nano_banana.emulator.payloads import Payloads

MOST_KEPT = 100_000
"""Requests that are remembered after their end; the oldest are forgotten first."""

CANCELLED = Ending(
    status=499,
    body={"detail": "Request was cancelled by the client", "error_type": "client_cancelled"},
    error="Request was cancelled by the client",
    error_type="client_cancelled",
)


class Queue:
    """The requests of this server; lives in one event loop."""

    def __init__(
        self,
        work: Callable[[Order], Awaitable[Ending]],
        payloads: Payloads,
        *,
        concurrency: int,
        clock: Callable[[], float],
    ) -> None:
        """Let `work` answer at most `concurrency` requests at once; `clock` tells seconds since 1970."""
        self._work = work
        self._payloads = payloads
        self._concurrency = concurrency
        self._clock = clock
        self._begin()

    def _begin(self) -> None:
        self.orders: dict[str, Order] = {}
        self.ended: dict[int, Order] = {}
        self.most_running = 0
        self.paused = False
        self._waiting: list[int] = []
        self._by_number: dict[int, Order] = {}
        self._running: dict[Order, asyncio.Task[None]] = {}
        self._timers: set[asyncio.TimerHandle] = set()
        self._endings = 0

    def accept(self, order: Order) -> None:
        """Take a request in; a slow one stands in the queue for its time first."""
        self.orders[order.id] = order
        slow = order.fate("slow")
        if slow:
            order.place = len(self._waiting)
            loop = asyncio.get_running_loop()
            self._timers = {timer for timer in self._timers if timer.when() > loop.time()}
            self._timers.add(loop.call_later(slow.number(1), lambda: self._line_up(order)))
        else:
            self._line_up(order)

    def position(self, order: Order) -> int:
        """How many requests are ahead of one that waits."""
        return bisect_left(self._waiting, order.number)

    def full(self) -> bool:
        """Whether as many run as may run at once."""
        return len(self._running) >= self._concurrency

    def cancel(self, order: Order) -> bool:
        """Take a request out where it has not begun; False where it has."""
        if order.state is not State.QUEUED:
            return False
        if order.number in self._by_number:
            del self._by_number[order.number]
            del self._waiting[self.position(order)]
        self._end(order, CANCELLED, State.CANCELLED)
        return True

    def pause(self, *, paused: bool) -> None:
        """Let nothing leave the queue, or let it go on."""
        self.paused = paused
        self._fill()

    def count(self) -> tuple[int, int]:
        """How many wait and how many run."""
        waiting = sum(order.state is State.QUEUED for order in self.orders.values())
        return waiting, len(self._running)

    def newest(self, before: int | None = None) -> Iterator[tuple[int, Order]]:
        """What has ended, the last first, with the number of its end; `before` such a number goes on from there."""
        for number in reversed(self.ended):
            if before is None or number < before:
                yield number, self.ended[number]

    async def clear(self) -> None:
        """Forget all requests, and end those that run."""
        tasks = list(self._running.values())
        for timer in self._timers:
            timer.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for order in self.orders.values():
            order.gone = True
            order.told()
        self._begin()

    def _line_up(self, order: Order) -> None:
        if order.state is State.QUEUED:
            self._by_number[order.number] = order
            insort(self._waiting, order.number)
            self._fill()

    def _fill(self) -> None:
        while self._waiting and len(self._running) < self._concurrency and not self.paused:
            order = self._by_number.pop(self._waiting.pop(0))
            order.state = State.RUNNING
            order.started_at = self._clock()
            order.told()
            self._running[order] = asyncio.get_running_loop().create_task(self._answer(order))
            self.most_running = max(self.most_running, len(self._running))

    async def _answer(self, order: Order) -> None:
        ending = await self._work(order)
        late = order.fate("reorder")
        if late:
            await self._overtaken(order, late.number(1))
        del self._running[order]
        self._end(order, ending, State.DONE if ending.status < 400 else State.FAILED)
        self._fill()

    async def _overtaken(self, order: Order, seconds: float) -> None:
        """Wait until one that came later has ended, but no longer than `seconds`."""
        deadline = asyncio.get_running_loop().time() + seconds
        seen = self._endings
        while asyncio.get_running_loop().time() < deadline:
            if any(self.ended[number].number > order.number for number in range(seen, self._endings)):
                return
            await asyncio.sleep(0.01)

    def _end(self, order: Order, ending: Ending, state: State) -> None:
        order.state = state
        order.ended_at = self._clock()
        order.status, order.units = ending.status, ending.units
        order.error, order.error_type = ending.error, ending.error_type
        order.answered_with, order.files = ending.headers, ending.files
        order.result = self._payloads.put(json.dumps(ending.body, separators=(",", ":")).encode())
        order.gone = order.fate("expired") is not None
        self.ended[self._endings] = order
        self._endings += 1
        if len(self.ended) > MOST_KEPT:
            oldest = self.ended.pop(next(iter(self.ended)))
            self.orders.pop(oldest.id, None)
        order.told()

"""One order under way: results noted, pictures put in place, Ctrl-C heard."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager

from nano_banana.core.errors import NanoBananaError
from nano_banana.core.news import News
from nano_banana.core.news import Watcher
from nano_banana.core.result import NodeResult
from nano_banana.engine.answering import Answering
from nano_banana.engine.batching import Batcher
from nano_banana.engine.desk import StoreDesk
from nano_banana.engine.engine import Engine
from nano_banana.engine.policy import Policy
from nano_banana.reports.outputs import Outputs
from nano_banana.reports.record import Record
from nano_banana.reports.record import record_of
from nano_banana.store.store import Store
from nano_banana.workshop.order import Order
from nano_banana.workshop.order import Outcome


class Doing:
    """One order under way; the one place where its state is."""

    def __init__(self, store: Store, order: Order, outputs: Outputs, watch: Watcher) -> None:
        self._store = store
        self._order = order
        self._outputs = outputs
        self._watch = watch
        self._records: dict[str, Record] = {}
        self._counts = {"made": 0, "failed": 0}
        self._cost = 0.0
        self._unknown = 0
        self._placed = 0
        self._placing: Batcher[Record, None] = Batcher(self._take_batch)
        self._tasks: set[asyncio.Future[None]] = set()

    def take(self, records: Sequence[Record]) -> None:
        """Note nodes' ends, and put their pictures in place."""
        self._records |= {record.id: record for record in records}
        self._placed += self._outputs.put(records)

    async def drive(self, policy: Policy, run: str) -> NanoBananaError | None:
        """Run the engine over what is left; return why it was halted, or None."""
        desk = StoreDesk(self._store, self._order.plan.files)
        answering = Answering(self._store, policy, desk, self._see, run)
        engine = Engine(answering, policy, self._see, self._ended)
        skip = frozenset(record.id for record in self._order.known)
        try:
            with _interrupts(answering):
                halted = await engine.run(self._order.plan, skip=skip)
            await asyncio.gather(*self._tasks)
        except asyncio.CancelledError:
            answering.halt.interrupt()
            halted = answering.halt.reason
        finally:
            await answering.close()
            self._cost, self._unknown = answering.purse.spent, answering.purse.unknown
        return halted

    def outcome(self, run: str, halted: NanoBananaError | None) -> Outcome:
        """How it ended."""
        return Outcome(
            run=run,
            records=list(self._records.values()),
            made=self._counts["made"],
            failed=self._counts["failed"],
            cost_usd=self._cost,
            unknown_cost=self._unknown,
            halted=halted,
            folder=self._outputs.folder,
            written=self._outputs.stats,
            placed=self._placed,
        )

    def _ended(self, result: NodeResult) -> None:
        # Roots whose reply is known are driven again for the sake of those who wait for them.
        task = asyncio.ensure_future(self._placing.ask(record_of(result)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _take_batch(self, records: Sequence[Record]) -> Sequence[None]:
        self.take(records)
        return [None] * len(records)

    def _see(self, news: News) -> None:
        if news.kind in self._counts:
            self._counts[news.kind] += news.count
        self._watch(news)


@contextmanager
def _interrupts(answering: Answering) -> Iterator[None]:
    """Ctrl-C once: begin nothing new. Twice: give up what is under way."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()

    def interrupt() -> None:
        if answering.halt.reason is None:
            answering.halt.interrupt()
        elif task is not None:
            task.cancel()

    try:
        loop.add_signal_handler(signal.SIGINT, interrupt)
    except (ValueError, RuntimeError, NotImplementedError):
        # Not the main thread, or a system without such handlers: KeyboardInterrupt does its best.
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)

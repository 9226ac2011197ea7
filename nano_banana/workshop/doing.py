"""One order under way: results noted, pictures put in place, Ctrl-C heard."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from nano_banana.core.errors import NanoBananaError
from nano_banana.core.news import News, Watcher
from nano_banana.core.result import NodeResult
from nano_banana.core.ticket import TicketState
from nano_banana.engine.answering import Answering
from nano_banana.engine.batching import Batcher
from nano_banana.engine.desk import StoreDesk
from nano_banana.engine.engine import Engine
from nano_banana.engine.halt import Halt
from nano_banana.engine.policy import Policy
from nano_banana.engine.pulse import pulse
from nano_banana.engine.resuming import resuming
from nano_banana.engine.scratch import Scratch
from nano_banana.reports.outputs import Outputs
from nano_banana.reports.record import Record, follow, record_of, undecided
from nano_banana.store.ledger import Line
from nano_banana.store.store import Store
from nano_banana.workshop.order import Order, Outcome

_STOPS = (signal.SIGINT, signal.SIGTERM)


GATHER = 0.05
"""Seconds that a finished picture may wait for others before it appears in the output folder."""


class Doing:
    """One order under way; the one place where its state is."""

    def __init__(self, store: Store, order: Order, outputs: Outputs, watch: Watcher) -> None:
        self._store = store
        self._order = order
        self._outputs = outputs
        self._watch = watch
        self._halt = Halt()
        self._records: dict[str, Record] = {}
        self._made: frozenset[str] = frozenset()
        self._failed = 0
        self._untracked: Sequence[float | None] = ()
        self._restored = 0
        self._placing: Batcher[Record, None] = Batcher(self._take_batch, gather=GATHER)

    def restore(self) -> None:
        """Note what is known already, and put back those of its pictures that are gone or changed."""
        self._restored = self._take(self._order.known)

    async def drive(self, policy: Policy, run: str) -> NanoBananaError | None:
        """Run the engine over what is left; return why it was halted, or None.

        Raises what nobody foresaw, once everything that was under way has ended and is kept.
        """
        desk = StoreDesk(self._store, self._order.plan.files)
        answering = Answering(policy, desk, self._watch, run, self._halt)
        engine = Engine(answering, policy, self._watch, self._ended)
        Scratch(self._store.folder).clean()
        known = {record.id: record.end for record in self._order.known}
        said = "stopping_at_fal" if policy.resumes else "stopping"
        with _interrupts(self._halt, self._watch, said) as settling:
            try:
                async with pulse(self._store), resuming(self._store, answering, policy.resumes):
                    await engine.run(self._order.plan, known=known)
            except asyncio.CancelledError:
                self._halt.interrupt()
            finally:
                settling.set()
                await answering.close()
                await self._placing.settle()
                self._made = frozenset(answering.made) | frozenset(self._order.checked)
                self._failed = len(answering.failed)
                self._untracked = answering.untracked
        if self._halt.bug is not None:
            raise self._halt.bug
        return self._halt.reason

    @property
    def made(self) -> frozenset[str]:
        """The keys of the calls that were made."""
        return self._made

    def outcome(self, run: str, halted: NanoBananaError | None) -> Outcome:
        """How it ended."""
        opened = self._store.tickets.opened(self._order.resumes) if self._order.resumes else []
        keys = {key for record in self._records.values() for key in record.keys.values()}
        records = list(self._records.values())
        bill = self._store.ledger.runs([run]).get(run, Line(name=run))
        return Outcome(
            run=run,
            records=[undecided(record) for record in records] if halted else records,
            made=len(self._made),
            cached=len(keys - self._made),
            failed=self._failed,
            cost_usd=bill.spent_usd + sum(cost or 0.0 for cost in self._untracked),
            unknown_cost=bill.unknown + self._untracked.count(None),
            halted=halted,
            folder=self._outputs.folder,
            written=self._outputs.stats,
            restored=self._restored,
            left=sum(ticket.state is TicketState.SENT for ticket in opened),
            lost=[ticket for ticket in opened if ticket.state is TicketState.UNKNOWN],
        )

    def _take(self, records: Sequence[Record]) -> int:
        """Note nodes' ends, and put their pictures in place; return how many were not there."""
        self._records |= {record.id: follow(self._records.get(record.id), record) for record in records}
        return self._outputs.put(records)

    def _ended(self, result: NodeResult) -> None:
        # Roots whose reply is known are driven again for the sake of those who wait for them.
        _ = self._placing.ask(record_of(result))

    def _take_batch(self, records: Sequence[Record]) -> Sequence[None]:
        try:
            self._take(records)
        except Exception as error:  # noqa: BLE001 - nobody waits for this: whatever it is, the run must end with it
            self._halt.set(error)
        return [None] * len(records)


@contextmanager
def _interrupts(halt: Halt, watch: Watcher, said: str) -> Iterator[asyncio.Event]:
    """Ctrl-C (or SIGTERM) once: begin nothing new, and leave at a service what is there. Twice: give it all up.

    Yields an event to set once there is nothing left to give up: what is being written is written, however often
    somebody asks.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    settling = asyncio.Event()

    def interrupt() -> None:
        if halt.reason is None:
            halt.interrupt()
            watch(News(kind="note", stage="", data={"kind": said}))
        else:
            halt.insist()
            if task is not None and not settling.is_set():
                task.cancel()

    try:
        for number in _STOPS:
            loop.add_signal_handler(number, interrupt)
    except (ValueError, RuntimeError, NotImplementedError):
        # Not the main thread, or a system without such handlers: KeyboardInterrupt does its best.
        yield settling
        return
    try:
        yield settling
    finally:
        for number in _STOPS:
            loop.remove_signal_handler(number)

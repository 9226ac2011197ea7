"""One call resolved: from the store, another process or its provider.

Requests that earlier runs sent and didn't see the end of are collected beside the run.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from nano_banana.engine.async_store import AnsweredCall, AsyncStore, ClaimGranted
from nano_banana.engine.provider_dispatch import CallSlot, InputFiles, ProviderDispatch
from nano_banana.engine.run_control import Budget, EnginePolicy, Halt
from nano_banana.model.call import Call, Reply, parse_call
from nano_banana.model.event import Event, EventHandler
from nano_banana.model.problem import CallFailed, Problem, Refused, Stopped
from nano_banana.model.provider_protocol import SingleFlight
from nano_banana.model.ticket import Requester, Ticket, TicketState
from nano_banana.store.local_store import Store

POLL_SECONDS = 0.1
"""Seconds between looks at a call that another process makes."""

_REQUEST_ERRORS = (CallFailed, Refused)
"""Ends of a request that is collected for nobody in particular: a key may be refused what another one sent, and do well
otherwise."""


class CallResolver:
    """Answers each distinct call once a run: one that is asked for twice is made once, and fails once."""

    def __init__(self, policy: EnginePolicy, inputs: InputFiles, on_event: EventHandler, run: str, halt: Halt) -> None:
        """`run` is the id that replies are recorded under; `halt` is set by what ends the run."""
        self._policy = policy
        self._on_event = on_event
        self._run = run
        self._store = AsyncStore(inputs.store, run)
        self.budget = Budget(policy.budget_usd, policy.budget_name)
        self._asking = ProviderDispatch(policy, inputs, self._store, self.budget, halt.shutdown, on_event)
        self._flights: SingleFlight[tuple[Reply, bool]] = SingleFlight()
        self._places = defaultdict(
            lambda: _semaphores(1), {kind: _semaphores(most) for kind, most in policy.limits.items()}
        )
        self.made: set[str] = set()
        """The keys of the calls that were made and recorded in this run."""
        self.untracked: list[float | None] = []
        """The costs of calls whose provider keeps no tickets, which are in no ledger."""
        self.failed: dict[str, tuple[Problem, ...]] = {}
        """The keys of the calls that failed in this run, and why."""
        self._told = set(policy.reported_cached)
        """The keys of the calls that were there already, and were said to be: one that is chosen asks again."""
        self._waited = False
        self._aside: set[str] = set()
        """The keys of calls that are collected for nobody in particular."""
        self.halt = halt

    async def answer(self, call: Call, requester: Requester) -> tuple[Reply, bool]:
        """The reply, and whether it was there already; `requester` is for whom.

        Raises CallFailed where this call failed; what ends the whole run halts it and is raised as well.
        """

        async def work() -> tuple[Reply, bool]:
            if call.key in self.failed:
                raise CallFailed(self.failed[call.key])
            return await self._noted(call, self._find_or_make(call, replace(requester, run=self._run)))

        (reply, cached), ours = await self._flights.join(call.key, work)
        return reply, cached or not ours

    async def resume(self, ticket: Ticket) -> None:
        """Collect what an earlier run sent and did not see the end of, without waiting for a slot.

        It is paid for, and its result may not be kept for long. Nothing is bought for it unless the plan is known to
        need it; where it can't be had, or another process is at it, whoever needs it goes the usual way.
        """
        call = parse_call(ticket.document)
        if call.key in self._flights:
            return
        alone: tuple[type[Exception], ...] = (_ClaimedElsewhereError,)
        if call.key not in self._policy.missing:
            self._aside.add(call.key)
            alone = (_ClaimedElsewhereError, *_REQUEST_ERRORS)
        with suppress(*alone, CallFailed):
            work = self._noted(call, self._resume(call, ticket.requester))
            await self._flights.join(call.key, lambda: work, not_shared=lambda error: isinstance(error, alone))
        self._aside.discard(call.key)

    async def close(self) -> None:
        """Keep what was answered, then close the providers that were made."""
        await self._store.flush()
        await self._asking.close()

    async def _noted(self, call: Call, work: Awaitable[tuple[Reply, bool]]) -> tuple[Reply, bool]:
        try:
            return await work
        except Exception as error:
            self._note(call, error)
            raise

    def _note(self, call: Call, error: Exception) -> None:
        if call.key in self._aside and isinstance(error, _REQUEST_ERRORS):
            return
        if isinstance(error, CallFailed):
            self.failed[call.key] = error.problems
        elif not isinstance(error, Stopped | _ClaimedElsewhereError):
            # (Stopped is what was left at a service, because the run ends already.)
            self.halt.stop_for(error)

    async def _find_or_make(self, call: Call, requester: Requester) -> tuple[Reply, bool]:
        reply = None if call.key in self._policy.missing else await self._store.get(call.key)
        kind = self._policy.kind_of(call)
        while reply is None:
            made = await self._make(call, requester, CallSlot(*self._places[kind]))
            if isinstance(made, AnsweredCall):
                return await self._keep(made, requester), False
            if isinstance(made, Reply):
                reply = made
            else:
                self._say_waiting()
                await asyncio.sleep(POLL_SECONDS)
        if call.key not in self._told and call.key not in self.made:
            self._told.add(call.key)
            self._on_event(Event(kind="cached", stage=requester.stage, node=requester.node))
        return reply, True

    async def _resume(self, call: Call, requester: Requester) -> tuple[Reply, bool]:
        """As `_find_or_make`, at once."""
        made = await self._make(call, requester, CallSlot())
        if isinstance(made, AnsweredCall):
            return await self._keep(made, requester), False
        if made is None:
            raise _ClaimedElsewhereError
        return made, True

    def _say_waiting(self) -> None:
        """Once a run: the other one is probably ahead all the way."""
        if not self._waited:
            self._on_event(Event(kind="note", stage="", data={"kind": "made_elsewhere"}))
        self._waited = True

    async def _make(self, call: Call, requester: Requester, slot: CallSlot) -> Reply | AnsweredCall | None:
        """Ask the provider, within the limit of the call's kind; None where another process is at it."""
        try:
            await slot.acquire(1)
            self.halt.check()
            begun = await self._store.claim(call.key)
            return await self._asked(call, requester, begun, slot) if isinstance(begun, ClaimGranted) else begun
        finally:
            slot.release()

    async def _asked(self, call: Call, requester: Requester, begun: ClaimGranted, slot: CallSlot) -> AnsweredCall:
        """A call that is claimed. One whose request is lost holds up nobody while it is looked for."""
        try:
            if begun.ticket is not None and begun.ticket.outcome_unknown:
                slot.release()
            else:
                await slot.acquire()
            self.halt.check()
            return await self._asking.ask(call, requester, begun.ticket, slot, may_submit=call.key not in self._aside)
        except BaseException as error:
            if isinstance(error, Exception):
                # At once: letting go takes a moment, in which nobody else may begin.
                self._note(call, error)
            await self._store.release(call.key)
            raise

    async def _keep(self, answered: AnsweredCall, requester: Requester) -> Reply:
        """Record the answer before anybody may use it; the slot is free for the next call meanwhile."""
        try:
            reply = await self._store.record(answered)
        finally:
            await self._asking.sweep(answered.folders)
        self.made.add(answered.call.key)
        ticket, newly_billed = answered.answer.ticket, answered.answer.newly_billed
        if ticket is None and newly_billed:
            self.untracked.append(reply.cost_usd)
        ours = newly_billed and (ticket is None or ticket.requester.run in ("", self._run))
        cost = reply.cost_usd if ours else 0.0
        self._on_event(
            Event(kind="made", stage=requester.stage, node=requester.node, seconds=reply.seconds, cost_usd=cost)
        )
        return reply


def _semaphores(count: int) -> tuple[asyncio.Semaphore, asyncio.Semaphore]:
    """For so many calls at once. A few more are claimed before, so that a place never waits for the store."""
    return asyncio.Semaphore(count + (count + 3) // 4), asyncio.Semaphore(count)


class _ClaimedElsewhereError(Exception):
    """Another process is at it."""


@asynccontextmanager
async def collecting_earlier_requests(store: Store, answering: CallResolver, provider: str) -> AsyncIterator[None]:
    """Follow every accepted request of this provider while the block lasts, whoever sent it and for what.

    At the end of the block, those that are not done are left at the service again.
    """
    opened = await asyncio.to_thread(store.tickets.opened, provider) if provider else []
    tasks = [asyncio.create_task(_collect(answering, ticket)) for ticket in opened if ticket.state is TicketState.SENT]
    # Each takes its call before anybody else asks for it.
    await asyncio.sleep(0)
    try:
        yield
    finally:
        answering.halt.shutdown.requested.set()
        if tasks:
            await asyncio.wait(tasks)


async def _collect(answering: CallResolver, ticket: Ticket) -> None:
    try:
        await answering.resume(ticket)
    except Stopped:
        return
    except Exception as error:  # noqa: BLE001 - a bug of ours must not lose what others have under way
        answering.halt.stop_for(error)

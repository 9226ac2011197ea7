"""Resolves a call: from the store, another process or its provider.

Requests that earlier runs sent but didn't collect are collected alongside.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress

from msgspec.structs import replace

from nano_banana.engine.async_store import AnsweredCall, AsyncStore, ClaimGranted
from nano_banana.engine.provider_dispatch import CallSlot, InputFiles, ProviderDispatch
from nano_banana.engine.run_control import Budget, EnginePolicy, Halt
from nano_banana.model.call import COMPUTE, Call, Reply, parse_call
from nano_banana.model.event import Event, EventHandler
from nano_banana.model.problem import CallFailed, Problem, Refused, Stopped, problem
from nano_banana.model.provider_protocol import SingleFlight
from nano_banana.model.ticket import Requester, Ticket, TicketState
from nano_banana.store.local_store import Store

POLL_SECONDS = 0.1
"""Seconds between look-ups of a call that another process is making."""

_REQUEST_ERRORS = (CallFailed, Refused)
"""Errors that don't end the run if nothing in it needs the request: another key may have sent it, for example."""


class CallResolver:
    """Answers each distinct call once per run, whether it succeeds or fails."""

    def __init__(self, policy: EnginePolicy, inputs: InputFiles, on_event: EventHandler, run: str, halt: Halt) -> None:
        """`run` is the id under which replies are recorded; `halt` is set by what ends the run."""
        self._policy = policy
        self._on_event = on_event
        self._run = run
        self._store = AsyncStore(inputs.store, run)
        self.budget = Budget(policy.budget_usd, policy.budget_name)
        self._dispatch = ProviderDispatch(policy, inputs, self._store, self.budget, halt.shutdown, on_event)
        self._flights: SingleFlight[tuple[Reply, bool]] = SingleFlight()
        self._places = defaultdict(
            lambda: _semaphores(1), {kind: _semaphores(count) for kind, count in policy.limits.items()}
        )
        self.made: set[str] = set()
        """The keys of calls that were made and recorded in this run."""
        self.untracked: list[float | None] = []
        """The costs of calls without a ticket, which are in no ledger."""
        self.failed: dict[str, tuple[Problem, ...]] = {}
        """The problems of calls that failed in this run, by key."""
        self._reported = set(policy.reported_cached)
        """The keys of calls that were reported as cached; a chosen take asks for them once more."""
        self._waited = False
        self._aside: set[str] = set()
        """The keys of calls that are collected although this run doesn't need them."""
        self.halt = halt

    async def answer(self, call: Call, requester: Requester) -> tuple[Reply, bool]:
        """The reply to a call, and whether it was already there.

        Raises CallFailed if this call failed, and anything else after halting the run.
        """

        async def work() -> tuple[Reply, bool]:
            if call.key in self.failed:
                raise CallFailed(self.failed[call.key])
            return await self._noted(call, self._find_or_make(call, replace(requester, run=self._run)))

        (reply, cached), ours = await self._flights.join(call.key, work)
        return reply, cached or not ours

    async def answer_if_stored(self, call: Call, requester: Requester) -> tuple[Reply, bool]:
        """The same for a provider's call that is there already; this machine's own calls are made.

        Raises CallFailed (`not_stored`) if it isn't.
        """
        if call.provider != COMPUTE and call.key not in self.made and await self._store.get(call.key) is None:
            raise CallFailed([problem("not_stored", endpoint=call.endpoint)])
        return await self.answer(call, requester)

    async def resume(self, ticket: Ticket) -> None:
        """Collect a request that an earlier run sent, without waiting for a slot.

        It is paid for, and the service may not keep its result for long. No new request is sent unless the plan is
        known to need the call. If it can't be collected, or another process has claimed it, `answer` tries as usual.
        """
        call = parse_call(ticket.document)
        if call.key in self._flights:
            return
        not_shared: tuple[type[Exception], ...] = (_ClaimedElsewhereError,)
        if call.key not in self._policy.missing:
            self._aside.add(call.key)
            not_shared = (_ClaimedElsewhereError, *_REQUEST_ERRORS)
        with suppress(*not_shared, CallFailed):
            work = self._noted(call, self._resume(call, ticket.requester))
            await self._flights.join(call.key, lambda: work, not_shared=lambda error: isinstance(error, not_shared))
        self._aside.discard(call.key)

    async def close(self) -> None:
        """Wait until all answers are stored, then close the providers."""
        await self._store.flush()
        await self._dispatch.close()

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
            # (Stopped means a request left at a service, because the run is ending already.)
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
        if call.key not in self._reported and call.key not in self.made:
            self._reported.add(call.key)
            self._on_event(Event(kind="cached", stage=requester.stage, node=requester.node))
        return reply, True

    async def _resume(self, call: Call, requester: Requester) -> tuple[Reply, bool]:
        """Like `_find_or_make`, but without waiting."""
        made = await self._make(call, requester, CallSlot())
        if isinstance(made, AnsweredCall):
            return await self._keep(made, requester), False
        if made is None:
            raise _ClaimedElsewhereError
        return made, True

    def _say_waiting(self) -> None:
        """Say so once per run: the other process is probably ahead for all calls."""
        if not self._waited:
            self._on_event(Event(kind="note", stage="", data={"kind": "made_elsewhere"}))
        self._waited = True

    async def _make(self, call: Call, requester: Requester, slot: CallSlot) -> Reply | AnsweredCall | None:
        """Ask the provider, within the limit for the call's kind; None if another process has claimed the call."""
        try:
            await slot.acquire(1)
            self.halt.check()
            begun = await self._store.claim(call.key)
            return await self._asked(call, requester, begun, slot) if isinstance(begun, ClaimGranted) else begun
        finally:
            slot.release()

    async def _asked(self, call: Call, requester: Requester, begun: ClaimGranted, slot: CallSlot) -> AnsweredCall:
        """Make a claimed call. While a request with an unknown outcome is looked up, it holds no slot."""
        try:
            if begun.ticket is not None and begun.ticket.outcome_unknown:
                slot.release()
            else:
                await slot.acquire()
            self.halt.check()
            return await self._dispatch.ask(call, requester, begun.ticket, slot, may_submit=call.key not in self._aside)
        except BaseException as error:
            if isinstance(error, Exception):
                # Before the claim is released, which takes a moment, so that no other call begins meanwhile.
                self._note(call, error)
            await self._store.release(call.key)
            raise

    async def _keep(self, answered: AnsweredCall, requester: Requester) -> Reply:
        """Record the answer before it is used; the slot is free for the next call already."""
        try:
            reply = await self._store.record(answered)
        finally:
            await self._dispatch.remove_folders(answered.folders)
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
    """Semaphores for claiming and for sending. A few more calls are claimed, so that no slot waits for the store."""
    return asyncio.Semaphore(count + (count + 3) // 4), asyncio.Semaphore(count)


class _ClaimedElsewhereError(Exception):
    """Another process has claimed the call."""


@asynccontextmanager
async def collecting_earlier_requests(store: Store, resolver: CallResolver, provider: str) -> AsyncIterator[None]:
    """Collect every accepted request of this provider during the block, whichever run sent it.

    Requests that are not done at the end of the block stay at the service.
    """
    opened = await asyncio.to_thread(store.tickets.opened, provider) if provider else []
    tasks = [asyncio.create_task(_collect(resolver, ticket)) for ticket in opened if ticket.state is TicketState.SENT]
    # Each task registers its call before anything else asks for it.
    await asyncio.sleep(0)
    try:
        yield
    finally:
        resolver.halt.shutdown.requested.set()
        if tasks:
            await asyncio.wait(tasks)


async def _collect(resolver: CallResolver, ticket: Ticket) -> None:
    try:
        await resolver.resume(ticket)
    except Stopped:
        return
    except Exception as error:  # noqa: BLE001 - a bug must not lose calls under way
        resolver.halt.stop_for(error)

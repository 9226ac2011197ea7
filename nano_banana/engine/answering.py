"""One call answered: from the store, by somebody else, or by its provider."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from contextlib import nullcontext
from dataclasses import replace

from nano_banana.core.call import Call
from nano_banana.core.call import call_of
from nano_banana.core.errors import CallFailed
from nano_banana.core.errors import Stopped
from nano_banana.core.errors import trouble
from nano_banana.core.news import News
from nano_banana.core.news import Watcher
from nano_banana.core.problem import Problem
from nano_banana.core.reply import Reply
from nano_banana.core.ticket import Errand
from nano_banana.core.ticket import Ticket
from nano_banana.engine.asking import Asking
from nano_banana.engine.desk import StoreDesk
from nano_banana.engine.halt import Halt
from nano_banana.engine.keeper import Answered
from nano_banana.engine.keeper import Granted
from nano_banana.engine.keeper import Keeper
from nano_banana.engine.policy import Policy
from nano_banana.engine.purse import Purse

WAIT = 0.1
"""Seconds between looks at a call that another process makes."""

Turn = AbstractAsyncContextManager[None]
"""A place to wait in."""


class Answering:
    """Answers each distinct call once a run: one that is asked for twice is made once, and fails once."""

    def __init__(self, policy: Policy, desk: StoreDesk, watch: Watcher, run: str, halt: Halt) -> None:
        """`run` is the id that replies are recorded under; `halt` is set by what ends the run."""
        self._policy = policy
        self._watch = watch
        self._run = run
        self._keeper = Keeper(desk.store, run)
        self.purse = Purse(policy.budget_usd)
        self._asking = Asking(policy, desk, self._keeper, self.purse, halt.leave, watch)
        self._flying: dict[str, asyncio.Future[Reply]] = {}
        self._slots: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(1))
        self._ahead: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(1))
        for kind, count in policy.limits.items():
            self._slots[kind] = asyncio.Semaphore(count)
            # A few are claimed before their turn, so that a slot never waits for the store.
            self._ahead[kind] = asyncio.Semaphore(count + (count + 3) // 4)
        self.made: set[str] = set()
        """The keys of the calls that were made and recorded in this run."""
        self.failed: dict[str, tuple[Problem, ...]] = {}
        """The keys of the calls that failed in this run, and why."""
        self._waited = False
        self.halt = halt

    async def answer(self, call: Call, errand: Errand) -> tuple[Reply, bool]:
        """The reply, and whether it was there already; `errand` is who asks.

        Raises CallFailed where this call failed; what ends the whole run halts it and is raised as well.
        """
        while (flying := self._flying.get(call.key)) is not None:
            try:
                return await asyncio.shield(flying), True
            except asyncio.CancelledError:
                if not flying.cancelled() or _are_cancelled():
                    raise
        if call.key in self.failed:
            raise CallFailed(self.failed[call.key])
        return await self._fly(call, self._find_or_make(call, replace(errand, run=self._run)))

    async def resume(self, ticket: Ticket) -> None:
        """Collect what an earlier run sent and did not see the end of, without waiting for a slot.

        A failure is the ticket's own, and of no other call's concern; where another process is at it, that is theirs.
        """
        call = call_of(ticket.document)
        if call.key in self._flying:
            return
        try:
            await self._fly(call, self._resume(call, ticket.errand))
        except CallFailed:
            if call.key not in self._policy.missing:
                del self.failed[call.key]

    async def _fly(self, call: Call, work: Coroutine[None, None, tuple[Reply, bool]]) -> tuple[Reply, bool]:
        """Do the work for everybody who asks for this call meanwhile."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._flying[call.key] = future
        try:
            reply, cached = await work
        except asyncio.CancelledError:
            future.cancel()
            raise
        except Exception as error:
            self._note(call, error)
            future.set_exception(error)
            # Nobody may be waiting for it, and that is fine.
            future.exception()
            raise
        else:
            future.set_result(reply)
            return reply, cached
        finally:
            del self._flying[call.key]

    async def close(self) -> None:
        """Keep what was answered, then close the providers that were made."""
        await self._keeper.settle()
        await self._asking.close()

    def _note(self, call: Call, error: Exception) -> None:
        if isinstance(error, CallFailed):
            self.failed[call.key] = error.problems
        elif not isinstance(error, Stopped):
            # (Stopped is what was left at a service, because the run ends already.)
            self.halt.set(error)

    async def _find_or_make(self, call: Call, errand: Errand) -> tuple[Reply, bool]:
        reply = None if call.key in self._policy.missing else await self._keeper.look(call.key)
        kind = self._policy.kind_of(call)
        while reply is None:
            made = await self._make(call, errand, self._ahead[kind], self._slots[kind])
            if isinstance(made, Answered):
                return await self._keep(made, errand), False
            if isinstance(made, Reply):
                reply = made
            else:
                self._say_waiting()
                await asyncio.sleep(WAIT)
        self._watch(News(kind="cached", stage=errand.stage, node=errand.node))
        return reply, True

    async def _resume(self, call: Call, errand: Errand) -> tuple[Reply, bool]:
        """As `_find_or_make`, at once: it is accepted and paid for, and its result may not be kept for long."""
        made = await self._make(call, errand, nullcontext(), nullcontext())
        if isinstance(made, Answered):
            return await self._keep(made, errand), False
        if made is None:
            raise CallFailed([trouble("made_elsewhere")])
        return made, True

    def _say_waiting(self) -> None:
        """Once a run: the other one is probably ahead all the way."""
        if not self._waited:
            self._watch(News(kind="note", stage="", data={"kind": "made_elsewhere"}))
        self._waited = True

    async def _make(self, call: Call, errand: Errand, ahead: Turn, slot: Turn) -> Reply | Answered | None:
        """Ask the provider, within the limit of the call's kind; None where another process is at it."""
        async with ahead:
            self.halt.check()
            begun = await self._keeper.begin(call.key)
            if not isinstance(begun, Granted):
                return begun
            try:
                async with slot:
                    self.halt.check()
                    return await self._asking.ask(call, errand, begun.ticket)
            except BaseException as error:
                if isinstance(error, Exception):
                    # At once: letting go takes a moment, in which nobody else may begin.
                    self._note(call, error)
                await self._keeper.let_go(call.key)
                raise

    async def _keep(self, answered: Answered, errand: Errand) -> Reply:
        """Record the answer before anybody may use it; the slot is free for the next call meanwhile."""
        try:
            reply = await self._keeper.keep(answered)
        finally:
            await self._asking.sweep(answered.folders)
        self.made.add(answered.call.key)
        self._watch(
            News(kind="made", stage=errand.stage, node=errand.node, seconds=reply.seconds, cost_usd=reply.cost_usd)
        )
        return reply


def _are_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0

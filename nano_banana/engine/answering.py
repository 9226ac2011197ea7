"""One call answered: from the store, by somebody else, or by its provider."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict

from nano_banana.core.answer import Provider
from nano_banana.core.call import Call
from nano_banana.core.errors import CallFailed
from nano_banana.core.news import News
from nano_banana.core.news import Watcher
from nano_banana.core.problem import Problem
from nano_banana.core.reply import Reply
from nano_banana.engine.desk import StoreDesk
from nano_banana.engine.halt import Halt
from nano_banana.engine.keeper import Answered
from nano_banana.engine.keeper import Claim
from nano_banana.engine.keeper import Keeper
from nano_banana.engine.policy import Policy
from nano_banana.engine.purse import Purse
from nano_banana.store.store import Store

WAIT = 0.1
"""Seconds between looks at a call that another process makes."""


class Answering:
    """Answers each distinct call once a run: one that is asked for twice is made once, and fails once."""

    def __init__(self, store: Store, policy: Policy, desk: StoreDesk, watch: Watcher, run: str, halt: Halt) -> None:
        """`run` is the id that replies are recorded under; `halt` is set by what ends the run."""
        self._policy = policy
        self._desk = desk
        self._watch = watch
        self._keeper = Keeper(store, run)
        self._providers: dict[str, Provider] = {}
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
        self.purse = Purse(policy.budget_usd)

    async def answer(self, call: Call, *, stage: str, node: str) -> tuple[Reply, bool]:
        """The reply, and whether it was there already.

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
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._flying[call.key] = future
        try:
            reply, cached = await self._find_or_make(call, stage, node)
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
        for provider in self._providers.values():
            await provider.close()

    def _note(self, call: Call, error: Exception) -> None:
        if isinstance(error, CallFailed):
            self.failed[call.key] = error.problems
        else:
            self.halt.set(error)

    async def _find_or_make(self, call: Call, stage: str, node: str) -> tuple[Reply, bool]:
        reply = None if call.key in self._policy.missing else await self._keeper.look(call.key)
        while reply is None:
            made = await self._make(call, stage, node)
            if isinstance(made, Answered):
                return await self._keep(made, stage, node), False
            if isinstance(made, Reply):
                reply = made
            else:
                self._say_waiting()
                await asyncio.sleep(WAIT)
        self._watch(News(kind="cached", stage=stage, node=node))
        return reply, True

    def _say_waiting(self) -> None:
        """Once a run: the other one is probably ahead all the way."""
        if not self._waited:
            self._watch(News(kind="note", stage="", data={"kind": "made_elsewhere"}))
        self._waited = True

    async def _make(self, call: Call, stage: str, node: str) -> Reply | Answered | None:
        """Ask the provider, within the limit of the call's kind; None where another process is at it."""
        kind = self._policy.kind_of(call)
        async with self._ahead[kind]:
            self.halt.check()
            begun = await self._keeper.begin(call.key)
            if isinstance(begun, Reply):
                return begun
            if begun is Claim.ANOTHERS:
                return None
            try:
                async with self._slots[kind]:
                    self.halt.check()
                    return await self._ask_provider(call, stage, node)
            except BaseException as error:
                if isinstance(error, Exception):
                    # At once: letting go takes a moment, in which nobody else may begin.
                    self._note(call, error)
                await self._keeper.let_go(call.key)
                raise

    async def _ask_provider(self, call: Call, stage: str, node: str) -> Answered:
        reserved = self.purse.reserve(self._policy.price(call))
        cost: float | None = 0.0
        try:
            self._watch(News(kind="running", stage=stage, node=node))
            begun = time.perf_counter()
            answer = await self._provider(call.provider).answer(call, self._desk)
            cost = answer.cost_usd
            return Answered(call=call, answer=answer, seconds=time.perf_counter() - begun)
        except CallFailed as error:
            self._watch(News(kind="failed", stage=stage, node=node))
            raise CallFailed(self._desk.named(call, error.problems)) from error
        finally:
            self.purse.settle(reserved, cost)

    async def _keep(self, answered: Answered, stage: str, node: str) -> Reply:
        """Record the answer before anybody may use it; the slot is free for the next call meanwhile."""
        reply = await self._keeper.keep(answered)
        self.made.add(answered.call.key)
        self._watch(News(kind="made", stage=stage, node=node, seconds=reply.seconds, cost_usd=reply.cost_usd))
        return reply

    def _provider(self, name: str) -> Provider:
        if name not in self._providers:
            self._providers[name] = self._policy.providers[name]()
        return self._providers[name]


def _are_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0

"""One call answered: from the store, by somebody else, or by its provider."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence

from nano_banana.core.answer import Answer
from nano_banana.core.answer import Desk
from nano_banana.core.answer import Provider
from nano_banana.core.call import Call
from nano_banana.core.errors import CallFailed
from nano_banana.core.errors import LimitReached
from nano_banana.core.errors import NanoBananaError
from nano_banana.core.errors import Refused
from nano_banana.core.errors import Unusable
from nano_banana.core.news import News
from nano_banana.core.news import Watcher
from nano_banana.core.reply import Reply
from nano_banana.engine.batching import Batcher
from nano_banana.engine.halt import Halt
from nano_banana.engine.policy import Policy
from nano_banana.engine.purse import Purse
from nano_banana.store.owner import owner_id
from nano_banana.store.replies import Entry
from nano_banana.store.store import Store

WAIT = 0.1
"""Seconds between looks at a call that another process makes."""


class Answering:
    """Answers each distinct call once: the same call asked twice at the same time is made once."""

    def __init__(self, store: Store, policy: Policy, desk: Desk, watch: Watcher, run: str) -> None:
        """`run` is the id that replies are recorded under."""
        self._store = store
        self._policy = policy
        self._desk = desk
        self._watch = watch
        self._run = run
        self._owner = owner_id()
        self._providers: dict[str, Provider] = {}
        self._flying: dict[str, asyncio.Future[Reply]] = {}
        self._slots: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(1))
        for kind, count in policy.limits.items():
            self._slots[kind] = asyncio.Semaphore(count)
        self._look_up = Batcher(self._look)
        self._claim = Batcher(self._claims)
        self._record = Batcher(self._records)
        self.halt = Halt()
        self.purse = Purse(policy.budget_usd)

    async def answer(self, call: Call, *, stage: str, node: str) -> tuple[Reply, bool]:
        """The reply, and whether it was there already.

        Raises CallFailed where this call failed; what ends the whole run halts it and is raised as well.
        """
        flying = self._flying.get(call.key)
        if flying is not None:
            return await asyncio.shield(flying), True
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._flying[call.key] = future
        try:
            reply, cached = await self._find_or_make(call, stage, node)
        except BaseException as error:
            future.set_exception(error if isinstance(error, NanoBananaError) else asyncio.CancelledError())
            # Nobody may be waiting for it, and that is fine.
            future.exception()
            raise
        else:
            future.set_result(reply)
            return reply, cached
        finally:
            del self._flying[call.key]

    async def close(self) -> None:
        """Close the providers that were made."""
        for provider in self._providers.values():
            await provider.close()

    async def _find_or_make(self, call: Call, stage: str, node: str) -> tuple[Reply, bool]:
        reply = await self._look_up.ask(call.key)
        if reply is None:
            made = await self._make(call, stage, node)
            if made is not None:
                return made, False
            reply = await self._await_other(call, stage, node)
            if reply is None:
                return await self._find_or_make(call, stage, node)
        self._watch(News(kind="cached", stage=stage, node=node))
        return reply, True

    async def _await_other(self, call: Call, stage: str, node: str) -> Reply | None:
        """Another process makes this call: wait until it is answered, or let go of (None)."""
        self._watch(News(kind="note", stage=stage, node=node, data={"kind": "made_elsewhere"}))
        while True:
            await asyncio.sleep(WAIT)
            self.halt.check()
            reply = await self._look_up.ask(call.key)
            if reply is not None or await self._claim.ask(call.key):
                await asyncio.to_thread(self._store.release, [call.key], owner=self._owner)
                return reply

    async def _make(self, call: Call, stage: str, node: str) -> Reply | None:
        """Make the call within its kind's limit; None where another process has it."""
        async with self._slots[self._policy.kind_of(call)]:
            self.halt.check()
            if not await self._claim.ask(call.key):
                return None
            try:
                # Between our look and our claim, another process may have answered and let go.
                reply = await self._look_up.ask(call.key)
                return reply or await self._ask_provider(call, stage, node)
            except CallFailed as error:
                self._watch(News(kind="failed", stage=stage, node=node, data={"kind": error.problems[0].kind}))
                raise
            except (LimitReached, Refused, Unusable) as error:
                self.halt.set(error)
                raise
            finally:
                await asyncio.shield(asyncio.to_thread(self._store.release, [call.key], owner=self._owner))

    async def _ask_provider(self, call: Call, stage: str, node: str) -> Reply:
        reserved = self.purse.reserve(self._policy.price(call))
        cost: float | None = 0.0
        try:
            self._watch(News(kind="running", stage=stage, node=node))
            begun = time.perf_counter()
            answer = await self._provider(call.provider).answer(call, self._desk)
            cost = answer.cost_usd
            reply = await self._kept(call, answer, time.perf_counter() - begun)
        finally:
            self.purse.settle(reserved, cost)
        self._watch(News(kind="made", stage=stage, node=node, seconds=reply.seconds, cost_usd=cost))
        return reply

    async def _kept(self, call: Call, answer: Answer, seconds: float) -> Reply:
        """Store the answer before anybody may use it. A cancelled run still keeps what was answered."""
        return await asyncio.shield(self._record.ask((call, answer, seconds)))

    def _provider(self, name: str) -> Provider:
        if name not in self._providers:
            self._providers[name] = self._policy.providers[name]()
        return self._providers[name]

    def _look(self, keys: Sequence[str]) -> Sequence[Reply | None]:
        known = self._store.replies(keys)
        return [known.get(key) for key in keys]

    def _claims(self, keys: Sequence[str]) -> Sequence[bool]:
        granted = self._store.claim(keys, owner=self._owner)
        return [key in granted for key in keys]

    def _records(self, items: Sequence[tuple[Call, Answer, float]]) -> Sequence[Reply]:
        replies = [self._reply(answer, seconds) for _, answer, seconds in items]
        self._store.record(
            [Entry(call=call, reply=reply, run=self._run) for (call, _, _), reply in zip(items, replies, strict=True)]
        )
        return replies

    def _reply(self, answer: Answer, seconds: float) -> Reply:
        files = {place: self._store.put(payload.data, media=payload.media) for place, payload in answer.files.items()}
        return Reply(data=answer.data, files=files, seconds=round(seconds, 3), cost_usd=answer.cost_usd)

"""Has this machine answer calls outside a plan, through the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct, field

from nano_banana.engine.async_store import heartbeat
from nano_banana.engine.call_resolver import CallResolver
from nano_banana.engine.provider_dispatch import InputFiles
from nano_banana.engine.run_control import EnginePolicy, Halt
from nano_banana.model.call import COMPUTE, Call, Reply
from nano_banana.model.event import Event, EventHandler
from nano_banana.model.problem import CallFailed
from nano_banana.model.provider_protocol import Provider
from nano_banana.model.ticket import Requester
from nano_banana.store.local_store import Store

CALLS_AT_ONCE = 256
"""Calls that are under way or waiting at one time, so that memory does not grow with what is asked."""


BATCH_RUN_PREFIX = "("
"""Begins the name under which errands are in the log of runs; no recipe's does."""

CallEnd: TypeAlias = Reply | CallFailed


class ComputeBatch(Struct, frozen=True, kw_only=True):
    """What this machine is to work out: `calls` of the compute provider, for `purpose` (a name in the store's log).

    `files` are the user's own among the inputs, digest to path.
    """

    purpose: str
    calls: Sequence[Call]
    files: Mapping[str, Path] = field(default_factory=dict)


def answer_batch(
    store: Store,
    providers: Mapping[str, Callable[[], Provider]],
    batch: ComputeBatch,
    *,
    at_once: int,
    on_event: EventHandler,
) -> list[CallEnd]:
    """The replies in order, or the errors of those that failed; what is made is kept in the store.

    `at_once` is how many are worked on side by side. Raises what ends everything: Unusable, Stopped.
    """
    known = store.replies.get({call.key for call in batch.calls})
    missing = [call for call in {call.key: call for call in batch.calls}.values() if call.key not in known]
    ends: dict[str, CallEnd] = dict(known)
    if missing:
        on_event(Event(kind="planned", stage=batch.purpose, count=len(missing)))
        ends |= _make_missing(store, providers, batch, missing, at_once, on_event)
    return [ends[call.key] for call in batch.calls]


def _make_missing(
    store: Store,
    providers: Mapping[str, Callable[[], Provider]],
    batch: ComputeBatch,
    missing: Sequence[Call],
    at_once: int,
    on_event: EventHandler,
) -> dict[str, CallEnd]:
    run = store.runs.begin(f"{BATCH_RUN_PREFIX}{batch.purpose})", arguments={"calls": len(missing)})
    policy = EnginePolicy(
        providers={COMPUTE: providers[COMPUTE]},
        kind_of=lambda _call: COMPUTE,
        limits={COMPUTE: at_once},
        missing=frozenset(call.key for call in missing),
    )
    halt = Halt()
    answering = CallResolver(policy, InputFiles(store, batch.files), on_event, run, halt)
    status = "broken"
    try:
        ends = asyncio.run(_drive_calls(answering, store, batch.purpose, missing))
        status = "done"
    finally:
        store.runs.end(run, status=status, summary={"calls": len(missing)})
    return ends


async def _drive_calls(
    answering: CallResolver, store: Store, purpose: str, calls: Sequence[Call]
) -> dict[str, CallEnd]:
    requester = Requester(stage=purpose, node=purpose)
    ends: dict[str, CallEnd] = {}

    async def one(call: Call) -> None:
        try:
            ends[call.key], _ = await answering.answer(call, requester)
        except CallFailed as error:
            ends[call.key] = error

    try:
        async with heartbeat(store):
            for start in range(0, len(calls), CALLS_AT_ONCE):
                # Whatever else is raised has halted the rest, which ends by itself.
                await asyncio.gather(*map(one, calls[start : start + CALLS_AT_ONCE]), return_exceptions=True)
                if answering.halt.bug is not None:
                    raise answering.halt.bug
                answering.halt.check()
    finally:
        await answering.close()
    return ends

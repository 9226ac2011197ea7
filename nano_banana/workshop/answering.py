"""Calls answered outside of any plan: looked up, made, kept; no pictures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from nano_banana.core.answer import Provider
from nano_banana.core.call import Call
from nano_banana.core.errors import CallFailed
from nano_banana.core.news import News, Watcher
from nano_banana.core.reply import Reply
from nano_banana.core.ticket import Errand
from nano_banana.engine.answering import Answering
from nano_banana.engine.desk import StoreDesk
from nano_banana.engine.halt import Halt
from nano_banana.engine.policy import Policy
from nano_banana.engine.pulse import pulse
from nano_banana.store.store import Store

BATCH = 256
"""Calls that are under way or waiting at one time, so that memory does not grow with what is asked."""

COMPUTE = "compute"

ERRAND = "("
"""Begins the name under which errands are in the log of runs; no recipe's does."""

End: TypeAlias = Reply | CallFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Errands:
    """What this machine is to work out: `calls` of the compute provider, for `purpose` (a name in the store's log).

    `files` are the user's own among the inputs, digest to path.
    """

    purpose: str
    calls: Sequence[Call]
    files: Mapping[str, Path] = field(default_factory=dict)


def answered(
    store: Store,
    providers: Mapping[str, Callable[[], Provider]],
    errands: Errands,
    *,
    at_once: int,
    watch: Watcher,
) -> list[End]:
    """The replies in order, or the errors of those that failed; what is made is kept in the store.

    `at_once` is how many are worked on side by side. Raises what ends everything: Unusable, Stopped.
    """
    known = store.replies({call.key for call in errands.calls})
    missing = [call for call in {call.key: call for call in errands.calls}.values() if call.key not in known]
    ends: dict[str, End] = dict(known)
    if missing:
        watch(News(kind="planned", stage=errands.purpose, count=len(missing)))
        ends |= _made(store, providers, errands, missing, at_once, watch)
    return [ends[call.key] for call in errands.calls]


def _made(
    store: Store,
    providers: Mapping[str, Callable[[], Provider]],
    errands: Errands,
    missing: Sequence[Call],
    at_once: int,
    watch: Watcher,
) -> dict[str, End]:
    run = store.begin(f"{ERRAND}{errands.purpose})", arguments={"calls": len(missing)})
    policy = Policy(
        providers={COMPUTE: providers[COMPUTE]},
        kind_of=lambda _call: COMPUTE,
        limits={COMPUTE: at_once},
        missing=frozenset(call.key for call in missing),
    )
    halt = Halt()
    answering = Answering(policy, StoreDesk(store, errands.files), watch, run, halt)
    status = "broken"
    try:
        ends = asyncio.run(_drive(answering, store, errands.purpose, missing))
        status = "done"
    finally:
        store.end(run, status=status, summary={"calls": len(missing)})
    return ends


async def _drive(answering: Answering, store: Store, purpose: str, calls: Sequence[Call]) -> dict[str, End]:
    errand = Errand(stage=purpose, node=purpose)
    ends: dict[str, End] = {}

    async def one(call: Call) -> None:
        try:
            ends[call.key], _ = await answering.answer(call, errand)
        except CallFailed as error:
            ends[call.key] = error

    try:
        async with pulse(store):
            for start in range(0, len(calls), BATCH):
                # Whatever else is raised has halted the rest, which ends by itself.
                await asyncio.gather(*map(one, calls[start : start + BATCH]), return_exceptions=True)
                if answering.halt.bug is not None:
                    raise answering.halt.bug
                answering.halt.check()
    finally:
        await answering.close()
    return ends

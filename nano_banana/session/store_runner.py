"""A store with the providers that answer its calls.

Providers are made on first use, and share the worker processes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from nano_banana.catalog.provider_registry import BUILT_IN, ProviderSpec
from nano_banana.engine.async_store import heartbeat
from nano_banana.engine.call_resolver import CallResolver
from nano_banana.engine.provider_dispatch import InputFiles
from nano_banana.engine.run_control import EnginePolicy, Halt
from nano_banana.model.call import COMPUTE, Call, Reply
from nano_banana.model.event import Event, EventHandler
from nano_banana.model.problem import CallFailed
from nano_banana.model.ticket import Requester
from nano_banana.recipe.recipe_sections import Privacy, RunLimits
from nano_banana.settings.configuration import Settings
from nano_banana.store.local_store import Store

if TYPE_CHECKING:
    # Loaded when a provider is made.
    from nano_banana.catalog.catalog import Catalog
    from nano_banana.model.provider_protocol import Provider
    from nano_banana.providers.workers import WorkerPool

CALLS_AT_ONCE = 256
"""The most calls that are under way or waiting at one time, to limit memory."""

BATCH_RUN_PREFIX = "("
"""Begins the name of a batch in the log of runs; no recipe's name begins so."""

CallEnd: TypeAlias = Reply | CallFailed


class ProviderFactory:
    """Makes each provider when its first call comes."""

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        environ: Mapping[str, str],
        *,
        selected: ProviderSpec | None = None,
        limits: RunLimits | None = None,
        privacy: Privacy | None = None,
        extra: Mapping[str, Callable[[], Provider]] | None = None,
    ) -> None:
        """Offer the built-in providers and the `selected` one; `extra` adds to them or replaces them (in tests)."""
        self._settings = settings
        self._catalog = catalog
        self._environ = environ
        self._specs = {**BUILT_IN, **({selected.name: selected} if selected else {})}
        self._limits = limits or RunLimits()
        self._privacy = privacy or Privacy()
        self._extra = dict(extra or {})

    @cached_property
    def pool(self) -> WorkerPool:
        """The worker processes. They start with the first call."""
        from nano_banana.providers.workers import WorkerPool

        return WorkerPool(self._settings.parallel_compute)

    @property
    def factories(self) -> Mapping[str, Callable[[], Provider]]:
        """A function that makes each provider, by name."""
        return {**{name: partial(self._make, spec) for name, spec in self._specs.items()}, **self._extra}

    def close(self) -> None:
        """Stop the workers."""
        if "pool" in self.__dict__:
            self.pool.close()

    def _make(self, spec: ProviderSpec) -> Provider:
        from nano_banana.providers.provider_context import ProviderContext, make_provider

        context = ProviderContext(
            catalog=self._catalog,
            settings=self._settings,
            environ=self._environ,
            limits=self._limits,
            privacy=self._privacy,
            pool=self.pool,
        )
        return make_provider(spec, context)


class Runner:
    """A store and the providers that answer its calls. Close it at the end."""

    def __init__(self, settings: Settings, providers: ProviderFactory) -> None:
        """Open the settings' store. The runner closes `providers`, too."""
        self.settings = settings
        self.store = Store.open(settings.store, group=settings.store_group)
        self._providers = providers

    def close(self) -> None:
        """Close the store and stop the worker processes."""
        self.store.close()
        self._providers.close()

    @property
    def providers(self) -> Mapping[str, Callable[[], Provider]]:
        """A function that makes each provider, by name."""
        return self._providers.factories

    def answer_batch(
        self,
        purpose: str,
        calls: Sequence[Call],
        on_event: EventHandler,
        files: Mapping[str, Path] | None = None,
    ) -> list[CallEnd]:
        """The replies to calls of this machine in order, or the errors of those that failed; new replies are stored.

        The log names the batch by its `purpose`. `files` are the user's own among the inputs, digest to path. Raises
        what ends everything: Unusable, Stopped.
        """
        ends: dict[str, CallEnd] = dict(self.store.replies.get({call.key for call in calls}))
        missing = {call.key: call for call in calls if call.key not in ends}
        if missing:
            on_event(Event(kind="planned", stage=purpose, count=len(missing)))
            policy = EnginePolicy(
                providers={COMPUTE: self.providers[COMPUTE]},
                kind_of=lambda _call: COMPUTE,
                limits={COMPUTE: self.settings.parallel_compute},
                missing=missing.keys(),
            )
            run = self.store.runs.begin(f"{BATCH_RUN_PREFIX}{purpose})", arguments={"calls": len(missing)})
            status = "broken"
            try:
                resolver = CallResolver(policy, InputFiles(self.store, files or {}), on_event, run, Halt())
                ends |= asyncio.run(_answer_all(resolver, self.store, purpose, list(missing.values())))
                status = "done"
            finally:
                self.store.runs.end(run, status=status, summary={"calls": len(missing)})
        return [ends[call.key] for call in calls]


async def _answer_all(resolver: CallResolver, store: Store, purpose: str, calls: Sequence[Call]) -> dict[str, CallEnd]:
    requester = Requester(stage=purpose, node=purpose)
    ends: dict[str, CallEnd] = {}

    async def answer(call: Call) -> None:
        try:
            ends[call.key], _ = await resolver.answer(call, requester)
        except CallFailed as error:
            ends[call.key] = error

    try:
        async with heartbeat(store):
            for start in range(0, len(calls), CALLS_AT_ONCE):
                # Any other error has halted the rest, which ends by itself.
                await asyncio.gather(*map(answer, calls[start : start + CALLS_AT_ONCE]), return_exceptions=True)
                if resolver.halt.bug is not None:
                    raise resolver.halt.bug
                resolver.halt.check()
    finally:
        await resolver.close()
    return ends

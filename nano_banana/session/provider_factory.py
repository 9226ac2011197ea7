"""Makes providers on first use, and owns the worker processes they share.

Part of the fast path of a run with nothing to do: providers, asyncio and HTTP are imported when a provider is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING

from nano_banana.catalog.provider_registry import BUILT_IN, ProviderSpec

if TYPE_CHECKING:
    # They load asyncio, which a run with nothing to do doesn't need.
    from nano_banana.catalog.catalog import Catalog
    from nano_banana.model.provider_protocol import Provider
    from nano_banana.providers.workers import WorkerPool
    from nano_banana.recipe.recipe_model import Privacy, RunLimits
    from nano_banana.settings.configuration import Settings


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
        self._limits = limits
        self._privacy = privacy
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
        from nano_banana.recipe.recipe_model import Privacy, RunLimits

        context = ProviderContext(
            catalog=self._catalog,
            settings=self._settings,
            environ=self._environ,
            limits=self._limits or RunLimits(),
            privacy=self._privacy or Privacy(),
            pool=self.pool,
        )
        return make_provider(spec, context)

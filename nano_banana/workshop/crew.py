"""Those who answer calls in this process, and the workers that they share."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from nano_banana.core.answer import Provider

if TYPE_CHECKING:
    from nano_banana.catalog.catalog import Catalog
    from nano_banana.providers.pool import WorkPool


class Crew:
    """Makes providers when their first call comes. `extra` adds to them or takes their place."""

    def __init__(
        self, processes: int, catalog: Catalog, extra: Mapping[str, Callable[[], Provider]] | None = None
    ) -> None:
        """Share at most so many worker processes; the local provider answers what `catalog` describes."""
        self._processes = processes
        self._catalog = catalog
        self._extra = dict(extra or {})

    @cached_property
    def pool(self) -> WorkPool:
        """The worker processes, begun when first needed."""
        from nano_banana.providers.pool import WorkPool

        return WorkPool(self._processes)

    @property
    def makers(self) -> Mapping[str, Callable[[], Provider]]:
        """A maker for each provider, by name."""
        return {"local": self._local, "compute": self._compute, **self._extra}

    def close(self) -> None:
        """Send the workers home."""
        if "pool" in self.__dict__:
            self.pool.close()

    def _local(self) -> Provider:
        from nano_banana.providers.local.provider import Local

        return Local(self.pool, self._catalog)

    def _compute(self) -> Provider:
        from nano_banana.providers.compute.provider import Compute

        return Compute(self.pool)


def local_revision() -> int:
    """The version of the local provider's pictures on this machine."""
    from nano_banana.providers.local.revision import local_revision as revision

    return revision()

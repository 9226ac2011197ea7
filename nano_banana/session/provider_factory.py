"""Makes providers on first use, and owns the worker processes they share.

Part of the fast path of a run with nothing to do: providers, asyncio and HTTP are imported when a provider is made.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from nano_banana.model.problem import Refused, problem

if TYPE_CHECKING:
    # With it comes asyncio, which a run that has nothing to do does without.
    from nano_banana.catalog.catalog import Catalog
    from nano_banana.model.provider_protocol import Provider
    from nano_banana.providers.workers import WorkerPool


@dataclass(frozen=True, slots=True, kw_only=True)
class FalAccess:
    """How fal is reached.

    `key` finds the secret (None: there is none); `base` is one address for all of its hosts, empty for its own;
    `per_second` the most requests; `uploads_expire_after` the seconds that uploads live there (None: for ever).
    """

    key: Callable[[], str | None]
    base: str = ""
    per_second: float | None = None
    uploads_expire_after: int | None = None


class ProviderFactory:
    """Makes providers when their first call comes. `extra` adds to them or takes their place."""

    def __init__(
        self,
        processes: int,
        catalog: Catalog,
        access: FalAccess | None = None,
        extra: Mapping[str, Callable[[], Provider]] | None = None,
    ) -> None:
        """Share at most so many worker processes; providers go by what `catalog` says of endpoints."""
        self._processes = processes
        self._catalog = catalog
        self._access = access
        self._extra = dict(extra or {})

    @cached_property
    def pool(self) -> WorkerPool:
        """The worker processes, begun when first needed."""
        from nano_banana.providers.workers import WorkerPool

        return WorkerPool(self._processes)

    @property
    def factories(self) -> Mapping[str, Callable[[], Provider]]:
        """A maker for each provider, by name."""
        return {"local": self._local, "compute": self._compute, "fal": self._fal, **self._extra}

    def close(self) -> None:
        """Send the workers home."""
        if "pool" in self.__dict__:
            self.pool.close()

    def _local(self) -> Provider:
        from nano_banana.providers.local.local_provider import LocalProvider

        return LocalProvider(self.pool, self._catalog)

    def _fal(self) -> Provider:
        from nano_banana.providers.fal.fal_config import FalConfig
        from nano_banana.providers.fal.fal_provider import FalProvider

        access = self._access
        key = access.key() if access else None
        if access is None or key is None:
            raise Refused([problem("no_key")])
        terms = FalConfig(
            key=key,
            base=access.base,
            per_second=access.per_second,
            uploads_expire_after=access.uploads_expire_after,
        )
        return FalProvider(terms, self._catalog)

    def _compute(self) -> Provider:
        from nano_banana.providers.compute.compute_provider import ComputeProvider

        return ComputeProvider(self.pool)


def local_revision() -> int:
    """The version of the local provider's pictures on this machine."""
    from nano_banana.providers.local.revision import local_revision as revision

    return revision()


def check_face_models(parts: Collection[str]) -> None:
    """Raise Unusable where faces can't be looked at on this machine, or these parts of people not be found."""
    from nano_banana.providers.compute.compute_requirements import check_face_models as check

    check(parts)


def check_certificates() -> None:
    """Raise Unusable if the certificates that the environment names can't be read."""
    from nano_banana.providers.fal.http_client import trusted_certificates as trusted

    trusted()


def check_watermarking() -> None:
    """Raise Unusable where no invisible mark can be written on this machine."""
    from nano_banana.providers.compute.compute_requirements import check_watermark_models as check

    check()

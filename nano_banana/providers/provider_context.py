"""What a provider is made with, and a guard around external ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

from msgspec import Struct

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.provider_registry import BUILT_IN, ProviderSpec, load_code
from nano_banana.model.call import Call
from nano_banana.model.problem import CallFailed, NanoBananaError, Unusable, problem
from nano_banana.model.provider_protocol import Answer, CallContext, Provider
from nano_banana.providers.workers import WorkerPool
from nano_banana.settings.configuration import Settings

if TYPE_CHECKING:
    # It loads yaml and jinja2.
    from nano_banana.recipe.recipe_sections import Privacy, RunLimits


class ProviderContext(Struct, frozen=True, kw_only=True):
    """What a provider's factory is given: settings, the recipe's limits, and worker processes to share."""

    catalog: Catalog
    settings: Settings
    environ: Mapping[str, str]
    limits: RunLimits
    privacy: Privacy
    pool: WorkerPool


def make_provider(spec: ProviderSpec, context: ProviderContext) -> Provider:
    """The provider, ready for calls. Raises Refused without credentials, Unusable if its code fails."""
    try:
        provider = cast("Callable[[ProviderContext], Provider]", load_code(spec.factory))(context)
    except NanoBananaError:
        raise
    except Exception as error:
        if spec.name in BUILT_IN:
            raise
        broken = problem("provider_broken", name=spec.name, entry_point=spec.factory, why=repr(error))
        raise Unusable([broken]) from error
    return provider if spec.name in BUILT_IN else _GuardedProvider(spec.name, provider)


class _GuardedProvider:
    """Another package's provider, whose errors fail the call and not the program."""

    def __init__(self, name: str, provider: Provider) -> None:
        self.name = name
        self._provider = provider

    async def answer(self, call: Call, context: CallContext) -> Answer:
        """Answer the call. Raises CallFailed (`provider_failed`) for every error that isn't one of ours."""
        try:
            answer: object = await self._provider.answer(call, context)
        except NanoBananaError:
            raise
        except Exception as error:
            raise self._failed(call, repr(error)) from error
        if not isinstance(answer, Answer):
            raise self._failed(call, f"it returned a {type(answer).__name__}, not an Answer")
        return answer

    async def close(self) -> None:
        """Give back what it holds."""
        await self._provider.close()

    def _failed(self, call: Call, why: str) -> CallFailed:
        return CallFailed([problem("provider_failed", name=self.name, endpoint=call.endpoint, why=why)], cost_usd=None)

"""How fal is reached: key, base address, rate and upload lifetime.

Imports nothing heavy, so that a command can describe the connection without loading httpx.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from nano_banana.model.problem import Refused, problem
from nano_banana.settings.configuration import Settings
from nano_banana.settings.fal_key import find_key

if TYPE_CHECKING:
    # It loads yaml and jinja2.
    from nano_banana.recipe.recipe_sections import Privacy, RunLimits

DAY_SECONDS = 86_400
HOST_VARIABLES = ("FAL_QUEUE_RUN_HOST", "FAL_RUN_HOST")
"""fal-client's own variables for fal's host; the first one wins."""


class FalConfig(Struct, frozen=True, kw_only=True):
    """How to reach fal.

    `key` returns the secret (`id:secret`), or raises Refused (`no_key`). `base` is one address for all of fal's hosts,
    empty for fal itself. `per_second` limits the requests to the queue and the platform (None: no limit).
    `uploads_expire_after` is how many seconds uploads live there (None: they don't expire).
    """

    key: Callable[[], str]
    base: str = ""
    per_second: float | None = None
    uploads_expire_after: int | None = DAY_SECONDS


def fal_config(
    settings: Settings, environ: Mapping[str, str], *, limits: RunLimits | None = None, privacy: Privacy | None = None
) -> FalConfig:
    """The configuration by the user's settings and a recipe's limits. The key is looked up when it is first needed."""

    def key() -> str:
        found = find_key(environ)
        if found is None:
            raise Refused([problem("no_key")])
        return found.reveal()

    return FalConfig(
        key=key,
        base=settings.fal_url,
        per_second=limits.requests_per_second if limits else None,
        uploads_expire_after=privacy.upload_seconds if privacy else DAY_SECONDS,
    )


def fal_address(settings: Settings, environ: Mapping[str, str]) -> str:
    """The address that replaces fal, by our setting or fal-client's variables; else empty."""
    host = next((environ[name] for name in HOST_VARIABLES if environ.get(name)), "")
    return settings.fal_url or (f"https://{host}" if host else "")


def check_fal(_settings: Settings, environ: Mapping[str, str]) -> None:
    """Raise Refused without a key, Unusable if the certificates that the environment names can't be read."""
    from nano_banana.providers.fal.http_client import trusted_certificates

    if find_key(environ) is None:
        raise Refused([problem("no_key")])
    trusted_certificates()

"""How fal is reached: the key, the address and the recipe's bounds."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.credentials import find_key
from nano_banana.recipe.recipe import Recipe
from nano_banana.settings import Settings
from nano_banana.workshop.crew import Access

ADDRESSES = frozenset({"FAL_QUEUE_RUN_HOST", "FAL_RUN_HOST"})
"""fal-client's own variables for where fal is."""


def has_key(environ: Mapping[str, str]) -> bool:
    """Whether there is a key to ask fal with."""
    return find_key(environ) is not None


def address_of(settings: Settings, environ: Mapping[str, str]) -> str:
    """Where requests go, where that is not fal: by our setting, or by fal-client's own variable; else empty."""
    host = environ.get("FAL_QUEUE_RUN_HOST") or environ.get("FAL_RUN_HOST")
    return settings.fal_url or (f"https://{host}" if host else "")


def access_for(recipe: Recipe, settings: Settings, environ: Mapping[str, str]) -> Access:
    """What a run of this recipe tells its provider; the key is looked for when it is needed."""

    def key() -> str | None:
        found = find_key(environ)
        return None if found is None else found.reveal()

    return Access(
        key=key,
        base=settings.fal_url,
        per_second=recipe.limits.rate,
        uploads_expire_after=recipe.privacy.uploads_expire_after,
    )

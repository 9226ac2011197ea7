"""What is on the shelf, as a recipe may ask for it by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nano_banana.core.errors import Invalid, Unusable, trouble
from nano_banana.core.problem import Place
from nano_banana.recipe.files import RecipeFiles
from nano_banana.recipe.model import Where
from nano_banana.recipe.offered import Offer, Offered, nothing_on_shelf
from nano_banana.recipe.recipe import Recipe
from nano_banana.shelf.shelf import Shelf

LOCAL = "local"
"""Both the provider and the family of what it trains."""


def offers(store: Path, files: RecipeFiles) -> Offer:
    """A look-up on the shelf of the store in a folder, which is opened when something is asked for, and closed again.

    That the shelf was looked at is noted in `files`, so that a later run sees where it changed.
    """

    def offer(reference: str) -> Offered:
        # Seen before it is read: what changes in between is a change.
        files.exists(store.absolute() / Shelf.FILE, confined=False)
        if not store.is_dir():
            return nothing_on_shelf(reference)
        with Shelf.opened(store) as shelf:
            return _offered(shelf, reference)

    return offer


def check_offered(recipe: Recipe, provider: str, nearest: Callable[[Where], Place]) -> None:
    """Raise Invalid for adapters from the shelf that this provider can't draw with."""
    wrong = [
        trouble(
            "adapter_provider",
            place=nearest(("adapters", adapter.name, "model")),
            model=adapter.model,
            made_for=adapter.provider,
            provider=provider,
        )
        for adapter in recipe.adapters.values()
        if adapter.provider not in ("", provider)
    ]
    if wrong:
        raise Invalid(wrong)


def _offered(shelf: Shelf, reference: str) -> Offered:
    found = shelf.get(reference)
    try:
        path = shelf.path(found)
    except Unusable as error:
        if {problem.kind for problem in error.problems} & {"blob_missing", "blob_damaged"}:
            raise Invalid([trouble("shelf_lost", model=found.reference)]) from error
        raise
    is_local = found.card.base == LOCAL
    return Offered(
        model=found.reference,
        path=path,
        digest=found.digest,
        base="" if is_local else found.card.base,
        provider=LOCAL if is_local else "fal",
    )

"""A wish's recipe read and checked, with the catalog and shelf it goes by."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.quotes import FILE as PRICES
from nano_banana.project.house import catalog_for
from nano_banana.project.offers import offers
from nano_banana.project.wish import Wish
from nano_banana.recipe.files import RecipeFiles, find_root
from nano_banana.recipe.load import Loaded, load_recipe
from nano_banana.settings import Settings


def opened(wish: Wish, settings: Settings, environ: Mapping[str, str]) -> tuple[Loaded, Catalog]:
    """The recipe, and the catalog of its project. Raises Invalid with every problem at once."""
    files = RecipeFiles(find_root(wish.recipe), wish.recipe.absolute().parent, wish.given)
    catalog = catalog_for(files, settings.store / PRICES)
    loaded = load_recipe(
        wish.recipe,
        files=files,
        catalog=catalog,
        sets=wish.sets,
        environ=environ,
        allow_env=settings.allow_env.split(",") if settings.allow_env else (),
        overlooked=wish.overlooked,
        offer=offers(settings.store, files),
    )
    return loaded, catalog

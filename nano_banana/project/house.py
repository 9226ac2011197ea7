"""The catalog and fal as a command finds them that has no recipe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.describe import describe
from nano_banana.catalog.imprint import imprint_of
from nano_banana.catalog.quotes import FILE as PRICES
from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.json import JSONObject
from nano_banana.credentials import find_key
from nano_banana.recipe.files import RecipeFiles
from nano_banana.settings import Settings
from nano_banana.workshop.crew import Access


def endpoints_folder(root: Path) -> Path:
    """Where a project keeps endpoints of its own; it may not be there."""
    return root / "endpoints"


def catalog_of(root: Path, settings: Settings) -> Catalog:
    """The package's endpoints and those of the project in `root`, at the prices that were quoted last.

    Raises Invalid with every problem of the project's files.
    """
    return Catalog.load(endpoints_folder(root), quotes=settings.store / PRICES)


def catalog_for(files: RecipeFiles, quotes: Path) -> Catalog:
    """The program's endpoints and the project's own, whose files are among those that were read.

    `quotes` is the file of the prices that fal quoted last.
    """
    folder = files.root / "endpoints"
    if not files.is_folder(folder):
        return Catalog.load(None, quotes=quotes)
    for path in folder.glob("*.y*ml"):
        files.exists(path)
    return Catalog.load(folder, quotes=quotes)


def house_access(settings: Settings, environ: Mapping[str, str]) -> Access:
    """How fal is reached; the key is looked for when it is needed."""

    def key() -> str | None:
        found = find_key(environ)
        return None if found is None else found.reveal()

    return Access(key=key, base=settings.fal_url)


def check_known(catalog: Catalog, names: Iterable[str]) -> Sequence[str]:
    """The names, each once. Raises Invalid with each that the catalog does not have."""
    names = tuple(dict.fromkeys(names))
    wrong = [
        trouble("endpoint_unlisted", hint=catalog.near(name), name=name) for name in names if not catalog.get(name)
    ]
    if wrong:
        raise Invalid(wrong)
    return names


def tell_endpoint(catalog: Catalog, name: str) -> JSONObject:
    """A known endpoint as its file would have it, at its newest price; whether the project describes it; its digest."""
    endpoint = catalog.get(name)
    if endpoint is None:
        raise KeyError(name)
    return {**describe(endpoint), "own": catalog.is_own(name), "digest": imprint_of(endpoint)}

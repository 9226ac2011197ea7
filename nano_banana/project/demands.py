"""What a recipe reads and sends beyond its folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.core.errors import trouble
from nano_banana.core.home import home
from nano_banana.core.json import JSONValue
from nano_banana.core.problem import Problem
from nano_banana.planner.forecast import FREE
from nano_banana.project.parts import files_of
from nano_banana.trust import fingerprint

if TYPE_CHECKING:
    from nano_banana.project.project import Project


def demands(project: Project) -> list[Problem]:
    """What the user should know before this recipe sends anything to a provider; empty if nothing is unusual.

    Environment variables that it reads, files outside of the project, adapters of a shelf there, endpoints of owners
    whom the shipped catalog does not know, and endpoints that the project describes itself, with their prices. Of what
    a single command made only the last counts: the rest was typed by the user.
    """
    if project.provider in FREE:
        return []
    ids = sorted({stage.endpoint for stage in project.recipe.asking})
    typed = project.wish.text is not None
    return [*([] if typed else _recipe_demands(project, ids)), *described_here(project.catalog, ids)]


def demand_fingerprint(project: Project, found: list[Problem]) -> str:
    """What is remembered when the user accepts what was `found`."""
    said: list[JSONValue] = [[problem.kind, problem.data] for problem in found]
    name = project.recipe.path.name if project.wish.text is None else ""
    return fingerprint(f"recipe {name}", project.loaded.files.root, said)


def _recipe_demands(project: Project, ids: list[str]) -> Iterator[Problem]:
    if names := sorted(project.loaded.env_read):
        yield trouble("reads_environment", names=", ".join(names))
    for place, count in sorted(_outside(project).items()):
        yield trouble("reads_outside" if count > 1 else "reads_file_outside", path=place, files=count)
    for adapter in project.recipe.adapters.values():
        if adapter.model and _is_outside(project, adapter.path):
            yield trouble("sends_adapter", model=adapter.model)
    owners = {_owner(name) for name in project.catalog.shipped}
    for name in ids:
        if _owner(name) not in owners:
            yield trouble("sends_to_stranger", endpoint=name, owner=_owner(name))


def _outside(project: Project) -> dict[str, int]:
    """Where files outside of the project lie, with their number: folders of photos, and other files."""
    photos = {photo.path for subject in project.recipe.subjects.values() for photo in subject.photos}
    captions = {photo.caption for subject in project.recipe.subjects.values() for photo in subject.photos}
    shelved = {adapter.path for adapter in project.recipe.adapters.values() if adapter.model}
    found: dict[str, int] = {}
    for path in files_of(project.recipe):
        real = path.resolve()
        if path not in shelved and _is_outside(project, path):
            place = _shown(real.parent if path in photos | captions else real)
            found[place] = found.get(place, 0) + 1
    return found


def _is_outside(project: Project, path: Path) -> bool:
    return not path.resolve().is_relative_to(project.loaded.files.root)


def _shown(path: Path) -> str:
    at = home()
    return f"~/{path.relative_to(at)}" if at is not None and path.is_relative_to(at) else str(path)


def described_here(catalog: Catalog, ids: list[str]) -> Iterator[Problem]:
    """What the project's own descriptions of these endpoints say of their prices."""
    for name in ids:
        own = catalog.written(name)
        if own is None or not catalog.is_own(name):
            continue
        known = catalog.shipped_endpoint(name)
        if known is None:
            yield trouble("price_of_project", endpoint=name, price=_price(own))
        elif known.price != own.price:
            yield trouble("price_replaced", endpoint=name, price=_price(own), known=_price(known))


def _price(endpoint: Endpoint) -> str:
    price = endpoint.price
    return "unknown" if price is None else f"${price.usd:.12g} per {price.unit.value}"


def _owner(endpoint: str) -> str:
    return endpoint.partition("/")[0].casefold()

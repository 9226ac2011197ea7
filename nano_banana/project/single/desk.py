"""What single commands are put together from: settings, and the catalog."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from nano_banana.catalog.catalog import Catalog
from nano_banana.project.house import catalog_of
from nano_banana.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The settings of the project that the user stands in, and its endpoints."""

    settings: Settings
    catalog: Catalog

    @classmethod
    def of(cls, settings: Settings, root: Path) -> Self:
        """At the project's root. Raises Invalid with every problem of its endpoints' files."""
        return cls(settings=settings, catalog=catalog_of(root, settings))

"""Which model families adapters may be of, where there is no recipe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nano_banana.core.root import project_root
from nano_banana.project.house import catalog_of
from nano_banana.settings import Settings


def families(settings: Settings) -> Sequence[str]:
    """The model families that the endpoints of the project around the working folder draw with."""
    return catalog_of(project_root(Path.cwd()), settings).families

"""The model families that an imported adapter may be of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nano_banana.model.known_folders import project_root
from nano_banana.session.opening import project_catalog
from nano_banana.settings.configuration import Settings


def adapter_families(settings: Settings) -> Sequence[str]:
    """The model families that the endpoints of the project around the working folder draw with."""
    return project_catalog(project_root(Path.cwd()), settings).families

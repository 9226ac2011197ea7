"""Reproducible portrait sets from a recipe in git.

`load` begins the Python API (see docs/api.md). What it needs is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nano_banana.api import LoadedRecipe, RecipeProblem, RunPlan, RunResult, TakeResult, TakeVerdict, load
    from nano_banana.model.event import Event
    from nano_banana.model.problem import NanoBananaError

__version__ = "0.1.0"

__all__ = (
    "Event",
    "LoadedRecipe",
    "NanoBananaError",
    "RecipeProblem",
    "RunPlan",
    "RunResult",
    "TakeResult",
    "TakeVerdict",
    "load",
)

_MODULES = {"Event": "nano_banana.model.event", "NanoBananaError": "nano_banana.model.problem"}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES.get(name, "nano_banana.api")), name)


def __dir__() -> list[str]:
    """The public names."""
    return [*__all__, "__version__"]

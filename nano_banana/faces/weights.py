"""The weights of the networks that look, by their names."""

from __future__ import annotations

from pathlib import Path

from nano_banana.core.weights import held
from nano_banana.faces.sources import SOURCES


def weight(name: str) -> Path | None:
    """The weights file `name`, or None where it is missing or not the pinned one.

    Raises KeyError for a name that is not in `SOURCES`.
    """
    return held(SOURCES[name])

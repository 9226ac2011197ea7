"""What invisible marks need that may not be installed; loads none of it."""

from __future__ import annotations

import importlib.util

from nano_banana.core.source import Source
from nano_banana.core.weights import held


def missing(*sources: Source) -> str | None:
    """What must be installed before these networks run: a package's or a file's name; None where nothing is missing."""
    if importlib.util.find_spec("onnxruntime") is None:
        return "onnxruntime"
    return next((source.name for source in sources if held(source) is None), None)

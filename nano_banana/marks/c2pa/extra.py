"""The packages that signing and reading need, which may be missing."""

from __future__ import annotations

import importlib.util

from nano_banana.core.errors import Unusable, trouble

NEEDS = ("c2pa", "cryptography")


def need_extra() -> None:
    """Raise Unusable (`c2pa_extra`) unless all of them are installed."""
    missing = [name for name in NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        raise Unusable([trouble("c2pa_extra", missing=list(missing))])

"""JSON as text in a column: small, ASCII, whatever kind of mapping it was."""

from __future__ import annotations

import json
from collections.abc import Mapping

from nano_banana.core.json import JSONValue


def encoded(value: JSONValue) -> str:
    """The JSON of `value`; `json.loads` gives an equal one back. Order is kept."""
    return json.dumps(value, separators=(",", ":"), default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"not JSON: {type(value).__name__}")

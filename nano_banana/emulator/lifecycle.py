"""How long a file is to live, as the request's headers wish."""

from __future__ import annotations

import json
from collections.abc import Mapping

HEADERS = ("x-fal-object-lifecycle-preference", "x-fal-object-lifecycle")

LONGEST = 100 * 365 * 86_400
"""Seconds beyond which a file may as well live for ever."""


def lifetime(headers: Mapping[str, str]) -> float | None:
    """Seconds; None for ever, also where the header says no number of seconds that makes sense."""
    for name in HEADERS:
        try:
            wish = json.loads(headers.get(name, "null"))
        except (ValueError, RecursionError):
            continue
        seconds = wish.get("expiration_duration_seconds") if isinstance(wish, dict) else None
        if isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds <= LONGEST:
            return float(seconds)
    return None

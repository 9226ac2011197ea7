"""How long ago something was, roughly, as people say it."""

from __future__ import annotations

import time

_STEPS = ((60.0, "min"), (3600.0, "h"), (86_400.0, "day"))
_LONG = 60 * 86_400.0
"""Seconds after which a date says more."""


def ago(then: float, now: float) -> str:
    """`just now`, `5 min ago`, `3 h ago`, `1 day ago`; after two months the day (UTC). Both in seconds since 1970."""
    passed = now - then
    if passed >= _LONG:
        return time.strftime("%Y-%m-%d", time.gmtime(then))
    said = "just now"
    for seconds, unit in _STEPS:
        count = int(passed // seconds)
        if count >= 1:
            said = f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''} ago"
    return said

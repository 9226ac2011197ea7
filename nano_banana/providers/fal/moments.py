"""Moments as fal and HTTP write them, and as seconds since 1970."""

from __future__ import annotations

import email.utils
from datetime import UTC, datetime

from nano_banana.core.json import JSONValue


def written(seconds: float) -> str:
    """`2026-08-01T12:00:00.250Z`, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read(text: JSONValue) -> float | None:
    """Seconds since 1970; None for what is no moment. One without a zone is in UTC."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def read_header(text: str) -> float | None:
    """Seconds since 1970 of a date in a header; None for what is no date."""
    try:
        at = email.utils.parsedate_to_datetime(text)
        # A date may leave its zone open (`-0000`); those of HTTP are in UTC.
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None

"""How far back: a number of days, or a day."""

from __future__ import annotations

import math
import time
from calendar import timegm
from dataclasses import dataclass

import click

DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """Everything from `begun` on (seconds since 1970), and how that is said: `in the last 2 days`."""

    begun: float
    said: str


def since(_context: click.Context, _parameter: click.Parameter, text: str | None) -> Since | None:
    """So many days ago (`30`, `0.5`), or the beginning of a day of UTC (`2026-11-01`); an option's callback.

    Raises BadParameter for what is neither.
    """
    if text is None:
        return None
    try:
        return Since(begun=float(timegm(time.strptime(text, "%Y-%m-%d"))), said=f"since {text}")
    except ValueError:
        days = _days(text)
    return Since(
        begun=max(time.time() - days * DAY, 0.0), said=f"in the last {days:g} {'day' if days == 1 else 'days'}"
    )


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = math.nan
    if not 0 <= days < math.inf:
        raise click.BadParameter(f"{text!r} is neither a number of days nor a day such as 2026-11-01")
    return days

"""Sizes, times and money as people read them."""

from __future__ import annotations

import time

UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def size(count: int) -> str:
    """Bytes in the decimal unit that leaves one to three digits: `12 bytes`, `4.2 MB`."""
    if count == 1:
        return "1 byte"
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.0f} {UNITS[unit]}" if unit == 0 or value >= 99.5 else f"{value:.1f} {UNITS[unit]}"


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def money(usd: float | None) -> str:
    """`$12.50`, `$0.035`, `$0.0040`: as many digits as the price of a picture needs; `unknown` for None."""
    if usd is None:
        return "unknown"
    if 0 < usd < 0.01:
        return f"${usd:.4f}"
    text = f"{usd:,.3f}" if usd < 1 else f"{usd:,.2f}0"
    return "$" + text.removesuffix("0")


def spent(usd: float, unknown: int) -> str:
    """`$0.14`, `$0.14 + 2 unknown`: what was billed, and how many requests nobody knows the cost of; else empty."""
    rest = f" + {unknown:,} unknown" if unknown else ""
    return f"{money(usd)}{rest}" if usd or unknown else ""


def moment(seconds: float) -> str:
    """Seconds since 1970 as a date and a time of day, in UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))

"""Text, sizes, money and times as the terminal shows them."""

from __future__ import annotations

import time
import unicodedata

TAB_SPACES = "    "


def visible(text: str) -> str:
    """Make control and invisible characters harmless: a file must not steer the terminal that shows it."""
    if text.isprintable():
        return text
    return "".join(map(_harmless, text))


def visible_lines(text: str) -> str:
    """The same for a text of several lines, which keeps its line breaks and tabs."""
    return text if text.isprintable() else "".join(c if c in "\n\t" else _harmless(c) for c in text)


def one_line(text: str) -> str:
    """The same on one line: a text of somebody else's can't pass itself off as a line of ours."""
    return text if text.isprintable() else visible(" ".join(filter(None, (line.strip() for line in text.splitlines()))))


def display_width(text: str) -> int:
    """How many columns the text takes."""
    return len(text) if text.isascii() else sum(_character_width(character) for character in text)


def pad(text: str, width: int) -> str:
    """Fill up with spaces to `width` columns."""
    return text + " " * (width - display_width(text))


def wrap_words(text: str, width: int, *, rest: int) -> list[str]:
    """Break at blanks into a line of at most `width` columns and others of `rest`; a word that is wider stays whole."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        if line and display_width(line) + 1 + display_width(word) > (rest if lines else width):
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def _harmless(character: str) -> str:
    if character == "\t":
        return TAB_SPACES
    category = unicodedata.category(character)
    return "�" if category in {"Cc", "Cf", "Cs", "Zl", "Zp", "Cn"} else character


def _character_width(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


SIZE_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def file_size(count: int) -> str:
    """Bytes in the decimal unit that leaves one to three digits: `12 bytes`, `4.2 MB`."""
    if count == 1:
        return "1 byte"
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(SIZE_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.0f} {SIZE_UNITS[unit]}" if unit == 0 or value >= 99.5 else f"{value:.1f} {SIZE_UNITS[unit]}"


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


def spent_text(usd: float, unknown: int) -> str:
    """`$0.14`, `$0.14 + 2 unknown`: what was billed, and how many requests nobody knows the cost of; else empty."""
    rest = f" + {unknown:,} unknown" if unknown else ""
    return f"{money(usd)}{rest}" if usd or unknown else ""


def utc_time(seconds: float) -> str:
    """Seconds since 1970 as a date and a time of day, in UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


_AGO_STEPS = ((60.0, "min"), (3600.0, "h"), (86_400.0, "day"))
_AGO_LIMIT = 60 * 86_400.0
"""Seconds after which a date says more."""


def time_ago(then: float, now: float) -> str:
    """`just now`, `5 min ago`, `3 h ago`, `1 day ago`; after two months the day (UTC). Both in seconds since 1970."""
    passed = now - then
    if passed >= _AGO_LIMIT:
        return time.strftime("%Y-%m-%d", time.gmtime(then))
    said = "just now"
    for seconds, unit in _AGO_STEPS:
        count = int(passed // seconds)
        if count >= 1:
            said = f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''} ago"
    return said

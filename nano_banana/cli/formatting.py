"""Text, sizes, money and times as the terminal shows them."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nano_banana.recipe.picks_file import TakePick

TAB_SPACES = "    "


def fields_of(value: object, *names: str) -> dict[str, object]:
    """These attributes of a value by their names; None for those it lacks."""
    return {name: getattr(value, name, None) for name in names}


def plural(count: int, noun: str, many: str = "") -> str:
    """`1 problem`, `2 problems`; `many` is the plural if it isn't the noun with an s."""
    return f"{count:,} {noun if count == 1 else many or f'{noun}s'}"


def listed(names: Sequence[str], most: int) -> str:
    """The names with commas, and after `most` of them how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(visible(name) for name in names[:most]) + more


def short_path(path: str | Path, folder: Path | None = None) -> str:
    """A path as the user would type it: relative to `folder` (None: the current one) if it is inside."""
    with suppress(OSError, ValueError):  # the current folder was deleted; the path is elsewhere
        return visible(str(Path(path).relative_to(folder or Path.cwd())))
    return visible(str(path))


def visible(text: str) -> str:
    """The text with control and invisible characters replaced, so that it can't control the terminal."""
    if text.isprintable():
        return text
    return "".join(map(_harmless, text))


def visible_html(text: str) -> str:
    """The same, escaped for HTML; file names may contain anything."""
    from html import escape  # with its table of entities, 2 ms

    return escape(visible(text))


def visible_lines(text: str) -> str:
    """The same, but line breaks and tabs stay."""
    return text if text.isprintable() else "".join(c if c in "\n\t" else _harmless(c) for c in text)


def one_line(text: str) -> str:
    """The same on one line, so that foreign text can't look like a line of ours."""
    return text if text.isprintable() else visible(" ".join(filter(None, (line.strip() for line in text.splitlines()))))


def display_width(text: str) -> int:
    """Columns that the text takes."""
    if text.isascii():
        return len(text)
    columns = {"W": 2, "F": 2}
    return sum(
        columns.get(unicodedata.east_asian_width(character), 1)
        for character in text
        if unicodedata.category(character) not in {"Mn", "Me"}
    )


def pad(text: str, width: int) -> str:
    """The text with spaces added up to `width` columns."""
    return text + " " * (width - display_width(text))


def wrap_words(text: str, width: int, *, rest: int) -> list[str]:
    """Break at spaces into a first line of `width` columns and more of `rest`; a wider word stays whole."""
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
    """`$12.50`, `$0.035`, `$0.0040`: enough digits for the price of a picture; `unknown` for None."""
    if usd is None:
        return "unknown"
    if 0 < usd < 0.01:
        return f"${usd:.4f}"
    text = f"{usd:,.3f}" if usd < 1 else f"{usd:,.2f}0"
    return "$" + text.removesuffix("0")


def spent_text(usd: float, unknown: int) -> str:
    """`$0.14`, `$0.14 + 2 unknown` (requests of unknown cost); empty if there is neither."""
    rest = f" + {unknown:,} unknown" if unknown else ""
    return f"{money(usd)}{rest}" if usd or unknown else ""


def utc_time(seconds: float) -> str:
    """Seconds since 1970 as a date and a time of day, in UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


_AGO_STEPS = ((60.0, "min"), (3600.0, "h"), (86_400.0, "day"))
_AGO_LIMIT = 60 * 86_400.0
"""Seconds after which the date is shown instead."""


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


def pick_text(pick: TakePick) -> str:
    """What a person said of a take: `keep, 4 stars, “for the cover”`; `undecided`."""
    parts = [str(pick.decision or "undecided")]
    parts += [plural(pick.stars, "star")] if pick.stars else []
    parts += [f"“{visible(pick.note)}”"] if pick.note else []
    return ", ".join(parts)

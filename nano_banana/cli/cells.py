"""Text as a terminal shows it: its width, and nothing that steers it."""

from __future__ import annotations

import unicodedata

TAB = "    "


def visible(text: str) -> str:
    """Make control and invisible characters harmless: a file must not steer the terminal that shows it."""
    if text.isprintable():
        return text
    return "".join(map(_tame, text))


def inert(text: str) -> str:
    """The same for a text of several lines, which keeps its line breaks and tabs."""
    return text if text.isprintable() else "".join(c if c in "\n\t" else _tame(c) for c in text)


def one_line(text: str) -> str:
    """The same on one line: a text of somebody else's can't pass itself off as a line of ours."""
    return text if text.isprintable() else visible(" ".join(filter(None, (line.strip() for line in text.splitlines()))))


def cells(text: str) -> int:
    """How many columns the text takes."""
    return len(text) if text.isascii() else sum(_columns(character) for character in text)


def pad(text: str, width: int) -> str:
    """Fill up with spaces to `width` columns."""
    return text + " " * (width - cells(text))


def fold(text: str, width: int, *, rest: int) -> list[str]:
    """Break at blanks into a line of at most `width` columns and others of `rest`; a word that is wider stays whole."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        if line and cells(line) + 1 + cells(word) > (rest if lines else width):
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def _tame(character: str) -> str:
    if character == "\t":
        return TAB
    category = unicodedata.category(character)
    return "�" if category in {"Cc", "Cf", "Cs", "Zl", "Zp", "Cn"} else character


def _columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1

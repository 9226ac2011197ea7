"""Words in pixels: measured, cut with an ellipsis, wrapped; Latin alone.

Pillow brings one font, which has the letters of names in recipes. What it lacks is written as the nearest letter.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence

from PIL import ImageFont

KNOWN = frozenset("·…“”’")
"""What the font has besides ASCII."""

NEAR = {"–": "-", "—": "-", "−": "-", "×": "x", "→": ">", "←": "<"}
DOTS = "…"


@functools.cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Pillow's own font, `size` in pixels. Raises RuntimeError where Pillow lacks FreeType."""
    found = ImageFont.load_default(size)
    if not isinstance(found, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow without FreeType")  # noqa: TRY004 - it is the library that is wrong, not a type
    return found


def legible(text: str) -> str:
    """The text in letters that the font has; a question mark for what resembles none."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_letter, text))


def width(text: str, size: int) -> float:
    """How wide the text is, in pixels."""
    return font(size).getlength(text)


def cut(text: str, size: int, room: float) -> str:
    """As much of the text as fits into `room` pixels, with an ellipsis where some is left out."""
    text = legible(text)
    if width(text, size) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if width(text[:middle].rstrip() + DOTS, size) <= room else (low, middle - 1)
    return text[:low].rstrip() + DOTS


def wrap(words: Sequence[str], size: int, room: float, *, lines: int, space: str = " ") -> list[str]:
    """Words in at most so many lines; each that is too long for a line is cut, and so is the last line."""
    found = [""]
    for at, word in enumerate(map(legible, words)):
        longer = f"{found[-1]}{space}{word}" if found[-1] else word
        if width(longer, size) <= room:
            found[-1] = longer
        elif len(found) == lines:
            found[-1] = f"{found[-1]}{space}{space.join(words[at:])}" if found[-1] else space.join(words[at:])
            break
        else:
            found += [word] if found[-1] else []
            found[-1] = word
    return [cut(line, size, room) for line in found if line]


def _letter(letter: str) -> str:
    if letter in KNOWN or (letter.isascii() and letter.isprintable()):
        return letter
    plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return NEAR.get(letter) or (plain if plain.isprintable() else "") or "?"

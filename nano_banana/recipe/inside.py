"""From a character of a string's value to the place where it was written."""

from __future__ import annotations

import re

from nano_banana.core.problem import Place
from nano_banana.recipe.located import Located

_OPENING = re.compile(r"(?:[&!]\S*\s+)*(?:[|>][^\n]*\n|['\"])?")
"""An anchor or a tag, then the header of a block or a quote: what comes before a string's own characters."""


def place_inside(located: Located, offset: int, length: int) -> Place:
    """Where the `length` characters from `offset` of a string's value stand.

    YAML folds, strips and indents, but adds and drops only blanks: the k-th character of the value that
    is no blank is the k-th of the raw text. Where escapes may stand in between, the string's start.
    """
    span, text = located.span, located.value
    raw = span.text
    opening = _OPENING.match(raw)
    begin = opening.end() if opening else 0
    quote = raw[begin - 1 : begin]
    if not isinstance(text, str) or (quote == '"' and "\\" in raw):
        return span.place
    at = _raw_index(raw, begin, _solid(text[:offset]), quoted=quote == "'")
    if at is None:
        return span.place
    inner = _solid(text[offset : offset + max(length, 1)])
    end = _raw_index(raw, at, max(inner - 1, 0), quoted=quote == "'")
    return span.source.place(span.start + at, span.start + (at if end is None else end) + 1)


def _solid(text: str) -> int:
    """How many characters are no blanks."""
    return sum(1 for character in text if not character.isspace())


def _raw_index(raw: str, begin: int, count: int, *, quoted: bool) -> int | None:
    """The index in `raw` of the character, no blank, that has `count` others between it and `begin`."""
    at = begin
    while at < len(raw):
        if not raw[at].isspace():
            if count == 0:
                return at
            count -= 1
            at += quoted and raw.startswith("''", at)
        at += 1
    return None

"""The one form of a rendered prompt: words with one blank between them."""

from __future__ import annotations

import re

_BLANKS = re.compile(r"[ \t\r\n]+")


def normalise(text: str) -> str:
    """Collapse each run of blanks, tabs and line ends to one blank; strip both ends.

    A prompt's meaning does not hang on where its author broke the lines, so a template that is
    reflowed in its file, or turned from `>-` to quotes, makes the same call and pays for nothing.
    Other spaces (no-break, ideographic) are the author's and stay.
    """
    return _BLANKS.sub(" ", text).strip(" ")

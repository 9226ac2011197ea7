"""Values as a person would write them in YAML; knows no recipe."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping

from nano_banana.core.json import JSONValue

_PLAIN = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9./_][A-Za-z0-9./_ @-]*(?<! )")
_OTHER = re.compile(r"[0-9._+-]+([eE][0-9+-]+)?|0[xob][0-9a-fA-F_]+|[0-9]{4}-[0-9-]+.*|[.](inf|nan)", re.IGNORECASE)
"""What YAML takes for a number or a date."""
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
_BLANKS = re.compile(r"[ \t\r\n]+")
"""What templates take for one blank."""
_SIGNS = ("{{", "{%", "{#")
WIDTH = 100
"""Columns of a text that is folded."""


def flow(value: JSONValue) -> str:
    """The value on one line: `{width: 880, height: 1104}`."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{plain(name)}: {flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    if isinstance(value, str):
        return plain(value)
    # People write `2`, and not `2.0`.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else json.dumps(value)


def plain(text: str) -> str:
    """A text that is no template: as it is where YAML takes it for text, else quoted."""
    if any(sign in text for sign in _SIGNS):
        # The recipe is a template itself: what looks like one is said by one.
        text = "{{ " + json.dumps(text, ensure_ascii=False) + " }}"
    if _PLAIN.fullmatch(text) and not _OTHER.fullmatch(text) and text.casefold() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


def folded(text: str, indent: int) -> str:
    """A template's text, over several lines where it is long; runs of blanks and line breaks become one blank."""
    words = _BLANKS.sub(" ", text).strip(" ")
    if not words.isprintable() or len(words) < WIDTH - indent:
        return json.dumps(words, ensure_ascii=False)
    lines = textwrap.wrap(words, WIDTH - indent, break_long_words=False, break_on_hyphens=False)
    return ">-\n" + textwrap.indent("\n".join(lines), " " * indent)

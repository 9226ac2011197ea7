"""What a YAML parser stumbled over, told as what its author did."""

from __future__ import annotations

import re

from yaml import MarkedYAMLError, YAMLError

from nano_banana.core.errors import trouble
from nano_banana.core.problem import Problem
from nano_banana.recipe.source import Source

MAX_NESTING = 100
"""Mappings and lists inside one another."""

_BRACES = re.compile(r"(?:^|:|-|\[|,)\s*(\{[{%])")
_UNPRINTABLE = re.compile(r"[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LEADING = re.compile(r" *\t[ \t]*")

_KINDS = (
    (re.compile(r"nesting depth|nested too deep"), "yaml_too_deep", "problem"),
    (re.compile(r"while scanning a.*quoted scalar.*unexpected end of stream"), "yaml_quote", "context"),
    (re.compile(r"escape character"), "yaml_escape", "problem"),
    (re.compile(r"while parsing a flow (mapping|sequence|node)"), "yaml_bracket", "context"),
    (re.compile(r"could not find expected ':'"), "yaml_colon", "context"),
    (re.compile(r"mapping values are not allowed"), "yaml_extra_colon", "problem"),
    (re.compile(r"alphabetic or numeric character|cannot start any token"), "yaml_first_character", "context"),
)
"""What the parser says (its context, then its problem), what it means, and which of its marks to show."""


def unprintable(source: Source) -> Problem | None:
    """The first character that no YAML may hold, if there is one."""
    found = _UNPRINTABLE.search(source.text)
    if found is None:
        return None
    return trouble("yaml_character", place=source.place(found.start(), found.end()), code=f"U+{ord(found[0]):04X}")


def stray_mark(source: Source) -> Problem | None:
    """A byte order mark inside the text, which nobody sees: two files were put together."""
    at = source.text.find("\ufeff")
    return None if at < 0 else trouble("yaml_character", place=source.place(at, at + 1), code="U+FEFF")


def yaml_problem(error: YAMLError, source: Source) -> Problem:
    """The problem that `error` is; Python's and C's parser say the same things in other words."""
    if not isinstance(error, MarkedYAMLError):
        return trouble("yaml_broken", place=source.place(0, 1), message=str(error).split("\n")[0])
    at, context = _marks(error, len(source.text))
    start = source.text.rfind("\n", 0, at) + 1
    special = _special(source, {start, source.text.rfind("\n", 0, context) + 1})
    if special is not None:
        return special
    said = f"{error.context or ''} {error.problem or ''}"
    if "while parsing a flow node" in said:
        context = max(source.text.rfind(bracket, 0, at) for bracket in "[{")
    for pattern, kind, mark in _KINDS:
        if pattern.search(said):
            shown = context if mark == "context" else at
            place = source.place(shown, shown + 1)
            if kind == "yaml_too_deep":  # since PyYAML 6.0.4 the parser has a limit of its own, and reads ahead to it
                return trouble(kind, place=place, limit=MAX_NESTING)
            return trouble(kind, place=place, character=source.text[shown : shown + 1])
    if "while parsing a block" in said:
        kind = "yaml_after_value" if source.text[start:at].strip() else "yaml_indent"
        return trouble(kind, place=source.place(at, at + 1))
    return trouble("yaml_broken", place=source.place(at, at + 1), message=str(error.problem))


def _special(source: Source, starts: set[int]) -> Problem | None:
    """A tab before a line's first word, or a template without quotes, on one of the lines at `starts`."""
    for start in sorted(starts, reverse=True):
        line = source.text[start:].split("\n", 1)[0]
        indent = _LEADING.match(line)
        if indent:
            tab = start + line.index("\t")
            return trouble("yaml_tab", place=source.place(tab, tab + 1))
        braces = _BRACES.search(line)
        if braces:
            return trouble("yaml_braces", place=source.place(start + braces.start(1), start + braces.end(1)))
    return None


def _marks(error: MarkedYAMLError, size: int) -> tuple[int, int]:
    """Where it went wrong, and where the thing began that went wrong."""
    problem = error.problem_mark.index if error.problem_mark is not None else 0
    context = error.context_mark.index if error.context_mark is not None else problem
    return min(problem, size), min(context, size)

"""Two recipes of the same shape made one; what both say is a clash."""

from __future__ import annotations

from nano_banana.core.errors import trouble
from nano_banana.core.problem import Problem
from nano_banana.recipe.located import Entry, Located, mapping, sequence

LEVELS = 2
"""Mappings merge at the top and one level below: a subject, an axis or a template is never mixed from two files."""


def merged(first: Located, second: Located) -> tuple[Located, list[Problem]]:
    """`first`, which was included, and `second`, which includes it; the place of the whole is the second's."""
    problems: list[Problem] = []
    return _mapping(first, second, (), problems), problems


def _mapping(first: Located, second: Located, path: tuple[str, ...], problems: list[Problem]) -> Located:
    entries = dict(first.entries or {})
    for name, entry in (second.entries or {}).items():
        there = entries.get(name)
        value = entry.value if there is None else _both(there, entry, (*path, name), problems)
        entries[name] = Entry(key=entry.key, value=value)
    return mapping(second.span, entries)


def _both(first: Entry, second: Entry, path: tuple[str, ...], problems: list[Problem]) -> Located:
    one, other = first.value, second.value
    if one.entries is not None and other.entries is not None and len(path) < LEVELS:
        return _mapping(one, other, path, problems)
    if one.items is not None and other.items is not None and len(path) < LEVELS:
        return sequence(other.span, (*one.items, *other.items))
    scalar = one.entries is None and one.items is None
    # True is 1 in Python, and not in a recipe.
    same = one.value == other.value and isinstance(one.value, bool) == isinstance(other.value, bool)
    if not (scalar and same):
        place = first.key.place
        name = ".".join(path)
        problems.append(trouble("include_clash", place=second.key.place, name=name, other=f"{place.file}:{place.line}"))
    return other

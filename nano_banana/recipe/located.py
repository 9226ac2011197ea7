"""A value of a recipe with the place of each of its parts."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from nano_banana.core.json import JSONValue
from nano_banana.recipe.scalars import Scalar
from nano_banana.recipe.source import Span

Steps: TypeAlias = tuple[str | int, ...]
"""A path from the top of a recipe to a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A scalar (`value`), a mapping (`entries`) or a list (`items`), and where it was written.

    An alias is the very value that its anchor names, so one value may stand at many paths. `weight`
    counts it and all values inside, each as often as it stands there; `depth` how many levels they have.
    """

    span: Span
    weight: int = 1
    depth: int = 1
    value: Scalar = None
    entries: Mapping[str, Entry] | None = None
    items: tuple[Located, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A key of a mapping, and its value."""

    key: Span
    value: Located


def plain(located: Located) -> JSONValue:
    """The value without its places."""
    if located.entries is not None:
        return {name: plain(entry.value) for name, entry in located.entries.items()}
    if located.items is not None:
        return [plain(item) for item in located.items]
    return located.value


def follow(located: Located, steps: Steps) -> tuple[Located, Span, int]:
    """Go along `steps` as far as they lead: the value, its key (or itself), and how many steps were made."""
    key = located.span
    for made, step in enumerate(steps):
        if located.entries is not None and isinstance(step, str) and step in located.entries:
            entry = located.entries[step]
            located, key = entry.value, entry.key
        elif located.items is not None and isinstance(step, int) and 0 <= step < len(located.items):
            located = located.items[step]
            key = located.span
        else:
            return located, key, made
    return located, key, len(steps)


def mapping(span: Span, entries: Mapping[str, Entry]) -> Located:
    """A mapping of these entries."""
    values = [entry.value for entry in entries.values()]
    return Located(span=span, weight=_weight(values), depth=_depth(values), entries=entries)


def sequence(span: Span, items: Sequence[Located]) -> Located:
    """A list of these items."""
    return Located(span=span, weight=_weight(items), depth=_depth(items), items=tuple(items))


def _weight(values: Sequence[Located]) -> int:
    return 1 + sum(value.weight for value in values)


def _depth(values: Sequence[Located]) -> int:
    return 1 + max((value.depth for value in values), default=0)

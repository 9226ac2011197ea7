"""A value of a recipe with the place of each of its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


Edits: TypeAlias = "Mapping[Steps, str | None]"
"""Paths, none of them empty: what stands there is taken out (None), or gets this key."""


def edited(located: Located, edits: Edits) -> Located:
    """The value with some of its parts taken out or renamed; all that is left keeps its place."""
    below = _below(edits)
    if located.entries is not None:
        entries: dict[str, Entry] = {}
        for name, entry in located.entries.items():
            inner = below.get(name, {})
            key = inner.get((), name)
            if key is not None:
                value = edited(entry.value, _deeper(inner)) if inner else entry.value
                entries[key] = Entry(key=entry.key, value=value)
        return mapping(located.span, entries)
    if located.items is not None:
        pairs = [(item, below.get(at, {})) for at, item in enumerate(located.items)]
        return sequence(
            located.span, [edited(item, inner) if inner else item for item, inner in pairs if () not in inner]
        )
    return located


def plain_edited(value: JSONValue, edits: Edits) -> JSONValue:
    """The same for a value that knows no places."""
    below = _below(edits)
    if isinstance(value, Mapping):
        keys = {name: below.get(name, {}).get((), name) for name in value}
        return {
            key: plain_edited(value[name], _deeper(below.get(name, {})))
            for name, key in keys.items()
            if key is not None
        }
    if isinstance(value, list):
        pairs = [(item, below.get(at, {})) for at, item in enumerate(value)]
        return [plain_edited(item, inner) for item, inner in pairs if () not in inner]
    return value


def _below(edits: Edits) -> dict[str | int, dict[Steps, str | None]]:
    below: dict[str | int, dict[Steps, str | None]] = {}
    for (step, *rest), edit in edits.items():
        below.setdefault(step, {})[tuple(rest)] = edit
    return below


def _deeper(edits: Edits) -> Edits:
    return {path: edit for path, edit in edits.items() if path}


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

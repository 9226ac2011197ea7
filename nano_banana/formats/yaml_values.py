"""YAML values with the place of each of their parts in the text.

A `SourceText` is one file's text and turns character offsets into `Place`s (line, column, length). A `Span` is a
stretch of it. A `Located` is a scalar, a mapping or a list with the span of each key and value; it knows nothing of
recipes.

Unquoted words mean less than in YAML 1.1: `on`, `off`, `yes` and `no` are words, dates are text, and so are numbers
with a leading zero or in base 60. A recipe has a key `on`, and 2026-09-01 is no Python object in it.

`place_inside` goes from a character of a string's *value* back to the text. YAML folds, strips and indents, but adds
and drops only blanks, so the k-th non-blank character of the value is the k-th non-blank character of the raw text.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

from msgspec import Struct

from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import Position


class SourceText(Struct, frozen=True, kw_only=True, dict=True):
    """A text, called `file` in places. Lines end at a line feed alone."""

    file: str
    text: str

    def place(self, start: int, end: int) -> Position:
        """The characters from `start` to `end`, or to the end of the first line of them; at least one."""
        start = min(max(start, 0), len(self.text))
        line = bisect_right(self._line_starts, start)
        stop = self.text.find("\n", start, max(end, start))
        seen = self.text[start : end if stop < 0 else stop].rstrip()
        return Position(
            file=self.file, line=line, column=start - self._line_starts[line - 1] + 1, length=max(len(seen), 1)
        )

    @cached_property
    def _line_starts(self) -> Sequence[int]:
        return [0, *(end.end() for end in re.finditer("\n", self.text))]

    def lines(self) -> list[str]:
        """All lines, without their ends."""
        return self.text.split("\n")


class Span(Struct, frozen=True, kw_only=True):
    """A stretch of a source: characters `start` (from 0) up to `end`."""

    source: SourceText
    start: int
    end: int

    @property
    def place(self) -> Position:
        """The position of the stretch."""
        return self.source.place(self.start, self.end)

    @property
    def text(self) -> str:
        """The characters of the stretch."""
        return self.source.text[self.start : self.end]


Scalar: TypeAlias = bool | int | float | str | None

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FRACTION = re.compile(
    r"[-+]?(?:(?:0|[1-9][0-9]*)\.[0-9]*(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)"
)
_TAG = "tag:yaml.org,2002:"
_LONGEST_NUMBER = 32
"""Characters; a longer number is a mistake."""


def plain_scalar(text: str) -> Scalar:
    """The value of an unquoted word. Raises ValueError for a number too big to hold."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _WHOLE.fullmatch(text):
        if len(text) > _LONGEST_NUMBER:
            raise ValueError(text)
        return int(text)
    if _FRACTION.fullmatch(text):
        if math.isinf(number := float(text)):
            raise ValueError(text)
        return number
    return text


_TAGGED: Mapping[str, tuple[type, ...]] = {
    f"{_TAG}int": (int,),
    f"{_TAG}float": (int, float),
    f"{_TAG}bool": (bool,),
    f"{_TAG}null": (type(None),),
}


def tagged_scalar(tag: str, text: str) -> Scalar:
    """The value of `text` under a tag. Raises KeyError for a tag we do not know, ValueError for a misfit."""
    if tag in ("!", f"{_TAG}str"):
        return text
    kinds = _TAGGED[tag]
    value = plain_scalar(text)
    if type(value) not in kinds:
        raise ValueError(text)
    return float(value) if float in kinds and value is not None else value


COLLECTION_TAGS = frozenset({None, "!", f"{_TAG}map", f"{_TAG}seq"})
"""Tags that a mapping or a list may carry."""


KeyPath: TypeAlias = tuple[str | int, ...]
"""A path from the top of a recipe to a value."""


class Located(Struct, frozen=True, kw_only=True):
    """A scalar (`value`), a mapping (`entries`) or a list (`items`), and where it was written.

    An alias is the very value that its anchor names, so one value may stand at many paths. `weight`
    counts it and all values inside, each as often as it stands there; `depth` how many levels they have.
    """

    span: Span
    weight: int = 1
    depth: int = 1
    value: Scalar = None
    entries: Mapping[str, LocatedEntry] | None = None
    items: tuple[Located, ...] | None = None

    def key_place(self, path: KeyPath) -> Position:
        """Position of the key or list item at `path`, or of the innermost one around it that is written."""
        return follow_path(self, path)[1].place


class LocatedEntry(Struct, frozen=True, kw_only=True):
    """A key of a mapping, and its value."""

    key: Span
    value: Located


def to_plain(located: Located) -> JSONValue:
    """The value without its places."""
    if located.entries is not None:
        return {name: to_plain(entry.value) for name, entry in located.entries.items()}
    if located.items is not None:
        return [to_plain(item) for item in located.items]
    return located.value


def follow_path(located: Located, steps: KeyPath) -> tuple[Located, Span, int]:
    """Follow `steps` as far as they lead: the value, its key (or itself), and how many steps were followed."""
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


TreeEdits: TypeAlias = "Mapping[KeyPath, str | None]"
"""Paths, none of them empty, whose value is removed (None) or gets this key."""


def edit_located(located: Located, edits: TreeEdits) -> Located:
    """The value with some of its parts removed or renamed; the rest keeps its position."""
    below = _below(edits)
    if located.entries is not None:
        entries: dict[str, LocatedEntry] = {}
        for name, entry in located.entries.items():
            inner = below.get(name, {})
            key = inner.get((), name)
            if key is not None:
                value = edit_located(entry.value, _deeper(inner)) if inner else entry.value
                entries[key] = LocatedEntry(key=entry.key, value=value)
        return located_mapping(located.span, entries)
    if located.items is not None:
        pairs = [(item, below.get(at, {})) for at, item in enumerate(located.items)]
        return located_list(
            located.span, [edit_located(item, inner) if inner else item for item, inner in pairs if () not in inner]
        )
    return located


def edit_plain(value: JSONValue, edits: TreeEdits) -> JSONValue:
    """The same for a value without positions."""
    below = _below(edits)
    if isinstance(value, Mapping):
        keys = {name: below.get(name, {}).get((), name) for name in value}
        return {
            key: edit_plain(value[name], _deeper(below.get(name, {}))) for name, key in keys.items() if key is not None
        }
    if isinstance(value, list):
        pairs = [(item, below.get(at, {})) for at, item in enumerate(value)]
        return [edit_plain(item, inner) for item, inner in pairs if () not in inner]
    return value


def _below(edits: TreeEdits) -> dict[str | int, dict[KeyPath, str | None]]:
    below: dict[str | int, dict[KeyPath, str | None]] = {}
    for (step, *rest), edit in edits.items():
        below.setdefault(step, {})[tuple(rest)] = edit
    return below


def _deeper(edits: TreeEdits) -> TreeEdits:
    return {path: edit for path, edit in edits.items() if path}


def located_mapping(span: Span, entries: Mapping[str, LocatedEntry]) -> Located:
    """A mapping of these entries."""
    values = [entry.value for entry in entries.values()]
    return Located(span=span, weight=_weight(values), depth=_depth(values), entries=entries)


def located_list(span: Span, items: Sequence[Located]) -> Located:
    """A list of these items."""
    return Located(span=span, weight=_weight(items), depth=_depth(items), items=tuple(items))


def _weight(values: Sequence[Located]) -> int:
    return 1 + sum(value.weight for value in values)


def _depth(values: Sequence[Located]) -> int:
    return 1 + max((value.depth for value in values), default=0)


_OPENING = re.compile(r"(?:[&!]\S*\s+)*(?:[|>][^\n]*\n|['\"])?")
"""An anchor or a tag, then the header of a block or a quote: what comes before a string's own characters."""


def place_inside(located: Located, offset: int, length: int) -> Position:
    """The position of `length` characters from `offset` of a string's value.

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
    """How many characters aren't blanks."""
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

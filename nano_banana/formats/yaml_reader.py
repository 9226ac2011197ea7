"""Reads one YAML document into located values, within limits.

Works on parser events, with limits on nesting, values (those behind an alias count each time, so
that a "billion laughs" file ends early) and problems. Duplicate keys are errors: PyYAML merges them silently.

Parser errors of libyaml and of PyYAML (same meaning, other words) are translated here, once, into what the author did:
a tab, a missing quote, a template without quotes …
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NoReturn, Protocol, cast

import yaml
from msgspec import Struct
from yaml import MarkedYAMLError, YAMLError

from nano_banana.formats.yaml_values import (
    COLLECTION_TAGS,
    Located,
    LocatedEntry,
    Scalar,
    SourceText,
    Span,
    located_list,
    located_mapping,
    plain_scalar,
    tagged_scalar,
)
from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import Invalid, Problem, did_you_mean, problem

MAX_NESTING = 100
"""Mappings and lists inside one another."""

_BRACES = re.compile(r"(?:^|:|-|\[|,)\s*(\{[{%])")
_UNPRINTABLE = re.compile(r"[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BYTE_ORDER_MARK = re.compile("\ufeff")
"""Invisible; it is inside the text of two files that were joined."""

_LEADING = re.compile(r" *\t[ \t]*")

_PARSER_MESSAGES = (
    (re.compile(r"nesting depth|nested too deep"), "yaml_too_deep", "problem"),
    (re.compile(r"while scanning a.*quoted scalar.*unexpected end of stream"), "yaml_quote", "context"),
    (re.compile(r"escape character"), "yaml_escape", "problem"),
    (re.compile(r"while parsing a flow (mapping|sequence|node)"), "yaml_bracket", "context"),
    (re.compile(r"could not find expected ':'"), "yaml_colon", "context"),
    (re.compile(r"mapping values are not allowed"), "yaml_extra_colon", "problem"),
    (re.compile(r"alphabetic or numeric character|cannot start any token"), "yaml_first_character", "context"),
)
"""The parser's message (its context, then its problem), our kind of problem, and which of its marks to show."""


def _forbidden_character(source: SourceText, pattern: re.Pattern[str]) -> Problem | None:
    """The first of these characters, if there is one."""
    found = pattern.search(source.text)
    if found is None:
        return None
    return problem("yaml_character", position=source.place(found.start(), found.end()), code=f"U+{ord(found[0]):04X}")


def parser_problem(error: YAMLError, source: SourceText) -> Problem:
    """The problem that `error` means; the parsers of Python and C use different words."""
    if not isinstance(error, MarkedYAMLError):
        return problem("yaml_broken", position=source.place(0, 1), message=str(error).split("\n")[0])
    at, context = _error_offsets(error, len(source.text))
    start = source.text.rfind("\n", 0, at) + 1
    special = _common_slip(source, {start, source.text.rfind("\n", 0, context) + 1})
    if special is not None:
        return special
    said = f"{error.context or ''} {error.problem or ''}"
    if "while parsing a flow node" in said:
        context = max(source.text.rfind(bracket, 0, at) for bracket in "[{")
    for pattern, kind, mark in _PARSER_MESSAGES:
        if pattern.search(said):
            shown = context if mark == "context" else at
            place = source.place(shown, shown + 1)
            if kind == "yaml_too_deep":  # since PyYAML 6.0.4 the parser has a limit of its own, and reads ahead to it
                return problem(kind, position=place, limit=MAX_NESTING)
            return problem(kind, position=place, character=source.text[shown : shown + 1])
    if "while parsing a block" in said:
        kind = "yaml_after_value" if source.text[start:at].strip() else "yaml_indent"
        return problem(kind, position=source.place(at, at + 1))
    return problem("yaml_broken", position=source.place(at, at + 1), message=str(error.problem))


def _common_slip(source: SourceText, starts: set[int]) -> Problem | None:
    """A tab before a line's first word, or a template without quotes, on one of the lines at `starts`."""
    for start in sorted(starts, reverse=True):
        line = source.text[start:].split("\n", 1)[0]
        indent = _LEADING.match(line)
        if indent:
            tab = start + line.index("\t")
            return problem("yaml_tab", position=source.place(tab, tab + 1))
        braces = _BRACES.search(line)
        if braces:
            return problem("yaml_braces", position=source.place(start + braces.start(1), start + braces.end(1)))
    return None


def _error_offsets(error: MarkedYAMLError, size: int) -> tuple[int, int]:
    """The offsets of the error, and of the start of its context."""
    problem = error.problem_mark.index if error.problem_mark is not None else 0
    context = error.context_mark.index if error.context_mark is not None else problem
    return min(problem, size), min(context, size)


MAX_VALUES = 100_000
"""Values of one file, those behind aliases counted each time."""
MAX_PROBLEMS = 200
"""Problems of one file after which reading stops."""

PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlResult(Struct, frozen=True, kw_only=True):
    """The value of a text, if it can be read, and all its problems."""

    top: Located | None
    problems: tuple[Problem, ...]


def read_yaml(source: SourceText) -> YamlResult:
    """Read one YAML document. Never raises for its content."""
    bad = _forbidden_character(source, _UNPRINTABLE)
    if bad is not None:
        return YamlResult(top=None, problems=(bad,))
    reader = _EventReader(source)
    try:
        return YamlResult(top=reader.document(), problems=tuple(reader.problems))
    except Invalid:
        return YamlResult(top=None, problems=tuple(reader.problems))
    except yaml.YAMLError as error:
        broken = _forbidden_character(source, _BYTE_ORDER_MARK) or parser_problem(error, source)
        others = [problem for problem in reader.problems if problem.kind != broken.kind]
        return YamlResult(top=None, problems=(*others, broken))


def parse_yaml(text: str, *, file: str) -> Located:
    """The document in `text`, called `file` in places; an empty text is null. Raises Invalid with every problem."""
    source = SourceText(file=file, text=text)
    result = read_yaml(source)
    if result.problems:
        raise Invalid(result.problems)
    return result.top or Located(span=Span(source=source, start=0, end=0))


class _EventReader:
    """Builds a value from parser events, each collection by a call of its own."""

    def __init__(self, source: SourceText) -> None:
        self.problems: list[Problem] = []
        self._source = source
        self._events = yaml.parse(source.text, Loader=PARSER)
        self._anchors: dict[str, Located | None] = {}
        """The values by anchor; None for a collection that is still being read."""
        self._values = self._depth = self._end = 0

    def document(self) -> Located | None:
        """The document's value. Raises Invalid for a trap, or a text not worth reading on; YAMLError."""
        top = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent) and top is not None:
                self._stop("yaml_documents", self._span(event))
            if isinstance(event, yaml.NodeEvent):
                top = self._value(event)
        return top

    def _value(self, event: yaml.NodeEvent) -> Located:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if isinstance(event, yaml.ScalarEvent):
            located = self._scalar(event)
        else:
            located = self._collection(cast(yaml.CollectionStartEvent, event))
        self._count(1, located.span)
        if event.anchor:
            self._anchors[event.anchor] = located
        return located

    def _scalar(self, event: yaml.ScalarEvent) -> Located:
        span = self._span(event)
        value: Scalar = event.value
        try:
            if event.tag is not None:
                value = tagged_scalar(event.tag, event.value)
            elif event.implicit[0]:
                value = plain_scalar(event.value)
        except KeyError:
            self._note("yaml_tag", span, tag=event.tag)
        except ValueError:
            self._note("yaml_number", span, text=event.value[:40], tag=event.tag or "")
        return Located(span=span, value=value)

    def _alias(self, event: yaml.AliasEvent) -> Located:
        span, name = self._span(event), str(event.anchor)
        if name not in self._anchors:
            self._stop("yaml_alias", span, hint=did_you_mean(name, self._anchors), name=name)
        target = self._anchors[name]
        if target is None:
            self._stop("yaml_recursive", span, name=name)
        if self._depth + target.depth > MAX_NESTING:
            self._stop("yaml_too_deep", span, limit=MAX_NESTING)
        self._count(target.weight, span)
        return target

    def _collection(self, event: yaml.CollectionStartEvent) -> Located:
        span, is_mapping = self._span(event), isinstance(event, yaml.MappingStartEvent)
        if event.tag not in COLLECTION_TAGS:
            self._note("yaml_tag", span, tag=event.tag)
        if self._depth >= MAX_NESTING:
            self._stop("yaml_too_deep", span, limit=MAX_NESTING)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._depth += 1
        found = self._entries(event, span) if is_mapping else [self._value(child) for child in self._children()]
        self._depth -= 1
        whole = Span(source=self._source, start=span.start, end=self._end)
        return located_mapping(whole, found) if isinstance(found, dict) else located_list(whole, found)

    def _entries(self, event: yaml.CollectionStartEvent, span: Span) -> dict[str, LocatedEntry]:
        """The entries of a mapping. `<<` merges; own keys win. The value of a key that can't be one is skipped."""
        entries: dict[str, LocatedEntry] = {}
        merged: list[LocatedEntry] = []
        children = self._children()
        for key in children:
            text = self._key(key, span if event.flow_style else None)
            entry = LocatedEntry(key=self._span(key), value=self._value(next(children)))
            if text == "<<" and isinstance(key, yaml.ScalarEvent) and key.tag is None and key.implicit[0]:
                merged.append(entry)
            elif text in entries:
                first = entries[text].key.place
                self._note("duplicate_key", entry.key, name=text, first=f"{first.file}:{first.line}")
            elif text is not None:
                entries[text] = entry
        for entry in merged:
            for source in (entry.value,) if entry.value.items is None else entry.value.items:
                if source.entries is None:
                    self._note("yaml_merge", entry.key)
                for name, inherited in (source.entries or {}).items():
                    entries.setdefault(name, inherited)
        return entries

    def _key(self, event: yaml.NodeEvent, braces: Span | None) -> str | None:
        """The text of a key, None if it can't be one. `braces` is the mapping, if it is written in braces."""
        if isinstance(event, yaml.ScalarEvent):
            self._value(event)
            return event.value
        if isinstance(event, yaml.AliasEvent):
            value = self._value(event).value
            if value is None:
                self._note("yaml_key", self._span(event))
            return None if value is None else str(value)
        in_braces = isinstance(event, yaml.MappingStartEvent) and event.flow_style and braces is not None
        self._note("yaml_braces" if in_braces else "yaml_key", braces if braces and in_braces else self._span(event))
        self._value(event)
        return None

    def _children(self) -> Iterator[yaml.NodeEvent]:
        """The events that begin the values of the collection that was just begun, up to its end."""
        for event in self._events:
            if isinstance(event, yaml.CollectionEndEvent):
                self._end = event_span(event)[1]
                return
            yield cast(yaml.NodeEvent, event)

    def _count(self, values: int, span: Span) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            self._stop("yaml_too_many", span, limit=MAX_VALUES)

    def _span(self, event: yaml.Event) -> Span:
        start, end = event_span(event)
        return Span(source=self._source, start=start, end=end)

    def _note(self, kind: str, span: Span, *, hint: tuple[str, ...] = (), **data: JSONValue) -> None:
        self.problems.append(problem(kind, position=span.place, suggestions=hint, **data))
        if len(self.problems) >= MAX_PROBLEMS:
            raise Invalid(self.problems)

    def _stop(self, kind: str, span: Span, *, hint: tuple[str, ...] = (), **data: JSONValue) -> NoReturn:
        self._note(kind, span, hint=hint, **data)
        raise Invalid(self.problems)


class _Mark(Protocol):
    """A point in the text, as Python's parser or C's tells it."""

    @property
    def index(self) -> int:
        """Characters from the start."""


def event_span(event: yaml.Event) -> tuple[int, int]:
    """The characters of an event, from a start to an end. A block ends where the next thing begins."""
    return _offset(event.start_mark), _offset(event.end_mark)


def _offset(mark: _Mark | None) -> int:
    """The character that a mark points at; events of a text always have one."""
    return mark.index if mark is not None else 0

"""Reads one YAML document into located values, within limits.

Works on parser events, without recursion and with limits on nesting, values (those behind an alias count each time, so
that a "billion laughs" file ends early) and problems. Duplicate keys are errors: PyYAML merges them silently.

Parser errors of libyaml and of PyYAML (same meaning, other words) are translated here, once, into what the author did:
a tab, a missing quote, a template without quotes …
"""

from __future__ import annotations

import re
from typing import Protocol

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


class OpenCollection:
    """Collects values in turn: items, or a key and then its value. `<<` merges; own keys win."""

    def __init__(self, span: Span, *, keyed: bool, flow: bool | None, anchor: str | None) -> None:
        self.span = span
        self.flow = bool(flow)
        self.anchor = anchor
        self._keyed = keyed
        self._items: list[Located] = []
        self._entries: dict[str, LocatedEntry] = {}
        self._merged: list[LocatedEntry] = []
        self._key: Span | None = None
        self._name: str | None = None
        self._merging = False

    @property
    def wants_key(self) -> bool:
        """Whether the next value is a key."""
        return self._keyed and self._key is None

    def add(self, located: Located, *, key: str | None, span: Span, merges: bool) -> Problem | None:
        """Take the next value. Returns a problem for a duplicate key.

        The value of an invalid key (`key` None) is skipped.
        """
        if not self._keyed:
            self._items.append(located)
        elif self._key is None:
            self._key, self._name, self._merging = span, key, merges
        else:
            entry, name = LocatedEntry(key=self._key, value=located), self._name
            self._key = None
            if self._merging:
                self._merged.append(entry)
            elif name is not None:
                return self._enter(name, entry)
        return None

    def closed(self, end: int) -> tuple[Located, list[Problem]]:
        """The whole collection, which ends at character `end`, and the problems of its merges."""
        span = Span(source=self.span.source, start=self.span.start, end=end)
        if not self._keyed:
            return located_list(span, self._items), []
        problems = [problem for entry in self._merged for problem in self._merge(entry)]
        return located_mapping(span, self._entries), problems

    def _enter(self, name: str, entry: LocatedEntry) -> Problem | None:
        if name not in self._entries:
            self._entries[name] = entry
            return None
        first = self._entries[name].key.place
        return problem("duplicate_key", position=entry.key.place, name=name, first=f"{first.file}:{first.line}")

    def _merge(self, entry: LocatedEntry) -> list[Problem]:
        sources = entry.value.items if entry.value.items is not None else (entry.value,)
        problems = []
        for source in sources:
            if source.entries is None:
                problems.append(problem("yaml_merge", position=entry.key.place))
            for name, inherited in (source.entries or {}).items():
                self._entries.setdefault(name, inherited)
        return problems


MAX_NESTING = 100
"""Mappings and lists inside one another."""

_BRACES = re.compile(r"(?:^|:|-|\[|,)\s*(\{[{%])")
_UNPRINTABLE = re.compile(r"[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
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


def unprintable_character(source: SourceText) -> Problem | None:
    """The first character that YAML forbids, if there is one."""
    found = _UNPRINTABLE.search(source.text)
    if found is None:
        return None
    return problem("yaml_character", position=source.place(found.start(), found.end()), code=f"U+{ord(found[0]):04X}")


def inner_byte_order_mark(source: SourceText) -> Problem | None:
    """An invisible byte order mark inside the text, as in two files that were joined."""
    at = source.text.find("\ufeff")
    return None if at < 0 else problem("yaml_character", position=source.place(at, at + 1), code="U+FEFF")


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

_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlResult(Struct, frozen=True, kw_only=True):
    """The value of a text, if it can be read, and all its problems."""

    top: Located | None
    problems: tuple[Problem, ...]


def read_yaml(source: SourceText) -> YamlResult:
    """Read one YAML document. Never raises for its content."""
    bad = unprintable_character(source)
    if bad is not None:
        return YamlResult(top=None, problems=(bad,))
    composer = _EventReader(source)
    try:
        for event in yaml.parse(source.text, Loader=_PARSER):
            composer.take(event)
            if composer.stopped or len(composer.problems) >= MAX_PROBLEMS:
                return YamlResult(top=None, problems=tuple(composer.problems))
    except yaml.YAMLError as error:
        broken = inner_byte_order_mark(source) or parser_problem(error, source)
        others = [problem for problem in composer.problems if problem.kind != broken.kind]
        return YamlResult(top=None, problems=(*others, broken))
    return YamlResult(top=composer.top, problems=tuple(composer.problems))


def parse_yaml(text: str, *, file: str) -> Located:
    """The document in `text`, called `file` in places; an empty text is null. Raises Invalid with every problem."""
    source = SourceText(file=file, text=text)
    result = read_yaml(source)
    if result.problems:
        raise Invalid(result.problems)
    return result.top or Located(span=Span(source=source, start=0, end=0))


class _EventReader:
    """Builds a value from parser events; knows the collections that are still open."""

    def __init__(self, source: SourceText) -> None:
        self.top: Located | None = None
        self.problems: list[Problem] = []
        self.stopped = False
        self._source = source
        self._open: list[OpenCollection] = []
        self._anchors: dict[str, Located | None] = {}
        self._values = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event. Sets `stopped` if the text is a trap, or not worth reading on."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._start(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end(event)
        elif isinstance(event, yaml.DocumentStartEvent) and self.top is not None:
            self._stop("yaml_documents", self._span(event))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
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
        plain = event.tag is None and event.implicit[0]
        self._add(Located(span=span, value=value), event.anchor, key=event.value, plain=plain)

    def _alias(self, event: yaml.AliasEvent) -> None:
        span = self._span(event)
        name = str(event.anchor)
        if name not in self._anchors:
            known = did_you_mean(name, self._anchors)
            self._stop("yaml_alias", span, hint=known, name=name)
            return
        target = self._anchors[name]
        if target is None:
            self._stop("yaml_recursive", span, name=name)
        elif len(self._open) + target.depth > MAX_NESTING:
            self._stop("yaml_too_deep", span, limit=MAX_NESTING)
        else:
            self._add(target, None, key=str(target.value) if target.value is not None else None, at=span)

    def _start(self, event: yaml.CollectionStartEvent) -> None:
        span = self._span(event)
        if event.tag not in COLLECTION_TAGS:
            self._note("yaml_tag", span, tag=event.tag)
        if len(self._open) >= MAX_NESTING:
            self._stop("yaml_too_deep", span, limit=MAX_NESTING)
        if self._open and self._open[-1].wants_key:
            in_braces = isinstance(event, yaml.MappingStartEvent) and event.flow_style and self._open[-1].flow
            self._note("yaml_braces" if in_braces else "yaml_key", self._open[-1].span if in_braces else span)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._open.append(
            OpenCollection(
                span, keyed=isinstance(event, yaml.MappingStartEvent), flow=event.flow_style, anchor=event.anchor
            )
        )

    def _end(self, event: yaml.CollectionEndEvent) -> None:
        frame = self._open.pop()
        located, problems = frame.closed(_offset(event.end_mark))
        self.problems += problems
        self._add(located, frame.anchor, key=None)

    def _add(
        self, located: Located, anchor: str | None, *, key: str | None, plain: bool = False, at: Span | None = None
    ) -> None:
        """Put a value into the open collection; `key` is its text as a key, if it can be one."""
        self._values += located.weight if at is not None else 1
        if self._values > MAX_VALUES:
            self._stop("yaml_too_many", at or located.span, limit=MAX_VALUES)
        if anchor:
            self._anchors[anchor] = located
        if not self._open:
            self.top = located
            return
        frame = self._open[-1]
        if frame.wants_key and key is None and at is not None:  # what is no alias was noted at its start
            self._note("yaml_key", at)
        problem = frame.add(located, key=key, span=at or located.span, merges=plain and key == "<<")
        if problem is not None:
            self.problems.append(problem)

    def _span(self, event: yaml.Event) -> Span:
        return Span(source=self._source, start=_offset(event.start_mark), end=_offset(event.end_mark))

    def _note(self, kind: str, span: Span, *, hint: tuple[str, ...] = (), **data: JSONValue) -> None:
        self.problems.append(problem(kind, position=span.place, suggestions=hint, **data))

    def _stop(self, kind: str, span: Span, *, hint: tuple[str, ...] = (), **data: JSONValue) -> None:
        self._note(kind, span, hint=hint, **data)
        self.stopped = True


class _Mark(Protocol):
    """A point in the text, as Python's parser or C's tells it."""

    @property
    def index(self) -> int:
        """Characters from the start."""


def _offset(mark: _Mark | None) -> int:
    """The character that a mark points at; events of a text always have one."""
    return mark.index if mark is not None else 0

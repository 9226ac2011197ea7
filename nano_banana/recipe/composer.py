"""YAML events to located values, without recursion and within bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import yaml

from nano_banana.core.errors import trouble
from nano_banana.core.json import JSONValue
from nano_banana.core.problem import Problem, did_you_mean
from nano_banana.recipe.frame import Frame
from nano_banana.recipe.located import Located
from nano_banana.recipe.scalars import COLLECTION_TAGS, Scalar, plain_scalar, tagged_scalar
from nano_banana.recipe.source import Source, Span
from nano_banana.recipe.yaml_faults import MAX_NESTING, stray_mark, unprintable, yaml_problem

MAX_VALUES = 100_000
"""Values of one file, those behind aliases counted each time."""
MAX_PROBLEMS = 200
"""Problems of one file after which nobody reads on."""

_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """What a text holds, if it can be read at all, and everything that is wrong with it."""

    top: Located | None
    problems: tuple[Problem, ...]


def compose(source: Source) -> Composed:
    """Read one YAML document. Never raises for what stands in it."""
    bad = unprintable(source)
    if bad is not None:
        return Composed(top=None, problems=(bad,))
    composer = _Composer(source)
    try:
        for event in yaml.parse(source.text, Loader=_PARSER):
            composer.take(event)
            if composer.stopped or len(composer.problems) >= MAX_PROBLEMS:
                return Composed(top=None, problems=tuple(composer.problems))
    except yaml.YAMLError as error:
        broken = stray_mark(source) or yaml_problem(error, source)
        others = [problem for problem in composer.problems if problem.kind != broken.kind]
        return Composed(top=None, problems=(*others, broken))
    return Composed(top=composer.top, problems=tuple(composer.problems))


class _Composer:
    """Takes events one by one; holds the collections that are still open."""

    def __init__(self, source: Source) -> None:
        self.top: Located | None = None
        self.problems: list[Problem] = []
        self.stopped = False
        self._source = source
        self._open: list[Frame] = []
        self._anchors: dict[str, Located | None] = {}
        self._values = 0

    def take(self, event: yaml.Event) -> None:
        """The next event. Sets `stopped` where the text is a trap, or not worth reading on."""
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
            Frame(span, keyed=isinstance(event, yaml.MappingStartEvent), flow=event.flow_style, anchor=event.anchor)
        )

    def _end(self, event: yaml.CollectionEndEvent) -> None:
        frame = self._open.pop()
        located, problems = frame.closed(_index(event.end_mark))
        self.problems += problems
        self._add(located, frame.anchor, key=None)

    def _add(
        self, located: Located, anchor: str | None, *, key: str | None, plain: bool = False, at: Span | None = None
    ) -> None:
        """Put a value where the text has come to; `key` is what it says as a key, where it can be one."""
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
        return Span(source=self._source, start=_index(event.start_mark), end=_index(event.end_mark))

    def _note(self, kind: str, span: Span, *, hint: tuple[str, ...] = (), **data: JSONValue) -> None:
        self.problems.append(trouble(kind, place=span.place, hint=hint, **data))

    def _stop(self, kind: str, span: Span, *, hint: tuple[str, ...] = (), **data: JSONValue) -> None:
        self._note(kind, span, hint=hint, **data)
        self.stopped = True


class _Mark(Protocol):
    """A point in the text, as Python's parser or C's tells it."""

    @property
    def index(self) -> int:
        """Characters from the start."""
        ...


def _index(mark: _Mark | None) -> int:
    """The character that a mark points at; events of a text always have one."""
    return mark.index if mark is not None else 0

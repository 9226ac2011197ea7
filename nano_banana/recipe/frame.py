"""A mapping or a list whose end has not been read yet."""

from __future__ import annotations

from nano_banana.core.errors import trouble
from nano_banana.core.problem import Problem
from nano_banana.recipe.located import Entry, Located, mapping, sequence
from nano_banana.recipe.source import Span


class Frame:
    """Collects values in turn: items, or a key and then its value. `<<` merges; own keys win."""

    def __init__(self, span: Span, *, keyed: bool, flow: bool | None, anchor: str | None) -> None:
        self.span = span
        self.flow = bool(flow)
        self.anchor = anchor
        self._keyed = keyed
        self._items: list[Located] = []
        self._entries: dict[str, Entry] = {}
        self._merged: list[Entry] = []
        self._key: Span | None = None
        self._name: str | None = None
        self._merging = False

    @property
    def wants_key(self) -> bool:
        """Whether the next value is a key."""
        return self._keyed and self._key is None

    def add(self, located: Located, *, key: str | None, span: Span, merges: bool) -> Problem | None:
        """Take the next value. A problem where it is a key that is there already.

        A value under a key that is none (`key` None) is passed over.
        """
        if not self._keyed:
            self._items.append(located)
        elif self._key is None:
            self._key, self._name, self._merging = span, key, merges
        else:
            entry, name = Entry(key=self._key, value=located), self._name
            self._key = None
            if self._merging:
                self._merged.append(entry)
            elif name is not None:
                return self._enter(name, entry)
        return None

    def closed(self, end: int) -> tuple[Located, list[Problem]]:
        """The whole, which ends at character `end`, and what was wrong with what it merges."""
        span = Span(source=self.span.source, start=self.span.start, end=end)
        if not self._keyed:
            return sequence(span, self._items), []
        problems = [problem for entry in self._merged for problem in self._merge(entry)]
        return mapping(span, self._entries), problems

    def _enter(self, name: str, entry: Entry) -> Problem | None:
        if name not in self._entries:
            self._entries[name] = entry
            return None
        first = self._entries[name].key.place
        return trouble("duplicate_key", place=entry.key.place, name=name, first=f"{first.file}:{first.line}")

    def _merge(self, entry: Entry) -> list[Problem]:
        sources = entry.value.items if entry.value.items is not None else (entry.value,)
        problems = []
        for source in sources:
            if source.entries is None:
                problems.append(trouble("yaml_merge", place=entry.key.place))
            for name, inherited in (source.entries or {}).items():
                self._entries.setdefault(name, inherited)
        return problems

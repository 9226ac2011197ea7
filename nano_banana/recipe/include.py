"""A recipe and the files it includes, merged into one tree."""

from __future__ import annotations

import os
from pathlib import Path

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.problem import Problem
from nano_banana.recipe.composer import MAX_VALUES, compose
from nano_banana.recipe.files import MAX_TEXT, RecipeFiles
from nano_banana.recipe.located import Located, mapping
from nano_banana.recipe.merge import merged
from nano_banana.recipe.source import Source, Span

INCLUDE = "include"
MAX_INSIDE = 8
"""Files that include one another."""
MAX_FILES = 64
"""Files of one recipe."""
MAX_SIZE = 2 * MAX_TEXT
"""Characters of a recipe's files, after which no other is read."""


class Gathering:
    """Reads a recipe and all it includes, each file once, and notes every problem on the way."""

    def __init__(self, files: RecipeFiles) -> None:
        self._files = files
        self._done: set[Path] = set()
        self._open: list[Path] = []
        self._weight = 0
        self._size = 0
        self.problems: list[Problem] = []
        self.sources: dict[str, Source] = {}

    def read(self, path: Path, shown: str) -> Located | None:
        """The merged tree of the recipe at `path`, called `shown` in places; None where there is none."""
        return self._read(path, shown, None, ())

    def _read(self, path: Path, shown: str, named: Span | None, chain: tuple[str, ...]) -> Located | None:
        try:
            # The recipe itself may be a link to one that lies elsewhere: whoever runs it has named it.
            text = self._files.read_text(path, confined=named is not None)
        except Invalid as error:
            near = (
                self._files.near(os.path.relpath(path, self._open[-1].parent), self._open[-1].parent) if named else ()
            )
            self._unread(error, shown, named, near)
            return None
        self._done.add(path)
        self._size += len(text)
        source = self.sources.setdefault(shown, Source(file=shown, text=text))
        composed = compose(source)
        self.problems += composed.problems
        top = composed.top
        if top is None or top.entries is None:
            if not composed.problems:
                empty = top is None or (top.value is None and top.items is None)
                kind = "recipe_empty" if empty else "recipe_not_mapping"
                self.problems.append(trouble(kind, place=(top.span.place if top else source.place(0, 1)), file=shown))
            return None
        self._open.append(path)
        whole = self._with_included(path, top, (*chain, shown))
        self._open.pop()
        return whole

    def _with_included(self, path: Path, top: Located, chain: tuple[str, ...]) -> Located:
        entries = dict(top.entries or {})
        entry = entries.pop(INCLUDE, None)
        result = mapping(top.span, entries)
        self._weight += result.weight
        before: Located | None = None
        for item in self._names(entry.value) if entry is not None else ():
            included = self._included(path, item, chain)
            if included is not None:
                before = included if before is None else self._merge(before, included)
        return result if before is None else self._merge(before, result)

    def _names(self, value: Located) -> list[Located]:
        items = value.items if value.items is not None else (value,)
        wrong = [item for item in items if not isinstance(item.value, str)]
        self.problems += [trouble("include_shape", place=item.span.place) for item in wrong]
        return [item for item in items if isinstance(item.value, str)]

    def _included(self, path: Path, item: Located, chain: tuple[str, ...]) -> Located | None:
        name = str(item.value)
        shown = str(Path(chain[-1]).parent / name)
        try:
            target = self._files.locate(path.parent / name)
        except Invalid as error:
            self._unread(error, name, item.span)
            return None
        if target in self._open:
            around = [*chain[self._open.index(target) :], shown]
            self._note("include_cycle", item, chain=" → ".join(around))
            return None
        if target in self._done:
            return None
        if (
            len(chain) > MAX_INSIDE
            or len(self._done) >= MAX_FILES
            or self._weight > MAX_VALUES
            or self._size > MAX_SIZE
        ):
            self._note("include_too_many", item, inside=MAX_INSIDE, files=MAX_FILES, values=MAX_VALUES)
            return None
        return self._read(target, shown, item.span, chain)

    def _merge(self, first: Located, second: Located) -> Located:
        result, problems = merged(first, second)
        self.problems += problems
        return result

    def _unread(self, error: Invalid, shown: str, named: Span | None, near: tuple[str, ...] = ()) -> None:
        place = named.place if named is not None else None
        for problem in error.problems:
            kind = "include_missing" if named is not None and problem.kind == "file_missing" else problem.kind
            data = {**problem.data, "path": shown}
            self.problems.append(Problem(kind=kind, place=place, data=data, suggestions=near))

    def _note(self, kind: str, item: Located, **data: str | int) -> None:
        self.problems.append(Problem(kind=kind, place=item.span.place, data=data))

"""A recipe and its included files as one document with positions.

`include` merges files at the top level and one level below; a key in two files is a clash. `Document` is plain
data next to the tree of located values.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.formats.yaml_reader import MAX_VALUES, parse_yaml, read_yaml
from nano_banana.formats.yaml_values import (
    KeyPath,
    Located,
    LocatedEntry,
    SourceText,
    Span,
    TreeEdits,
    edit_located,
    edit_plain,
    follow_path,
    located_list,
    located_mapping,
    place_inside,
    to_plain,
)
from nano_banana.model.json_values import JSONObject, JSONValue, as_object
from nano_banana.model.problem import Invalid, Position, Problem, problem
from nano_banana.recipe.interpolation import MAX_RENDERED, RecipeEnvironment, RecipeRenderer, VariableResolver
from nano_banana.recipe.recipe_files import MAX_TEXT, RecipeFiles
from nano_banana.recipe.template_engine import TemplateEngine
from nano_banana.recipe.template_syntax import TemplateFault

MERGED_LEVELS = 2
"""Mappings merge at the top and one level below: a subject, an axis or a template is never mixed from two files."""


def _merge_mappings(first: Located, second: Located, path: tuple[str, ...], problems: list[Problem]) -> Located:
    """`first`, which was included, and `second`, which includes it; the place of the whole is the second's."""
    entries = dict(first.entries or {})
    for name, entry in (second.entries or {}).items():
        there = entries.get(name)
        value = entry.value if there is None else _merge_values(there, entry, (*path, name), problems)
        entries[name] = LocatedEntry(key=entry.key, value=value)
    return located_mapping(second.span, entries)


def _merge_values(first: LocatedEntry, second: LocatedEntry, path: tuple[str, ...], problems: list[Problem]) -> Located:
    one, other = first.value, second.value
    if one.entries is not None and other.entries is not None and len(path) < MERGED_LEVELS:
        return _merge_mappings(one, other, path, problems)
    if one.items is not None and other.items is not None and len(path) < MERGED_LEVELS:
        return located_list(other.span, (*one.items, *other.items))
    scalar = one.entries is None and one.items is None
    # True is 1 in Python, and not in a recipe.
    same = one.value == other.value and isinstance(one.value, bool) == isinstance(other.value, bool)
    if not (scalar and same):
        place = first.key.place
        name = ".".join(path)
        problems.append(
            problem("include_clash", position=second.key.place, name=name, other=f"{place.file}:{place.line}")
        )
    return other


INCLUDE_KEY = "include"
MAX_INCLUDES_DEEP = 8
"""How deep files may include one another."""
MAX_FILES = 64
"""Files of one recipe."""
MAX_SIZE = 2 * MAX_TEXT
"""Characters of a recipe's files, after which no other is read."""


class IncludeReader:
    """Reads a recipe and all that it includes, each file once, and collects every problem."""

    def __init__(self, files: RecipeFiles) -> None:
        self._files = files
        self._done: set[Path] = set()
        self._open: list[Path] = []
        self._weight = 0
        self._size = 0
        self.problems: list[Problem] = []
        self.sources: dict[str, SourceText] = {}

    def read(self, path: Path, shown: str, named: Span | None = None, chain: tuple[str, ...] = ()) -> Located | None:
        """The merged tree of the file at `path`, called `shown` in places; None if it can't be read.

        An included one was `named` by the last file of the `chain`.
        """
        try:
            # The recipe itself may be a link that leads out of the project: the user named it.
            text = self._files.read_text(path, confined=named is not None)
        except Invalid as error:
            near = (
                self._files.near(os.path.relpath(path, self._open[-1].parent), self._open[-1].parent) if named else ()
            )
            self._unread(error, shown, named, near)
            return None
        self._done.add(path)
        self._size += len(text)
        source = self.sources.setdefault(shown, SourceText(file=shown, text=text))
        composed = read_yaml(source)
        self.problems += composed.problems
        top = composed.top
        if top is None or top.entries is None:
            if not composed.problems:
                empty = top is None or (top.value is None and top.items is None)
                kind = "recipe_empty" if empty else "recipe_not_mapping"
                self.problems.append(
                    problem(kind, position=(top.span.place if top else source.place(0, 1)), file=shown)
                )
            return None
        self._open.append(path)
        whole = self._with_included(path, top, (*chain, shown))
        self._open.pop()
        return whole

    def _with_included(self, path: Path, top: Located, chain: tuple[str, ...]) -> Located:
        entries = dict(top.entries or {})
        entry = entries.pop(INCLUDE_KEY, None)
        result = located_mapping(top.span, entries)
        self._weight += result.weight
        before: Located | None = None
        for item in self._names(entry.value) if entry is not None else ():
            included = self._included(path, item, chain)
            if included is not None:
                before = included if before is None else _merge_mappings(before, included, (), self.problems)
        return result if before is None else _merge_mappings(before, result, (), self.problems)

    def _names(self, value: Located) -> list[Located]:
        items = value.items if value.items is not None else (value,)
        wrong = [item for item in items if not isinstance(item.value, str)]
        self.problems += [problem("include_shape", position=item.span.place) for item in wrong]
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
            len(chain) > MAX_INCLUDES_DEEP
            or len(self._done) >= MAX_FILES
            or self._weight > MAX_VALUES
            or self._size > MAX_SIZE
        ):
            self._note("include_too_many", item, inside=MAX_INCLUDES_DEEP, files=MAX_FILES, values=MAX_VALUES)
            return None
        return self.read(target, shown, item.span, chain)

    def _unread(self, error: Invalid, shown: str, named: Span | None, near: tuple[str, ...] = ()) -> None:
        place = named.place if named is not None else None
        for each in error.problems:
            kind = "include_missing" if named is not None and each.kind == "file_missing" else each.kind
            data = {**each.data, "path": shown}
            self.problems.append(Problem(kind=kind, position=place, data=data, suggestions=near))

    def _note(self, kind: str, item: Located, **data: str | int) -> None:
        self.problems.append(Problem(kind=kind, position=item.span.place, data=data))


class RecipeTexts(Struct, frozen=True, kw_only=True):
    """The texts that a recipe came from: `shown` is the recipe's name in places."""

    shown: str
    files: RecipeFiles
    sources: Mapping[str, SourceText]

    def lines(self, file: str) -> list[str]:
        """The lines of a file, by its name in positions; none if it wasn't read."""
        source = self.sources.get(file)
        return source.lines() if source is not None else self.files.lines(file)

    def place_in(self, file: Path, offset: int, length: int) -> Position:
        """Characters of a template file that `files` has read."""
        beside = os.path.relpath(file, self.files.folder)
        name = str(Path(self.shown).parent / beside)
        return SourceText(file=name, text=self.files.read_text(file)).place(offset, offset + length)

    def fault_place(self, located: Located, fault: TemplateFault) -> Position:
        """The position of a fault in the template at `located`: inside it, or in a file that it includes."""
        if fault.file is not None:
            return self.place_in(fault.file, fault.offset, fault.length)
        return place_inside(located, fault.offset, fault.length)


class Document(Struct, frozen=True, kw_only=True):
    """A recipe that was read: merged, rendered, and not yet checked against a schema.

    `data` lacks `include`; its `vars` hold their final values. Places are those of a value before it was rendered.
    Messages call the document `whole`. `problems` were found so far; the values at `lost` could not be rendered.
    """

    data: JSONObject
    tree: Located
    texts: RecipeTexts
    whole: str = "the recipe"
    problems: Sequence[Problem] = ()
    lost: frozenset[KeyPath] = frozenset()

    def edited(self, edits: TreeEdits) -> Document:
        """The document with some values taken out or under other keys; what is left keeps its places."""
        return replace(self, data=as_object(edit_plain(self.data, edits)), tree=edit_located(self.tree, edits))

    def place(self, steps: KeyPath) -> Position:
        """The position of the value at `steps`. Raises KeyError if it isn't written in a file."""
        return self._at(steps).span.place

    def key_place(self, steps: KeyPath) -> Position:
        """The position of the key of the value at `steps`; for an item of a list, of the item.

        For a value that isn't written (a template gave it), of the innermost one around it that is.
        """
        return self.tree.key_place(steps)

    def has(self, steps: KeyPath) -> bool:
        """Whether the value at `steps` is written in a file."""
        return follow_path(self.tree, steps)[2] == len(steps)

    def nearest(self, steps: KeyPath) -> Position:
        """The position of the value at `steps`, or of the innermost one around it that is written."""
        return follow_path(self.tree, steps)[0].span.place

    def fault_place(self, steps: KeyPath, fault: TemplateFault) -> Position:
        """The position of a fault in the template at `steps`. Raises KeyError."""
        return self.texts.fault_place(self._at(steps), fault)

    def _at(self, steps: KeyPath) -> Located:
        located, _, made = follow_path(self.tree, steps)
        if made < len(steps):
            raise KeyError(steps)
        return located


def read_document(recipe: Path, files: RecipeFiles) -> Document:
    """Read the recipe and all it includes; nothing is rendered yet. Raises Invalid if it is no mapping."""
    shown = str(recipe)
    gathering = IncludeReader(files)
    tree = gathering.read(recipe.absolute(), shown)
    if tree is None:
        raise Invalid(gathering.problems)
    whole = all(problem.kind in _HARMLESS_KINDS for problem in gathering.problems)
    texts = RecipeTexts(shown=shown, files=files, sources=gathering.sources)
    return Document(
        data=as_object(to_plain(tree)),
        tree=tree,
        texts=texts,
        problems=tuple(gathering.problems),
        lost=frozenset() if whole else frozenset({("include",)}),
    )


_HARMLESS_KINDS = {"duplicate_key", "include_clash"}
"""Problems that lose nothing of a file: the second value is skipped, or wins."""


def render_document(
    document: Document, *, sets: Mapping[str, str], environ: RecipeEnvironment, untouched: Collection[KeyPath] = ()
) -> Document:
    """The document with its texts rendered, those of its takes aside, and all below the keys `untouched`.

    Raises Invalid if there are too many texts.
    """
    renderer = RecipeRenderer(TemplateEngine(document.texts.files), environ, document.texts.fault_place, untouched)
    entries = document.tree.entries or {}
    extra = renderer.too_many(document.tree)
    if extra is not None:
        raise Invalid(
            [*document.problems, problem("too_many_templates", position=extra.span.place, limit=MAX_RENDERED)]
        )
    declared = entries["vars"].value if "vars" in entries else None
    variables = VariableResolver(declared, sets, renderer)
    variables.resolve()
    data: dict[str, JSONValue] = {}
    for name, entry in entries.items():
        is_vars = name == "vars" and entry.value.entries is not None
        data[name] = variables.values if is_vars else renderer.value(entry.value, (name,), variables.values)
    lost = document.lost | renderer.unrendered | {("vars", name) for name in renderer.failed}
    problems = (*document.problems, *renderer.problems)
    return replace(document, data=data, problems=problems, lost=lost)


def read_yaml_file(files: RecipeFiles, name: str, *, shown: str, phrase: str, otherwise: str) -> Document | None:
    """The mapping in a YAML file, called `shown` in places and `phrase` in messages; None if the file is empty.

    Raises Invalid with every problem; for a document that isn't a mapping its kind is `otherwise`.
    """
    top = parse_yaml(files.read_text(name), file=shown)
    if top.entries is None:
        if top.value is None and top.items is None:
            return None
        raise Invalid([problem(otherwise, position=top.span.place, file=name)])
    texts = RecipeTexts(shown=shown, files=files, sources={shown: top.span.source})
    return Document(data=as_object(to_plain(top)), tree=top, texts=texts, whole=phrase)

"""A recipe's data, and the place of every value in it."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.json import JSONObject, JSONValue, as_object
from nano_banana.core.problem import Place, Problem
from nano_banana.recipe.environ import Environ
from nano_banana.recipe.files import RecipeFiles
from nano_banana.recipe.include import Gathering
from nano_banana.recipe.inside import place_inside
from nano_banana.recipe.located import Edits, Located, Steps, edited, follow, plain, plain_edited
from nano_banana.recipe.renderer import MAX_RENDERED, Renderer
from nano_banana.recipe.source import Source
from nano_banana.recipe.templates.engine import TemplateEngine
from nano_banana.recipe.templates.fault import TemplateFault
from nano_banana.recipe.variables import Variables


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """The texts that a recipe came from: `shown` is the recipe's name in places."""

    shown: str
    files: RecipeFiles
    sources: Mapping[str, Source]

    def lines(self, file: str) -> list[str]:
        """The lines of a file as places call it; none where it was not read."""
        source = self.sources.get(file)
        return source.lines() if source is not None else self.files.lines(file)

    def place_in(self, file: Path, offset: int, length: int) -> Place:
        """Characters of a template file that `files` has read."""
        beside = os.path.relpath(file, self.files.folder)
        name = str(Path(self.shown).parent / beside)
        return Source(file=name, text=self.files.read_text(file)).place(offset, offset + length)

    def fault_place(self, located: Located, fault: TemplateFault) -> Place:
        """Where the fault of a template that stands at `located` is: inside it, or in a file it includes."""
        if fault.file is not None:
            return self.place_in(fault.file, fault.offset, fault.length)
        return place_inside(located, fault.offset, fault.length)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A recipe that was read: merged, rendered, and not yet checked against a schema.

    `data` lacks `include`; its `vars` hold their final values. `env_read` are the environment variables
    that were asked for. Places are those of the value before it was rendered. `whole` is what people call it.
    `problems` were found so far, and the values at `lost` could not be rendered.
    """

    data: JSONObject
    env_read: frozenset[str]
    tree: Located
    texts: Texts
    whole: str = "the recipe"
    problems: Sequence[Problem] = ()
    lost: frozenset[Steps] = frozenset()

    def edited(self, edits: Edits) -> Document:
        """The document with some values taken out or under other keys; what is left keeps its places."""
        return replace(self, data=as_object(plain_edited(self.data, edits)), tree=edited(self.tree, edits))

    def place(self, steps: Steps) -> Place:
        """Where the value at `steps` stands. Raises KeyError where it is not written anywhere."""
        return self._at(steps).span.place

    def key_place(self, steps: Steps) -> Place:
        """Where the key of the value at `steps` stands; for an item of a list, the item.

        Of a value that is not written (a template gave it), the innermost one around it that is.
        """
        return follow(self.tree, steps)[1].place

    def has(self, steps: Steps) -> bool:
        """Whether the value at `steps` is written anywhere."""
        return follow(self.tree, steps)[2] == len(steps)

    def inside(self, steps: Steps, offset: int, length: int = 1) -> Place:
        """Where characters of the string at `steps` stand, counted in its value. Raises KeyError."""
        return place_inside(self._at(steps), offset, length)

    def nearest(self, steps: Steps) -> Place:
        """Where the value at `steps` stands, or the innermost one around it that is written."""
        return follow(self.tree, steps)[0].span.place

    def fault_place(self, steps: Steps, fault: TemplateFault) -> Place:
        """Where the fault of the template at `steps` is. Raises KeyError."""
        return self.texts.fault_place(self._at(steps), fault)

    def file_place(self, file: Path, offset: int, length: int = 1) -> Place:
        """Where characters of a template file stand. Raises Invalid where it cannot be read."""
        return self.texts.place_in(file, offset, length)

    def lines(self, file: str) -> list[str]:
        """The lines of a file as places call it."""
        return self.texts.lines(file)

    def _at(self, steps: Steps) -> Located:
        located, _, made = follow(self.tree, steps)
        if made < len(steps):
            raise KeyError(steps)
        return located


def read_document(recipe: Path, files: RecipeFiles) -> Document:
    """Read the recipe and all it includes; nothing is rendered yet. Raises Invalid if it is no mapping."""
    shown = str(recipe)
    gathering = Gathering(files)
    tree = gathering.read(recipe.absolute(), shown)
    if tree is None:
        raise Invalid(gathering.problems)
    whole = all(problem.kind in _READABLE for problem in gathering.problems)
    texts = Texts(shown=shown, files=files, sources=gathering.sources)
    return Document(
        data=as_object(plain(tree)),
        env_read=frozenset(),
        tree=tree,
        texts=texts,
        problems=tuple(gathering.problems),
        lost=frozenset() if whole else frozenset({("include",)}),
    )


_READABLE = {"duplicate_key", "include_clash"}
"""Problems of a text that lose nothing of it: what comes second is passed over, or wins."""


def rendered(
    document: Document, *, sets: Mapping[str, str], environ: Environ, untouched: Collection[Steps] = ()
) -> Document:
    """The document with its texts rendered, those of its takes aside, and all below the keys `untouched`.

    Raises Invalid if there are too many texts.
    """
    renderer = Renderer(TemplateEngine(document.texts.files), environ, document.texts.fault_place, untouched)
    entries = document.tree.entries or {}
    extra = renderer.too_many(document.tree)
    if extra is not None:
        raise Invalid([*document.problems, trouble("too_many_templates", place=extra.span.place, limit=MAX_RENDERED)])
    declared = entries["vars"].value if "vars" in entries else None
    variables = Variables(declared, sets, renderer)
    variables.resolve()
    data: dict[str, JSONValue] = {}
    for name, entry in entries.items():
        is_vars = name == "vars" and entry.value.entries is not None
        data[name] = variables.values if is_vars else renderer.value(entry.value, (name,), variables.values)
    lost = document.lost | renderer.unrendered | {("vars", name) for name in renderer.failed}
    problems = (*document.problems, *renderer.problems)
    return replace(document, data=data, env_read=frozenset(environ.read), problems=problems, lost=lost)


def load_document(recipe: Path, *, files: RecipeFiles, sets: Mapping[str, str], environ: Environ) -> Document:
    """Read and render the recipe. Raises Invalid with every problem at once."""
    document = rendered(read_document(recipe, files), sets=sets, environ=environ)
    if document.problems:
        raise Invalid(document.problems)
    return document

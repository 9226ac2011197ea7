"""Shared state of resolving a recipe: document, files, problems so far.

Also which entries are incomplete because a part of them was left out for a wrong shape: a check for something missing
says nothing about them, so that one slip is reported once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence

from nano_banana.catalog.catalog import Catalog
from nano_banana.formats.struct_schema import decode_section
from nano_banana.formats.yaml_values import KeyPath, follow_path
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_object
from nano_banana.model.problem import Invalid, Position, Problem, did_you_mean
from nano_banana.recipe.document import Document
from nano_banana.recipe.interpolation import RecipeEnvironment
from nano_banana.recipe.recipe_files import RecipeFiles
from nano_banana.recipe.recipe_sections import RecipeSection
from nano_banana.recipe.template_engine import TemplateEngine

_NAMED_SECTIONS = {"subjects", "adapters", "axes", "templates", "shots", "stages", "vars"}
"""Sections whose entries other entries refer to by name."""
_INDEPENDENT_SECTIONS = {"nano_banana", "name", "provider", "limits", "privacy", "photo_rules", "outputs"}
"""Sections that no other section depends on."""
_WORD_PATTERN = re.compile(r"[\w-]+")


class OmittedParts:
    """Values that are left out of a recipe because something is wrong with them.

    An entry is a value in a section: a shot, a stage, `outputs.files`. It is incomplete if a part of it is left out, or
    if it names an incomplete entry. What such an entry lacks isn't known, so checks for missing parts skip it.
    """

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._sections: set[str] = set()
        self._spans: set[tuple[str, int]] = set()
        self._entries: set[KeyPath] = set()

    def add(self, document: Document, path: KeyPath, meant: tuple[str, ...] = ()) -> None:
        """Leave out the value at `path`; `meant` are the keys that a misspelt one may stand for."""
        located = follow_path(document.tree, path)[0]
        if len(path) == 1 and meant and meant[0] in _INDEPENDENT_SECTIONS:
            return
        if path[0] in _NAMED_SECTIONS and (len(path) <= 2 or path[0] == "axes" or path[-1] == "id"):
            called = located.entries.get("id") if located.entries and path[0] == "stages" else None
            self._names |= {str(path[-1]), *(located.entries or () if len(path) == 1 else ())}
            self._names |= {str(value) for value in (located.value, called and called.value.value) if value is not None}
        if len(path) == 1:
            self._sections |= {str(path[0]), *meant} - _INDEPENDENT_SECTIONS
        else:
            self.touch(document, path)

    def touch(self, document: Document, path: KeyPath) -> None:
        """Let the entry around `path` be one that lacks something."""
        span = follow_path(document.tree, path[:2])[0].span
        self._spans.add((span.source.file, span.start))

    def spread(self, document: Document) -> None:
        """Find every entry of what is left that hangs on what is lost."""
        entries = dict(_entry_texts(document))
        words = {where: _words_in(as_text) for where, (_, as_text) in entries.items()}
        waiting = [where for where in entries if self._sections or self._is_cut(document, where)]
        known = set(self._names)
        for name in self._names:
            waiting += [where for where, found in words.items() if name in found and where not in waiting]
        while waiting:
            where = waiting.pop()
            if where in self._entries:
                continue
            self._entries.add(where)
            names = {entries[where][0]} if where[0] in _NAMED_SECTIONS else set()
            names |= {"all"} if where[0] in {"subjects", "shots", "axes"} else set()
            for name in names - known:
                waiting += [other for other, found in words.items() if name in found]
            known |= names

    def hangs(self, where: KeyPath) -> bool:
        """Whether the entry at `where` hangs on something that is lost."""
        return where[:2] in self._entries

    def holds(self, name: str) -> bool:
        """Whether the name may be one of those that are lost."""
        return name in self._names or bool(self._sections)

    def _is_cut(self, document: Document, where: KeyPath) -> bool:
        span = follow_path(document.tree, where)[0].span
        return (span.source.file, span.start) in self._spans


def _entry_texts(document: Document) -> Iterator[tuple[KeyPath, tuple[str, str]]]:
    """Every entry of every section with its name and all its text."""
    for section, value in document.data.items():
        named = as_object(value).items() if isinstance(value, dict) else ()
        listed = enumerate(as_items(value)) if isinstance(value, list) else ()
        for name, entry in (*named, *listed):
            called = as_object(entry).get("id") if isinstance(entry, dict) else None
            text = json.dumps(entry, ensure_ascii=False)
            yield (section, name), (str(called) if section == "stages" else str(name), text)


def _words_in(text: str) -> frozenset[str]:
    return frozenset(_WORD_PATTERN.findall(text)) | frozenset(re.findall(r"\w+", text))


MAX_LISTED = 12
"""Names that a hint lists."""
MAX_PROBLEMS_TOLD = 200
"""Problems that are reported at once: more aren't read, and suggestions take time."""
MAX_NAMES_COMPARED = 1_000
"""Names that a misspelled one is compared with."""


_UNKNOWN_NAME_KINDS = frozenset({"unknown_reference", "unknown_adapter", "unknown_axis"})
"""Problems with a name that stands there, and may be the name of something left out."""

_ALWAYS_TOLD_KINDS = frozenset(
    """
    adapter_named_twice adapter_twice cast_twice endpoint_unfit export_no_zip export_remote field_is_ours
    field_unknown heic_missing judges_nothing mask_inside_out named_all no_pack_template no_pack_variable no_photos
    no_steps no_such_file no_template_named not_a_picture pack_bounds pack_version photo_missing photo_unreadable
    photos_not_fetched photos_zipped picture_raw picture_unsupported
    repeated_id repeated_value reserved_name same_but_case same_name same_trigger steps_crossed
    takes_no_images unknown_endpoint
    """.split()  # noqa: SIM905 - as words they fit into a few lines
)
"""Problems with something that stands there, whatever else is left out of the recipe."""


class ResolveContext:
    """One reading of a recipe: what is read (`recipe`, as written), and everything found wrong so far."""

    def __init__(
        self,
        document: Document,
        files: RecipeFiles,
        catalog: Catalog,
        environ: RecipeEnvironment,
        lost: OmittedParts,
    ) -> None:
        self.document = document
        self.recipe = decode_section(document.data, RecipeSection)
        self.lost = lost
        self.environ = environ
        self.files = files
        self.catalog = catalog
        self.engine = TemplateEngine(files)
        self.problems: list[Problem] = []
        self._said: set[tuple[str, Position | None, str]] = set()

    @property
    def somebody(self) -> str:
        """A subject to give as an example."""
        return next(iter(self.recipe.subjects), "ana")

    def add(self, problem: Problem) -> None:
        """Note a problem once; of a warning, one at each place will do. Raises Invalid when there are too many."""
        said = (problem.kind, problem.position, "" if problem.warning else repr(sorted(problem.data.items())))
        if problem.position is not None and said in self._said:
            return
        self._said.add(said)
        count = sum(other.warning == problem.warning for other in self.problems)
        if count < MAX_PROBLEMS_TOLD:
            self.problems.append(problem)
        elif not problem.warning:
            raise Invalid(self.problems)

    def _follows(self, kind: str, where: KeyPath, data: JSONObject) -> bool:
        """Whether a problem may only follow from what is left out of the recipe: then it is not said."""
        if kind in _UNKNOWN_NAME_KINDS:
            return self.lost.holds(str(data.get("name"))) or (data.get("what") == "axis" and self.lost.hangs(where))
        return self.lost.hangs(where) and (kind not in _ALWAYS_TOLD_KINDS or not self.document.has(where))

    def wrong(self, kind: str, where: KeyPath, *, hints: tuple[str, ...] = (), **data: JSONValue) -> None:
        """Note a problem with the value at `where`."""
        if not self._follows(kind, where, data):
            self.add(Problem(kind=kind, position=self.document.nearest(where), data=data, suggestions=hints))

    def wrong_key(self, kind: str, where: KeyPath, *, hints: tuple[str, ...] = (), **data: JSONValue) -> None:
        """Note a problem with the key at `where`."""
        if not self._follows(kind, where, data):
            self.add(Problem(kind=kind, position=self.document.key_place(where), data=data, suggestions=hints))

    def warn(self, kind: str, where: KeyPath, **data: JSONValue) -> None:
        """Note something odd at `where` that does not stop the work."""
        if not self._follows(kind, where, data):
            self.add(Problem(kind=kind, position=self.document.nearest(where), data=data, warning=True))

    def known(self, what: str, name: str, names: Collection[str], where: KeyPath) -> bool:
        """Whether `name` is one of `names`; notes an unknown one, with what was probably meant."""
        if name in names:
            return True
        listed = ", ".join([*names][:MAX_LISTED]) or "none"
        listed += " …" if len(names) > MAX_LISTED else ""
        near = did_you_mean(name, [*names][:MAX_NAMES_COMPARED])
        self.wrong("unknown_reference", where, hints=near, what=what, name=name, known=listed)
        return False

    def take_over(self, error: Invalid, where: KeyPath) -> None:
        """Note problems that came without a place, at `where`."""
        for problem in error.problems:
            place = problem.position or self.document.nearest(where)
            self.add(Problem(kind=problem.kind, position=place, data=problem.data, suggestions=problem.suggestions))


def placed_names(value: str | Sequence[str] | None, where: KeyPath) -> list[tuple[str, KeyPath]]:
    """The names of a text or a list at `where`, each with its own path."""
    if isinstance(value, str):
        return [(value, where)]
    return [(name, (*where, at)) for at, name in enumerate(value or ())]


def known_names_in(
    reading: ResolveContext, what: str, value: str | Sequence[str] | None, known: Collection[str], where: KeyPath
) -> tuple[str, ...]:
    """The names of a text or a list, without the unknown ones, which are noted."""
    names = placed_names(value, where)
    return tuple(dict.fromkeys(name for name, place in names if reading.known(what, name, known, place)))

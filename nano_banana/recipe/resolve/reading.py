"""What every part of the resolver shares."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from nano_banana.catalog.catalog import Catalog
from nano_banana.core.errors import Invalid
from nano_banana.core.json import JSONObject, JSONValue, as_items, as_object, as_text
from nano_banana.core.problem import Place, Problem, did_you_mean
from nano_banana.recipe.document import Document
from nano_banana.recipe.environ import Environ
from nano_banana.recipe.files import RecipeFiles
from nano_banana.recipe.lost import Lost
from nano_banana.recipe.model import Where
from nano_banana.recipe.templates.engine import TemplateEngine

MOST_LISTED = 12
"""Names that a hint lists."""
MOST_PROBLEMS = 200
"""Problems that are told at once: nobody reads more, and looking for what was meant takes time."""
MOST_COMPARED = 1_000
"""Names that a misspelled one is compared with."""


_NAMES = frozenset({"unknown_reference", "unknown_adapter", "unknown_axis"})
"""Problems with a name that stands there, and may be the name of something left out."""

_PRESENT = frozenset(
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


class Reading:
    """One reading of a recipe: what is read, and everything found wrong so far."""

    def __init__(
        self,
        document: Document,
        files: RecipeFiles,
        catalog: Catalog,
        environ: Environ,
        lost: Lost,
    ) -> None:
        self.document = document
        self.lost = lost
        self.environ = environ
        self.files = files
        self.catalog = catalog
        self.engine = TemplateEngine(files)
        self.problems: list[Problem] = []
        self._said: set[tuple[str, Place | None, str]] = set()

    def section(self, name: str) -> JSONObject:
        """A top-level mapping, empty where the recipe has none."""
        return as_object(self.document.data.get(name))

    @property
    def somebody(self) -> str:
        """A subject to give as an example."""
        return next(iter(self.section("subjects")), "ana")

    def add(self, problem: Problem) -> None:
        """Note a problem once; of a warning, one at each place will do. Raises Invalid when there are too many."""
        said = (problem.kind, problem.place, "" if problem.warning else repr(sorted(problem.data.items())))
        if problem.place is not None and said in self._said:
            return
        self._said.add(said)
        count = sum(other.warning == problem.warning for other in self.problems)
        if count < MOST_PROBLEMS:
            self.problems.append(problem)
        elif not problem.warning:
            raise Invalid(self.problems)

    def _follows(self, kind: str, where: Where, data: JSONObject) -> bool:
        """Whether a problem may only follow from what is left out of the recipe: then it is not said."""
        if kind in _NAMES:
            return self.lost.holds(str(data.get("name"))) or (data.get("what") == "axis" and self.lost.hangs(where))
        return self.lost.hangs(where) and (kind not in _PRESENT or not self.document.has(where))

    def wrong(self, kind: str, where: Where, *, hints: tuple[str, ...] = (), **data: JSONValue) -> None:
        """Note a problem with the value at `where`."""
        if not self._follows(kind, where, data):
            self.add(Problem(kind=kind, place=self.document.nearest(where), data=data, suggestions=hints))

    def wrong_key(self, kind: str, where: Where, *, hints: tuple[str, ...] = (), **data: JSONValue) -> None:
        """Note a problem with the key at `where`."""
        if not self._follows(kind, where, data):
            self.add(Problem(kind=kind, place=self.document.key_place(where), data=data, suggestions=hints))

    def warn(self, kind: str, where: Where, **data: JSONValue) -> None:
        """Note something odd at `where` that does not stop the work."""
        if not self._follows(kind, where, data):
            self.add(Problem(kind=kind, place=self.document.nearest(where), data=data, warning=True))

    def known(self, what: str, name: str, names: Collection[str], where: Where) -> bool:
        """Whether `name` is one of `names`; notes an unknown one, with what was probably meant."""
        if name in names:
            return True
        listed = ", ".join([*names][:MOST_LISTED]) or "none"
        listed += " …" if len(names) > MOST_LISTED else ""
        near = did_you_mean(name, [*names][:MOST_COMPARED])
        self.wrong("unknown_reference", where, hints=near, what=what, name=name, known=listed)
        return False

    def take_over(self, error: Invalid, where: Where) -> None:
        """Note problems that came without a place, at `where`."""
        for problem in error.problems:
            place = problem.place or self.document.nearest(where)
            self.add(Problem(kind=problem.kind, place=place, data=problem.data, suggestions=problem.suggestions))


def names_in(
    reading: Reading, what: str, value: JSONValue, known: Mapping[str, object], where: Where
) -> tuple[str, ...]:
    """The names of a text or a list, without the unknown ones, which are noted."""
    several = not isinstance(value, str)
    names = [(as_text(name), (*where, at) if several else where) for at, name in enumerate(as_items(value))]
    return tuple(dict.fromkeys(name for name, place in names if reading.known(what, name, known, place)))

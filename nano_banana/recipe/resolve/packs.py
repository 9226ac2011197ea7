"""Templates that a recipe takes from packs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nano_banana.core.errors import Invalid
from nano_banana.core.json import JSONObject, JSONValue, as_object, as_text
from nano_banana.core.problem import did_you_mean
from nano_banana.recipe.model import Text, Where
from nano_banana.recipe.packs.check import faults_of, idle_in
from nano_banana.recipe.packs.given import Given
from nano_banana.recipe.packs.pack import Pack
from nano_banana.recipe.packs.places import PackPlaces
from nano_banana.recipe.packs.read import read_pack
from nano_banana.recipe.packs.variable import UnfitError
from nano_banana.recipe.packs.version import meets
from nano_banana.recipe.renderer import has_template
from nano_banana.recipe.resolve.reading import Reading


class PackReader:
    """Reads the packs that a recipe names, each once."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._places = PackPlaces(reading.files)
        self._packs: dict[str, Pack | None] = {}

    def text(self, entry: JSONObject, where: Where) -> Text | None:
        """The prompt that an entry of `templates` takes from a pack; None where there is none, which is noted."""
        said = as_text(entry["pack"])
        name, _, chosen = said.partition("/")
        pack = self._pack(name, (*where, "pack"))
        if pack is None or not self._version_fits(pack, entry, where):
            return None
        if chosen not in pack.templates:
            near = tuple(f"{name}/{other}" for other in did_you_mean(chosen, pack.templates))
            known, kind = ", ".join(pack.templates), "no_pack_template" if chosen else "no_template_named"
            self._reading.wrong(kind, (*where, "pack"), hints=near, pack=name, name=chosen, known=known)
            return None
        template = pack.templates[chosen]
        for problem in faults_of(pack, template):
            self._reading.add(problem)
        given = Given(pack=pack, template=template, values=as_object(entry.get("with")), where=(*where, "with"))
        self._check_values(given, said)
        return Text(text=template.text, where=where, file=template.file, given=given)

    def _pack(self, name: str, where: Where) -> Pack | None:
        if name not in self._packs:
            self._packs[name] = self._read(name, where)
        return self._packs[name]

    def _read(self, name: str, where: Where) -> Pack | None:
        try:
            place = self._places.find(name)
            if place is not None:
                return read_pack(place.folder, self._reading.files)
            self._reading.known("pack", name, [other.name for other in self._places.all()], where)
        except Invalid as error:
            self._reading.take_over(error, where)
        return None

    def _version_fits(self, pack: Pack, entry: JSONObject, where: Where) -> bool:
        if "version" not in entry:
            return True
        wanted = as_text(entry["version"])
        try:
            if meets(pack.version, wanted):
                return True
            self._reading.wrong(
                "pack_version", (*where, "version"), pack=pack.name, version=pack.version, wanted=wanted
            )
        except ValueError:
            self._reading.wrong("pack_bounds", (*where, "version"), wanted=wanted)
        return False

    def _check_values(self, given: Given, said: str) -> None:
        variables, idle = given.template.variables, idle_in(given.pack, given.template)
        for name, value in given.values.items():
            where: Where = (*given.where, name)
            if name not in variables:
                near, known = did_you_mean(name, variables), ", ".join(variables) or "none"
                self._reading.wrong_key("no_pack_variable", where, hints=near, template=said, name=name, known=known)
                continue
            if name in idle:
                self._reading.warn("pack_value_idle", where, template=said, name=name)
            if not _is_open(value):
                try:
                    variables[name].value(value)
                except UnfitError as unfit:
                    self._reading.wrong(unfit.kind, where, hints=unfit.suggestions, **unfit.data)


def _is_open(value: JSONValue) -> bool:
    """Whether a value is only known when a take is drawn."""
    return isinstance(value, str) and has_template(value)


def packs_of(templates: Mapping[str, Text]) -> Mapping[str, Pack]:
    """The packs that the templates are of, by name."""
    return {text.given.pack.name: text.given.pack for text in templates.values() if text.given is not None}


def values_of(given: Given) -> Iterator[Text]:
    """The templates that a recipe gives as values."""
    for name, value in given.values.items():
        if _is_open(value):
            yield Text(text=str(value), where=(*given.where, name))

"""Prompts: looked up, checked for unknown names, and rendered for a take.

A prompt is a text in the recipe, a template file, or a template of a pack with values for its variables.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from nano_banana.formats.yaml_values import KeyPath
from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import Invalid, Position, did_you_mean, problem
from nano_banana.recipe.axis_values import AxisValue
from nano_banana.recipe.interpolation import is_template_value
from nano_banana.recipe.naming import RESERVED_NAMES, TEMPLATE_CONSTANTS, version_matches
from nano_banana.recipe.pack import PACK_SUBJECT_NAMES, Pack, PackUse, ResolveValue, VariableValueError
from nano_banana.recipe.pack_reader import PackFinder, prompt_problems, read_pack, unused_variables
from nano_banana.recipe.recipe_model import Shot, Subject, TemplateText
from nano_banana.recipe.recipe_sections import EVERYTHING, TemplateSource
from nano_banana.recipe.resolve_context import ResolveContext
from nano_banana.recipe.template_engine import TemplateEngine
from nano_banana.recipe.template_names import KnownNames
from nano_banana.recipe.template_syntax import TemplateFault


class PromptError(Exception):
    """A text that can't be rendered: itself, or a value that the recipe gives for a variable of it."""

    def __init__(self, text: TemplateText, fault: TemplateFault) -> None:
        super().__init__(str(fault))
        self.text = text
        self.fault = fault


def render_prompt(engine: TemplateEngine, text: TemplateText, context: Mapping[str, object]) -> str:
    """The text rendered; `engine` is the recipe's. Raises PromptError."""
    given = text.given
    try:
        if given is None:
            return engine.compile(text.text).render(context)
        names = given.names(context, value_resolver(engine, given, context))
        return given.pack.engine.compile(text.text).render(names)
    except TemplateFault as fault:
        raise PromptError(text, fault) from fault


def value_resolver(engine: TemplateEngine, given: PackUse, context: Mapping[str, object]) -> ResolveValue:
    """A function from what a recipe gives for a variable to what the prompt sees. It raises TextError."""

    def settle(name: str, value: JSONValue) -> object:
        text = TemplateText(text=str(value), where=(*given.where, name))
        try:
            if is_template_value(value):
                value = engine.evaluate(str(value), context)
            return given.template.variables[name].value(value)
        except TemplateFault as fault:
            raise PromptError(text, fault) from fault
        except VariableValueError as unfit:
            unfitting = TemplateFault(unfit.kind, length=len(text.text), suggestions=unfit.suggestions, data=unfit.data)
            raise PromptError(text, unfitting) from unfit

    return settle


class RecipePacks:
    """Reads the packs that a recipe names, each once."""

    def __init__(self, reading: ResolveContext) -> None:
        self._reading = reading
        self._places = PackFinder(reading.files)
        self._packs: dict[str, Pack | None] = {}

    def text(self, said: str, source: TemplateSource, where: KeyPath) -> TemplateText | None:
        """The prompt that an entry of `templates` takes from a pack; None, with a problem, if there is none."""
        name, _, chosen = said.partition("/")
        pack = self._pack(name, (*where, "pack"))
        if pack is None or not self._version_fits(pack, source.version, where):
            return None
        if chosen not in pack.templates:
            near = tuple(f"{name}/{other}" for other in did_you_mean(chosen, pack.templates))
            known, kind = ", ".join(pack.templates), "no_pack_template" if chosen else "no_template_named"
            self._reading.wrong(kind, (*where, "pack"), hints=near, pack=name, name=chosen, known=known)
            return None
        template = pack.templates[chosen]
        for each in prompt_problems(pack, template):
            self._reading.add(each)
        given = PackUse(pack=pack, template=template, values=source.values or {}, where=(*where, "with"))
        self._check_values(given, said)
        return TemplateText(text=template.text, where=where, file=template.file, given=given)

    def _pack(self, name: str, where: KeyPath) -> Pack | None:
        if name not in self._packs:
            self._packs[name] = self._read(name, where)
        return self._packs[name]

    def _read(self, name: str, where: KeyPath) -> Pack | None:
        try:
            place = self._places.find(name)
            if place is not None:
                return read_pack(place.folder, self._reading.files)
            self._reading.known("pack", name, [other.name for other in self._places.all()], where)
        except Invalid as error:
            self._reading.take_over(error, where)
        return None

    def _version_fits(self, pack: Pack, wanted: str | None, where: KeyPath) -> bool:
        if wanted is None:
            return True
        try:
            if version_matches(pack.version, wanted):
                return True
            self._reading.wrong(
                "pack_version", (*where, "version"), pack=pack.name, version=pack.version, wanted=wanted
            )
        except ValueError:
            self._reading.wrong("pack_bounds", (*where, "version"), wanted=wanted)
        return False

    def _check_values(self, given: PackUse, said: str) -> None:
        variables, idle = given.template.variables, unused_variables(given.pack, given.template)
        for name, value in given.values.items():
            where: KeyPath = (*given.where, name)
            if name not in variables:
                near, known = did_you_mean(name, variables), ", ".join(variables) or "none"
                self._reading.wrong_key("no_pack_variable", where, hints=near, template=said, name=name, known=known)
                continue
            if name in idle:
                self._reading.warn("pack_value_idle", where, template=said, name=name)
            if not is_template_value(value):
                try:
                    variables[name].value(value)
                except VariableValueError as unfit:
                    self._reading.wrong(unfit.kind, where, hints=unfit.suggestions, **unfit.data)


def packs_in(templates: Mapping[str, TemplateText]) -> Mapping[str, Pack]:
    """The packs that the templates are of, by name."""
    return {text.given.pack.name: text.given.pack for text in templates.values() if text.given is not None}


def templated_values(given: PackUse) -> Iterator[TemplateText]:
    """The templates that a recipe gives as values."""
    for name, value in given.values.items():
        if is_template_value(value):
            yield TemplateText(text=str(value), where=(*given.where, name))


def read_templates(reading: ResolveContext) -> Mapping[str, TemplateText]:
    """Every template's text; a file that can't be read is noted."""
    texts, packs = {}, RecipePacks(reading)
    for name, said in reading.recipe.templates.items():
        where: KeyPath = ("templates", name)
        if isinstance(said, str):
            texts[name] = TemplateText(text=said, where=where)
        elif said.pack is not None:
            text_of_pack = packs.text(said.pack, said, where)
            texts |= {} if text_of_pack is None else {name: text_of_pack}
        elif said.file is not None:
            try:
                text = reading.files.read_text(said.file)
                texts[name] = TemplateText(text=text, where=where, file=reading.files.locate(said.file))
            except Invalid as error:
                reading.take_over(error, (*where, "file"))
    return texts


def find_prompt(
    reading: ResolveContext, given: str, templates: Mapping[str, TemplateText], where: KeyPath
) -> TemplateText | None:
    """The template of that name; or, where it reads like a prompt, the text itself."""
    if given in templates:
        return templates[given]
    if " " in given or "{" in given:
        return TemplateText(text=given, where=where)
    if given in reading.recipe.templates:
        return None
    reading.known("template", given, templates, where)
    return None


def check_prompt(
    reading: ResolveContext,
    text: TemplateText,
    names: KnownNames,
    *,
    shot: Shot | None = None,
    axes: Collection[str] = (),
) -> None:
    """Note every fault of the template, at its place inside the text.

    Of a shot that lacks a name which others have (an axis of `axes`, a cast) more can be said. A pack's template sees
    none of these names but the subject; the values that the recipe gives it may use all of them.
    """
    engine = reading.engine
    if text.given is not None:
        for value in templated_values(text.given):
            check_prompt(reading, value, names, shot=shot, axes=axes)
        names = {**text.given.template.names, **({"subject": PACK_SUBJECT_NAMES} if "subject" in names else {})}
        engine = text.given.pack.engine
    unsure = reading.lost.hangs(text.where) or (shot is not None and reading.lost.hangs(shot.where))
    for fault in engine.check(text.text, names):
        if unsure and fault.kind in {"template_name", "template_field"}:
            continue  # the name may be that of something left out
        place = fault_place_of(reading, text, fault)
        name = str(fault.data.get("name"))
        if fault.kind == "template_name" and shot and name in axes:
            reading.add(problem("not_in_shot", position=place, shot=shot.name, name=name))
        elif text.given is not None and shot and shot.together:
            reading.wrong("pack_of_one", (*shot.where, "template"), shot=shot.name, template=str(text.where[-1]))
        elif fault.kind == "template_name" and shot and name in {"subject", "cast"}:
            _wrong_person_count(reading, shot, name, place)
        else:
            add_template_fault(reading, fault, place)


def add_template_fault(reading: ResolveContext, fault: TemplateFault, place: Position) -> None:
    """Note a template's fault. A refused variable of the environment is noted where it is read."""
    name = str(fault.data.get("name"))
    if fault.kind != "template_field" or fault.data.get("owner") != "env":
        reading.add(fault.problem(place))
    elif reading.environ.refusal(name) == "env_missing":
        reading.add(problem("env_missing", position=place, suggestions=fault.suggestions, name=name))


def _wrong_person_count(reading: ResolveContext, shot: Shot, name: str, place: Position) -> None:
    """Note that the template speaks of one person where there are several, or of several where there is one."""
    if shot.together:
        reading.add(problem("several_in_shot", position=place, shot=shot.name, place_name=next(iter(shot.together))))
    elif reading.recipe.shots[shot.name].cast is not None:
        if name == "cast":
            reading.add(problem("one_in_shot", position=place, shot=shot.name))
    else:
        _no_cast(reading, shot.name)


def _no_cast(reading: ResolveContext, shot: str) -> None:
    """Note that the shot has no cast, once, whatever misses it."""
    place = reading.document.key_place(("shots", shot))
    if not any(problem.kind == "no_cast" and problem.position == place for problem in reading.problems):
        reading.add(problem("nobody_in_shot", position=place, shot=shot, somebody=reading.somebody))


def fault_place_of(reading: ResolveContext, text: TemplateText, fault: TemplateFault) -> Position:
    """Where a fault is: inside the recipe's scalar, in the template's file, or in a file it includes."""
    if text.given is not None:
        return text.given.pack.place(text.given.template, fault)
    file = fault.file or text.file
    if file is None:
        return reading.document.fault_place(text.where, fault)
    return reading.document.texts.place_in(Path(file), fault.offset, fault.length)


def names_in_shot(
    reading: ResolveContext,
    traits: frozenset[str],
    matrix: Mapping[str, tuple[AxisValue, ...]],
    *,
    somebody: bool,
    places: Iterable[str] = (),
) -> KnownNames:
    """What a template of a shot may name: the subject where it is of `somebody`, and the cast by `places`."""
    names: dict[str, KnownNames | None] = dict.fromkeys(reading.recipe.vars)
    for axis, values in matrix.items():
        fields: dict[str, KnownNames | None] = {"key": None}
        for value in values:
            fields |= dict.fromkeys(value)
        # An axis without values has a problem of its own.
        names[axis] = fields if values else None
    person: KnownNames = {"name": None, "noun": None, "trigger": None, "traits": dict.fromkeys(traits)}
    if somebody:
        names["subject"] = person
    if standing := list(places):
        names["cast"] = dict.fromkeys(standing, person)
    return {**names, "seed": None, "shot": None, "env": dict.fromkeys(reading.environ.names)}


def traits_of(subjects: Mapping[str, Subject]) -> frozenset[str]:
    """Every trait that some subject has; one that another lacks reads as nothing."""
    return frozenset(trait for subject in subjects.values() for trait in subject.traits)


def check_cases(reading: ResolveContext) -> None:
    """Note names of outputs that differ in case alone: on many file systems they would be one file."""
    recipe = reading.recipe
    groups: list[list[KeyPath]] = [[("subjects", name) for name in recipe.subjects]]
    groups.append([("shots", name) for name in recipe.shots])
    groups += [[("axes", name, key) for key in axis] for name, axis in recipe.axes.items() if isinstance(axis, dict)]
    for group in groups:
        first: dict[str, str] = {}
        for where in group:
            name = str(where[-1])
            other = first.setdefault(name.casefold(), name)
            if other != name:
                reading.wrong_key("same_but_case", where, name=name, other=other)


def check_names(reading: ResolveContext) -> None:
    """Note names that would hide others: variables and axes that templates have anyway, and `all`."""
    recipe = reading.recipe
    axes: list[KeyPath] = [("axes", name) for name in recipe.axes]
    axes += [("shots", shot, "matrix", name) for shot, said in recipe.shots.items() for name in said.matrix]
    for where in [*(("vars", name) for name in recipe.vars if name not in TEMPLATE_CONSTANTS), *axes]:
        if where[-1] in RESERVED_NAMES:
            reading.wrong_key("reserved_name", where, name=str(where[-1]))
    for where in axes:
        if where[-1] in recipe.vars:
            reading.wrong_key("same_name", where, name=str(where[-1]))
    for section, names in (("subjects", recipe.subjects.keys()), ("shots", recipe.shots.keys())):
        if EVERYTHING in names:
            reading.wrong_key("named_all", (section, EVERYTHING))

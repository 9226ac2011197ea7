"""Templates: their texts, and whether the names in them exist."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.json import as_object, as_text
from nano_banana.core.problem import Place
from nano_banana.recipe.axis_value import AxisValue
from nano_banana.recipe.model import Shot, Subject, Text, Where
from nano_banana.recipe.packs.pack import SUBJECT
from nano_banana.recipe.patterns import RESERVED, WORDS
from nano_banana.recipe.resolve.packs import PackReader, values_of
from nano_banana.recipe.resolve.reading import Reading
from nano_banana.recipe.templates.fault import TemplateFault
from nano_banana.recipe.templates.scopes import Names

ALL = "all"
"""Stands for every subject, shot or value."""


def read_templates(reading: Reading) -> Mapping[str, Text]:
    """Every template's text; a file that can't be read is noted."""
    texts, packs = {}, PackReader(reading)
    for name, value in reading.section("templates").items():
        where: Where = ("templates", name)
        if isinstance(value, str):
            texts[name] = Text(text=value, where=where)
        elif isinstance(value, Mapping) and "pack" in value:
            text_of_pack = packs.text(value, where)
            texts |= {} if text_of_pack is None else {name: text_of_pack}
        elif isinstance(value, Mapping):
            path = as_text(value["file"])
            try:
                text = reading.files.read_text(path)
                texts[name] = Text(text=text, where=where, file=reading.files.locate(path))
            except Invalid as error:
                reading.take_over(error, (*where, "file"))
    return texts


def find_text(reading: Reading, given: str, templates: Mapping[str, Text], where: Where) -> Text | None:
    """The template of that name; or, where it reads like a prompt, the text itself."""
    if given in templates:
        return templates[given]
    if " " in given or "{" in given:
        return Text(text=given, where=where)
    if given in reading.section("templates"):
        return None
    reading.known("template", given, templates, where)
    return None


def check_text(
    reading: Reading, text: Text, names: Names, *, shot: Shot | None = None, axes: Collection[str] = ()
) -> None:
    """Note every fault of the template, at its place inside the text.

    Of a shot that lacks a name which others have (an axis of `axes`, a cast) more can be said. A pack's template sees
    none of these names but the subject; the values that the recipe gives it may use all of them.
    """
    engine = reading.engine
    if text.given is not None:
        for value in values_of(text.given):
            check_text(reading, value, names, shot=shot, axes=axes)
        names = {**text.given.template.names, **({"subject": SUBJECT} if "subject" in names else {})}
        engine = text.given.pack.engine
    unsure = reading.lost.hangs(text.where) or (shot is not None and reading.lost.hangs(shot.where))
    for fault in engine.check(text.text, names):
        if unsure and fault.kind in {"template_name", "template_field"}:
            continue  # the name may be that of something left out
        place = place_of(reading, text, fault)
        name = str(fault.data.get("name"))
        if fault.kind == "template_name" and shot and name in axes:
            reading.add(trouble("not_in_shot", place=place, shot=shot.name, name=name))
        elif text.given is not None and shot and shot.together:
            reading.wrong("pack_of_one", (*shot.where, "template"), shot=shot.name, template=str(text.where[-1]))
        elif fault.kind == "template_name" and shot and name in {"subject", "cast"}:
            _somebody_else(reading, shot, name, place)
        else:
            add_fault(reading, fault, place)


def add_fault(reading: Reading, fault: TemplateFault, place: Place) -> None:
    """Note a template's fault. A refused variable of the environment is noted where it is read."""
    name = str(fault.data.get("name"))
    if fault.kind != "template_field" or fault.data.get("owner") != "env":
        reading.add(fault.problem(place))
    elif reading.environ.refusal(name) == "env_missing":
        reading.add(trouble("env_missing", place=place, hint=fault.suggestions, name=name))


def _somebody_else(reading: Reading, shot: Shot, name: str, place: Place) -> None:
    """Note that the template speaks of one person where there are several, or of several where there is one."""
    if shot.together:
        reading.add(trouble("several_in_shot", place=place, shot=shot.name, place_name=next(iter(shot.together))))
    elif "cast" in as_object(reading.section("shots")[shot.name]):
        if name == "cast":
            reading.add(trouble("one_in_shot", place=place, shot=shot.name))
    else:
        _nobody(reading, shot.name)


def _nobody(reading: Reading, shot: str) -> None:
    """Note that the shot has no cast, once, whatever misses it."""
    place = reading.document.key_place(("shots", shot))
    if not any(problem.kind == "no_cast" and problem.place == place for problem in reading.problems):
        reading.add(trouble("nobody_in_shot", place=place, shot=shot, somebody=reading.somebody))


def place_of(reading: Reading, text: Text, fault: TemplateFault) -> Place:
    """Where a fault is: inside the recipe's scalar, in the template's file, or in a file it includes."""
    if text.given is not None:
        return text.given.pack.place(text.given.template, fault)
    file = fault.file or text.file
    if file is None:
        return reading.document.fault_place(text.where, fault)
    return reading.document.file_place(Path(file), fault.offset, fault.length)


def names_for(
    reading: Reading,
    traits: frozenset[str],
    matrix: Mapping[str, tuple[AxisValue, ...]],
    *,
    somebody: bool,
    places: Iterable[str] = (),
) -> Names:
    """What a template of a shot may name: the subject where it is of `somebody`, and the cast by `places`."""
    names: dict[str, Names | None] = dict.fromkeys(reading.section("vars"))
    for axis, values in matrix.items():
        fields: dict[str, Names | None] = {"key": None}
        for value in values:
            fields |= dict.fromkeys(value)
        # An axis without values has a problem of its own.
        names[axis] = fields if values else None
    person = subject_names(traits)
    if somebody:
        names |= person
    standing: dict[str, Names | None] = dict.fromkeys(places, person["subject"])
    if standing:
        names["cast"] = standing
    return {**names, "seed": None, "shot": None, "env": dict.fromkeys(reading.environ.names)}


def subject_names(traits: frozenset[str]) -> Names:
    """What a template may name of the subject."""
    said: Names = dict.fromkeys(traits)
    return {"subject": {"name": None, "noun": None, "trigger": None, "traits": said}}


def traits_of(subjects: Mapping[str, Subject]) -> frozenset[str]:
    """Every trait that some subject has; one that another lacks reads as nothing."""
    return frozenset(trait for subject in subjects.values() for trait in subject.traits)


def check_cases(reading: Reading) -> None:
    """Note names of outputs that differ in case alone: on many file systems they would be one file."""
    groups: list[list[Where]] = [[(part, name) for name in reading.section(part)] for part in ("subjects", "shots")]
    axes = reading.section("axes")
    groups += [[("axes", axis, key) for key in as_object(axes[axis])] for axis in axes if isinstance(axes[axis], dict)]
    for group in groups:
        first: dict[str, str] = {}
        for where in group:
            name = str(where[-1])
            other = first.setdefault(name.casefold(), name)
            if other != name:
                reading.wrong_key("same_but_case", where, name=name, other=other)


def check_names(reading: Reading) -> None:
    """Note names that would hide others: variables and axes that templates have anyway, and `all`."""
    variables, shots = reading.section("vars"), reading.section("shots")
    axes: list[Where] = [("axes", name) for name in reading.section("axes")]
    axes += [
        ("shots", shot, "matrix", name) for shot in shots for name in as_object(as_object(shots[shot]).get("matrix"))
    ]
    for where in [*(("vars", name) for name in variables if name not in WORDS), *axes]:
        if where[-1] in RESERVED:
            reading.wrong_key("reserved_name", where, name=str(where[-1]))
    for where in axes:
        if where[-1] in variables:
            reading.wrong_key("same_name", where, name=str(where[-1]))
    for section in ("subjects", "shots"):
        if ALL in reading.section(section):
            reading.wrong_key("named_all", (section, ALL))

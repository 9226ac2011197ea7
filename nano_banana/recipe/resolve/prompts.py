"""Templates: their texts, and whether the names in them exist."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.core.errors import Invalid
from nano_banana.core.json import JSONObject
from nano_banana.core.json import as_text
from nano_banana.core.problem import Place
from nano_banana.core.problem import did_you_mean
from nano_banana.recipe.axis_value import AxisValue
from nano_banana.recipe.model import Subject
from nano_banana.recipe.model import Text
from nano_banana.recipe.model import Where
from nano_banana.recipe.resolve.reading import Reading
from nano_banana.recipe.templates.fault import TemplateFault
from nano_banana.recipe.templates.scopes import Names

RESERVED = frozenset({"subject", "seed", "shot", "cast", "env", "vars", "recipe"})
"""Names that templates have anyway, so that no axis and no variable may take them."""


def read_templates(reading: Reading) -> Mapping[str, Text]:
    """Every template's text; a file that can't be read is noted."""
    texts = {}
    for name, value in reading.section("templates").items():
        where: Where = ("templates", name)
        if isinstance(value, str):
            texts[name] = Text(text=value, where=where)
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


def check_text(reading: Reading, text: Text, names: Names) -> None:
    """Note every fault of the template, at its place inside the text."""
    for fault in reading.engine.check(text.text, names):
        reading.add(fault.problem(place_of(reading, text, fault)))


def place_of(reading: Reading, text: Text, fault: TemplateFault) -> Place:
    """Where a fault is: inside the recipe's scalar, in the template's file, or in a file it includes."""
    if fault.file is None and text.file is None:
        return reading.document.inside(text.where, fault.offset, fault.length)
    file = str(fault.file or text.file)
    lines = reading.document.lines(file)
    offset = fault.offset
    for number, line in enumerate(lines, start=1):
        if offset <= len(line):
            return Place(file=file, line=number, column=offset + 1, length=max(fault.length, 1))
        offset -= len(line) + 1
    return Place(file=file, line=max(len(lines), 1), column=1)


def names_for(
    subject_traits: frozenset[str], matrix: Mapping[str, tuple[AxisValue, ...]], variables: JSONObject
) -> Names:
    """What a template of a shot may name."""
    names: dict[str, Names | None] = dict.fromkeys(variables)
    for axis, values in matrix.items():
        fields: dict[str, Names | None] = {"key": None}
        for value in values:
            fields |= dict.fromkeys(value)
        names[axis] = fields
    traits: Names = dict.fromkeys(subject_traits)
    names["subject"] = {"name": None, "noun": None, "trigger": None, "traits": traits}
    return {**names, "seed": None, "shot": None, "env": None}


def traits_of(subjects: Mapping[str, Subject]) -> frozenset[str]:
    """Every trait that some subject has; one that another lacks reads as nothing."""
    return frozenset(trait for subject in subjects.values() for trait in subject.traits)


def check_names(reading: Reading) -> None:
    """Note variables and axes that would hide a name that templates have anyway."""
    for section in ("vars", "axes"):
        for name in reading.section(section):
            if name in RESERVED:
                where: Where = (section, name)
                reading.wrong("reserved_name", where, name=name, section=section)
    for name in reading.section("axes"):
        if name in reading.section("vars"):
            reading.wrong("same_name", ("axes", name), name=name, hints=did_you_mean(name, ()))

"""Every prompt that a pack's template can come to, a choice at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from nano_banana.core.errors import trouble
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.core.problem import Problem
from nano_banana.recipe.model import Text
from nano_banana.recipe.packs.check import faults_of, idle_in
from nano_banana.recipe.packs.given import Given
from nano_banana.recipe.packs.pack import CROP, Pack, PackTemplate
from nano_banana.recipe.packs.rendering import TextError, prompt_for
from nano_banana.recipe.packs.variable import Variable, VariableType
from nano_banana.recipe.templates.fault import TemplateFault

TRIGGER = "tokn7"
"""The trigger in prompts that are only shown or checked."""
SOMETHING = "something else"
"""What is tried for a text."""
ANYBODY = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Values that are not the defaults, and whom the picture is of."""

    noun: str
    values: JSONObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a prompt, and the first case in which it was."""

    problem: Problem
    case: Case


def cases_of(template: PackTemplate) -> list[Case]:
    """The defaults, each choice of each variable against them, and each crop with each noun."""
    nouns = template.nouns or (ANYBODY,)
    cases = [Case(noun=nouns[0])]
    for name, variable in template.variables.items():
        cases += [Case(noun=nouns[0], values={name: value}) for value in choices_of(variable)]
    crops = template.crops or tuple(template.variables[CROP].choices if CROP in template.variables else ())
    cases += [Case(noun=noun, values={CROP: crop}) for noun in nouns for crop in crops]
    cases += [Case(noun=noun) for noun in nouns[1:]]
    return list({repr(case): case for case in cases}.values())


def choices_of(variable: Variable) -> list[JSONValue]:
    """The values of a variable that are worth a look."""
    if variable.type is VariableType.CHOICE:
        return list(variable.choices)
    if variable.type is VariableType.BOOLEAN:
        return [True, False]
    if variable.type is VariableType.NUMBER:
        return [bound for bound in (variable.minimum, variable.maximum) if bound is not None]
    return [SOMETHING] if variable.type is VariableType.TEXT else []


def prompt_of(pack: Pack, template: PackTemplate, case: Case, *, trigger: str = TRIGGER, name: str = "ana") -> str:
    """The prompt of a case. Raises TextError."""
    given = Given(pack=pack, template=template, values=case.values, where=())
    text = Text(text=template.text, where=(), file=template.file, given=given)
    subject: JSONObject = {"name": name, "noun": case.noun, "trigger": trigger}
    return prompt_for(pack.engine, text, {"subject": subject})


def faults_in(pack: Pack, template: PackTemplate) -> list[Fault]:
    """Everything wrong with a template: what reading it shows, and else what rendering each case does."""
    cases = cases_of(template)
    found = [Fault(problem=each, case=cases[0]) for each in faults_of(pack, template)]
    document = pack.document
    for name in [] if found else idle_in(pack, template):
        where = ("templates", template.name, "variables", name)
        if not document.has(where):
            continue  # the pack's own: other templates may read it
        repeated = trouble(
            "pack_variable_idle", place=document.key_place(where), template=f"{pack.name}/{template.name}", name=name
        )
        found.append(Fault(problem=repeated, case=cases[0]))
    if not found:
        found = [fault for case in cases for fault in _faults_in(pack, template, case)]
    return list({repr(fault.problem): fault for fault in reversed(found)}.values())[::-1]


def _faults_in(pack: Pack, template: PackTemplate, case: Case) -> Iterator[Fault]:
    try:
        prompt = prompt_of(pack, template, case)
    except TextError as error:
        yield Fault(problem=error.fault.problem(pack.place(template, error.fault)), case=case)
        return
    if TRIGGER not in prompt:
        fault = TemplateFault("pack_no_trigger", data={"template": f"{pack.name}/{template.name}"})
        yield Fault(problem=fault.problem(pack.place(template, fault)), case=case)

"""Tests packs: every prompt rendered, every picture planned or drawn.

A trial is a recipe, planned at fal's prices or run on this machine, in a store of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct, field
from msgspec.structs import asdict, replace

from nano_banana.features.packs.pack_library import FoundPack, project_with_packs
from nano_banana.model.event import EventHandler
from nano_banana.model.flow import Ruling
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.known_folders import shipped_path
from nano_banana.model.problem import Invalid, Problem, problem
from nano_banana.planner.preview import preview, reply_imaginer
from nano_banana.recipe.pack import CROP_VARIABLE, Pack, PackTemplate, PackUse, PackVariable, PackVariableType
from nano_banana.recipe.pack_reader import prompt_problems, unused_variables
from nano_banana.recipe.prompts import PromptError, render_prompt
from nano_banana.recipe.recipe_model import TemplateText
from nano_banana.recipe.template_syntax import TemplateFault
from nano_banana.session.run_execution import RunOutcome
from nano_banana.session.run_report import acceptance_by_gate
from nano_banana.session.run_report_schema import ReportedVerdicts
from nano_banana.session.run_request import RunRequest
from nano_banana.session.session import Session
from nano_banana.settings.configuration import Settings

SAMPLE_TRIGGER = "tokn7"
"""The trigger in prompts that are only shown or checked."""
SAMPLE_TEXT = "something else"
"""The value that is tried for a text variable."""
DEFAULT_NOUN = "person"


class PackCase(Struct, frozen=True, kw_only=True):
    """Values other than the defaults, and the subject's noun."""

    noun: str
    values: JSONObject = field(default_factory=dict)


class PackFault(Struct, frozen=True, kw_only=True):
    """What is wrong with a prompt, and the first case that has it."""

    problem: Problem
    case: PackCase


def template_cases(template: PackTemplate) -> list[PackCase]:
    """The defaults, each choice of each variable against them, and each crop with each noun."""
    nouns = template.nouns or (DEFAULT_NOUN,)
    cases = [PackCase(noun=nouns[0])]
    for name, variable in template.variables.items():
        cases += [PackCase(noun=nouns[0], values={name: value}) for value in _variable_choices(variable)]
    cases += [PackCase(noun=noun, values={CROP_VARIABLE: crop}) for noun in nouns for crop in _crops(template)]
    cases += [PackCase(noun=noun) for noun in nouns[1:]]
    return list({repr(case): case for case in cases}.values())


def _crops(template: PackTemplate) -> Sequence[str]:
    """The crops that the template is good at; all its crops if it doesn't say."""
    variable = template.variables.get(CROP_VARIABLE)
    return template.crops or tuple(variable.choices if variable else ())


def _variable_choices(variable: PackVariable) -> list[JSONValue]:
    """The values of a variable that are worth testing."""
    if variable.type is PackVariableType.CHOICE:
        return list(variable.choices)
    if variable.type is PackVariableType.BOOLEAN:
        return [True, False]
    if variable.type is PackVariableType.NUMBER:
        return [bound for bound in (variable.minimum, variable.maximum) if bound is not None]
    return [SAMPLE_TEXT] if variable.type is PackVariableType.TEXT else []


def case_prompt(
    pack: Pack, template: PackTemplate, case: PackCase, *, trigger: str = SAMPLE_TRIGGER, name: str = "ana"
) -> str:
    """The prompt of a case. Raises PromptError."""
    given = PackUse(pack=pack, template=template, values=case.values, where=())
    text = TemplateText(text=template.text, where=(), file=template.file, given=given)
    subject: JSONObject = {"name": name, "noun": case.noun, "trigger": trigger}
    return render_prompt(pack.engine, text, {"subject": subject})


def template_faults(pack: Pack, template: PackTemplate) -> list[PackFault]:
    """Everything wrong with a template: problems of its text, or else of the prompts of its cases."""
    cases = template_cases(template)
    found = [PackFault(problem=each, case=cases[0]) for each in prompt_problems(pack, template)]
    document = pack.document
    for name in [] if found else unused_variables(pack, template):
        where = ("templates", template.name, "variables", name)
        if not document.has(where):
            continue  # a variable of the pack: other templates may use it
        repeated = problem(
            "pack_variable_idle", position=document.key_place(where), template=f"{pack.name}/{template.name}", name=name
        )
        found.append(PackFault(problem=repeated, case=cases[0]))
    if not found:
        found = [fault for case in cases for fault in _case_faults(pack, template, case)]
    return list({repr(fault.problem): fault for fault in reversed(found)}.values())[::-1]


def _case_faults(pack: Pack, template: PackTemplate, case: PackCase) -> Iterator[PackFault]:
    try:
        prompt = case_prompt(pack, template, case)
    except PromptError as error:
        yield PackFault(problem=error.fault.problem(pack.place(template, error.fault)), case=case)
        return
    if SAMPLE_TRIGGER not in prompt:
        fault = TemplateFault("pack_no_trigger", data={"template": f"{pack.name}/{template.name}"})
        yield PackFault(problem=fault.problem(pack.place(template, fault)), case=case)


TRIAL_MODEL = "fal-ai/flux-lora"
TRIAL_TRAINER = "fal-ai/flux-lora-fast-training"
TRIAL_NAME = "packs-test"
"""The name of the recipe, and so of the folder of its pictures."""
TRIAL_SEED = 11
TRIAL_STORE = "trials"
"""The folder of the trials' store, in the project's."""


class PlannedPicture(Struct, frozen=True, kw_only=True):
    """A picture that a template would make: its crop (empty: none), its call's key, and the most it may cost.

    `cost_usd` is None if the price is unknown.
    """

    crop: str
    key: str
    cost_usd: float | None


class TrialSubject(Struct, frozen=True, kw_only=True):
    """The person in a trial run."""

    photos: Path
    noun: str


def example_subject() -> TrialSubject:
    """The astronaut whose photos come with the program."""
    return TrialSubject(photos=shipped_path("recipes", "photos", "astronaut"), noun="woman")


def plan_trial(
    pack: Pack, root: Path, settings: Settings, environ: Mapping[str, str]
) -> Mapping[str, list[PlannedPicture]]:
    """The calls that each template would make at fal, one for each crop. Sends and stores nothing.

    Raises Invalid if the endpoint refuses a template's settings.
    """
    shots = [
        (template, crop, _shot_name(pack, template, at))
        for template in pack.templates.values()
        for at, crop in enumerate(_crops(template) or ("",))
    ]
    entries = [(pack, template, name, {CROP_VARIABLE: crop} if crop else {}) for template, crop, name in shots]
    found: dict[str, list[PlannedPicture]] = {name: [] for name in pack.templates}
    with TemporaryDirectory() as folder, project_with_packs([pack], root) as home:
        elsewhere = replace(settings, store=Path(folder) / "store", out=Path(folder) / "out")
        with Session.open(_trial_request(home, entries, None), elsewhere, environ=environ) as session:
            ends = {
                end.node.info.shot: end for end in preview(session.plan, lambda _: {}, reply_imaginer(session.catalog))
            }
            for template, crop, name in shots:
                if ends[name].problems:
                    raise Invalid(ends[name].problems)
                found[template.name] += [
                    PlannedPicture(crop=crop, key=step.call.key, cost_usd=session.price(step.call))
                    for step in ends[name].steps
                ]
    return found


def run_trial(
    chosen: Sequence[tuple[Pack, PackTemplate]],
    sitter: TrialSubject,
    root: Path,
    settings: Settings,
    environ: Mapping[str, str],
    on_event: EventHandler,
) -> tuple[RunOutcome, Mapping[str, ReportedVerdicts]]:
    """Make a picture by each template of the sitter, on this machine, and judge it if the template has a gate.

    Returns how the run ended, and what the gate said by template (`cinema/noir-detective`). Raises Invalid if there are
    no photos to train with.
    """
    if not sitter.photos.is_dir():
        raise Invalid([problem("no_such_photos", folder=str(sitter.photos))])
    entries: list[_TrialEntry] = [(pack, template, _shot_name(pack, template), {}) for pack, template in chosen]
    # A store of its own, so that the sitter's adapter is not on the project's shelf.
    settings = replace(settings, store=settings.store / TRIAL_STORE)
    with (
        project_with_packs((pack for pack, _ in chosen), root) as home,
        Session.open(_trial_request(home, entries, sitter), settings, environ=environ) as session,
    ):
        forecast = session.forecast()
        session.check_provider(forecast)
        outcome = session.execute(forecast, on_event)
    gates = acceptance_by_gate(outcome.records)
    by_shot = gates["judged"].templates if "judged" in gates else {}
    names = {name: f"{pack.name}/{template.name}" for pack, template, name, _ in entries}
    return outcome, {names[shot]: counts for shot, counts in by_shot.items()}


_TrialEntry = tuple[Pack, PackTemplate, str, JSONObject]
"""A template, the name of its shot, and its variables."""


def _shot_name(pack: Pack, template: PackTemplate, at: int = 0) -> str:
    return f"{pack.name}-{template.name}"[:56] + (f"-{at + 1}" if at else "")


def _trial_request(home: Path, entries: Sequence[_TrialEntry], sitter: TrialSubject | None) -> RunRequest:
    """A request for a recipe in `home` (JSON, which is YAML, too); without a sitter it has no training."""
    person: dict[str, JSONValue] = {"noun": DEFAULT_NOUN, "trigger": SAMPLE_TRIGGER}
    stages: list[JSONValue] = [{"id": "takes", "generate": "all", "using": TRIAL_MODEL}]
    if sitter is not None:
        person |= {"noun": sitter.noun, "training_set": {"photos": str(sitter.photos.absolute()), "hold_out": 2}}
        stages = [
            {"id": "likeness", "train": "sitter", "using": TRIAL_TRAINER},
            {"id": "takes", "generate": "all", "using": TRIAL_MODEL, "adapters": {"likeness": 1.0}},
            {"id": "judged", "gate": "takes"},
        ]
    recipe: JSONObject = {
        "nano_banana": 1,
        "name": TRIAL_NAME,
        "subjects": {"sitter": person},
        "templates": {
            name: {"pack": f"{pack.name}/{template.name}", "with": values} for pack, template, name, values in entries
        },
        "shots": {name: {"template": name, "cast": "sitter", "seeds": [TRIAL_SEED]} for _, _, name, _ in entries},
        "stages": stages,
    }
    return RunRequest(
        recipe=home / f"{TRIAL_NAME}.yaml", text=json.dumps(recipe), provider="local" if sitter else "fal"
    )


class TestedTemplate(Struct, frozen=True, kw_only=True):
    """A template: how many prompts it rendered, its faults, the pictures it would make, and what a gate said."""

    template: PackTemplate
    cases: int
    faults: Sequence[PackFault]
    planned: Sequence[PlannedPicture] = ()
    accepted: ReportedVerdicts | None = None


class TestedPack(Struct, frozen=True, kw_only=True):
    """A pack and its templates; `problems` are of the pack: it can't be read, or an endpoint refuses its settings."""

    name: str
    pack: Pack | None
    templates: Sequence[TestedTemplate] = ()
    problems: Sequence[Problem] = ()

    @property
    def is_ok(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.problems and not any(tested.faults for tested in self.templates)


def check_pack(found: FoundPack, root: Path, settings: Settings, environ: Mapping[str, str]) -> TestedPack:
    """Render every template with every choice, and plan one picture for each crop. Makes no call."""
    pack = found.pack
    if pack is None:
        return TestedPack(name=found.place.name, pack=None, problems=found.problems)
    tested = [
        TestedTemplate(template=template, cases=len(template_cases(template)), faults=template_faults(pack, template))
        for template in pack.templates.values()
    ]
    whole = TestedPack(name=pack.name, pack=pack, templates=tested)
    if not whole.is_ok:
        return whole
    try:
        planned = plan_trial(pack, root, settings, environ)
    except Invalid as error:
        # Warnings are about the people of the trial, not about the pack.
        return replace(whole, problems=tuple(problem for problem in error.problems if not problem.warning))
    return replace(whole, templates=[replace(each, planned=planned[each.template.name]) for each in tested])


def draw_packs(
    tested: Sequence[TestedPack],
    sitter: TrialSubject,
    root: Path,
    settings: Settings,
    environ: Mapping[str, str],
    on_event: EventHandler,
) -> tuple[list[TestedPack], RunOutcome | None]:
    """Make a picture by each template of the packs without problems, on this machine.

    Returns the packs with what the gate said, and the outcome; None if there was nothing to make.
    """
    chosen = [(whole.pack, each.template) for whole in tested if whole.pack and whole.is_ok for each in whole.templates]
    if not chosen:
        return list(tested), None
    outcome, accepted = run_trial(chosen, sitter, root, settings, environ, on_event)
    return [
        replace(
            whole,
            templates=[
                replace(each, accepted=accepted.get(f"{whole.name}/{each.template.name}")) for each in whole.templates
            ],
        )
        for whole in tested
    ], outcome


def found_pack_json(found: FoundPack) -> JSONObject:
    """A pack in a list, also one that can't be read."""
    pack, place = found.pack, found.place
    head: JSONObject = {
        "name": place.name,
        "from": "project" if place.own else "shipped",
        "folder": str(place.folder),
        "hides_shipped": place.hides,
        "problems": len(found.problems),
    }
    if pack is None:
        return head
    return {**head, **_about_pack(pack), "templates": list(pack.templates)}


def pack_json(pack: Pack) -> JSONObject:
    """A pack with its templates."""
    templates: JSONObject = {name: pack_template_json(template) for name, template in pack.templates.items()}
    return {"name": pack.name, "folder": str(pack.folder), **_about_pack(pack), "templates": templates}


def _about_pack(pack: Pack) -> JSONObject:
    return {name: getattr(pack, name) for name in ("version", "title", "about", "license", "digest")}


def pack_template_json(template: PackTemplate) -> JSONObject:
    """A template with its variables."""
    same = ("title", "about", "nouns", "crops", "settings", "sizes", "adapter_scale", "gate")
    return {
        **{name: getattr(template, name) for name in same},
        "prompt": str(template.file),
        "variables": {
            name: {
                key: value
                for key, value in asdict(variable).items()
                if key != "name" and (value not in (None, {}) or key == "default")
            }
            for name, variable in template.variables.items()
        },
        "preview": None if template.preview is None else str(template.preview),
    }


ProblemToJSON = Callable[[Problem], JSONObject]
"""Gives a problem in words."""


def tested_pack_json(tested: TestedPack, problem: ProblemToJSON) -> JSONObject:
    """The result of a test."""
    return {
        "name": tested.name,
        "version": None if tested.pack is None else tested.pack.version,
        "good": tested.is_ok,
        "problems": [problem(each) for each in tested.problems],
        "templates": {each.template.name: _tested_template_json(each, problem) for each in tested.templates},
    }


def _tested_template_json(each: TestedTemplate, problem: ProblemToJSON) -> JSONObject:
    counts = {} if each.accepted is None else asdict(each.accepted)
    return {
        "prompts": each.cases,
        "faults": [
            {**problem(fault.problem), "noun": fault.case.noun, "with": fault.case.values} for fault in each.faults
        ],
        "planned": [asdict(planned) for planned in each.planned],
        "accepted": {name: counts[name] for name in Ruling if counts.get(name)} if counts else None,
    }

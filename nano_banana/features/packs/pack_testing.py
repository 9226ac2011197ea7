"""Tests packs: every prompt rendered, every picture planned or drawn.

A trial is a recipe, planned against fal's prices or run on this machine, in a store of its own: who sits for a trial is
not to stand on the project's shelf.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
"""What is tried for a text."""
DEFAULT_NOUN = "person"


class PackCase(Struct, frozen=True, kw_only=True):
    """Values that are not the defaults, and whom the picture is of."""

    noun: str
    values: JSONObject = field(default_factory=dict)


class PackFault(Struct, frozen=True, kw_only=True):
    """What is wrong with a prompt, and the first case in which it was."""

    problem: Problem
    case: PackCase


def template_cases(template: PackTemplate) -> list[PackCase]:
    """The defaults, each choice of each variable against them, and each crop with each noun."""
    nouns = template.nouns or (DEFAULT_NOUN,)
    cases = [PackCase(noun=nouns[0])]
    for name, variable in template.variables.items():
        cases += [PackCase(noun=nouns[0], values={name: value}) for value in variable_choices(variable)]
    crops = template.crops or tuple(
        template.variables[CROP_VARIABLE].choices if CROP_VARIABLE in template.variables else ()
    )
    cases += [PackCase(noun=noun, values={CROP_VARIABLE: crop}) for noun in nouns for crop in crops]
    cases += [PackCase(noun=noun) for noun in nouns[1:]]
    return list({repr(case): case for case in cases}.values())


def variable_choices(variable: PackVariable) -> list[JSONValue]:
    """The values of a variable that are worth a look."""
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
    """The prompt of a case. Raises TextError."""
    given = PackUse(pack=pack, template=template, values=case.values, where=())
    text = TemplateText(text=template.text, where=(), file=template.file, given=given)
    subject: JSONObject = {"name": name, "noun": case.noun, "trigger": trigger}
    return render_prompt(pack.engine, text, {"subject": subject})


def template_faults(pack: Pack, template: PackTemplate) -> list[PackFault]:
    """Everything wrong with a template: what reading it shows, and else what rendering each case does."""
    cases = template_cases(template)
    found = [PackFault(problem=each, case=cases[0]) for each in prompt_problems(pack, template)]
    document = pack.document
    for name in [] if found else unused_variables(pack, template):
        where = ("templates", template.name, "variables", name)
        if not document.has(where):
            continue  # the pack's own: other templates may read it
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
"""The recipe's name, and so the folder's of its pictures."""
TRIAL_SEED = 11
TRIAL_STORE = "trials"
"""The folder of the trials' store, in the project's."""


class PlannedPicture(Struct, frozen=True, kw_only=True):
    """A picture that a template would make: for which crop (empty: it has none), by which call, at what cost at most.

    `cost_usd` is None where nobody knows.
    """

    crop: str
    key: str
    cost_usd: float | None


class TrialSubject(Struct, frozen=True, kw_only=True):
    """Who sits for a trial run."""

    photos: Path
    noun: str


class TrialResult(Struct, frozen=True, kw_only=True):
    """How a trial run ended, and what the gate said by template (`cinema/noir-detective`)."""

    outcome: RunOutcome
    accepted: Mapping[str, ReportedVerdicts]


def example_subject() -> TrialSubject:
    """The astronaut whose photos came with the program."""
    return TrialSubject(photos=shipped_path("recipes", "photos", "astronaut"), noun="woman")


def plan_trial(
    pack: Pack, root: Path, settings: Settings, environ: Mapping[str, str]
) -> Mapping[str, list[PlannedPicture]]:
    """The calls that each template would make at fal, once for each crop. Sends and stores nothing.

    Raises Invalid where the endpoint refuses a template's settings.
    """
    shots = [
        (template, crop, _shot_name(pack, template, at))
        for template in pack.templates.values()
        for at, crop in enumerate(_crops(template))
    ]
    entries = [(pack, template, name, {CROP_VARIABLE: crop} if crop else {}) for template, crop, name in shots]
    found: dict[str, list[PlannedPicture]] = {name: [] for name in pack.templates}
    with TemporaryDirectory() as folder, project_with_packs([pack], root) as home:
        request = RunRequest(recipe=home / f"{TRIAL_NAME}.yaml", text=_trial_recipe(entries, None), provider="fal")
        elsewhere = dataclasses.replace(settings, store=Path(folder) / "store", out=Path(folder) / "out")
        with Session.open(request, elsewhere, environ=environ) as session:
            ends = {
                end.node.info.shot: end for end in preview(session.plan, lambda _: {}, reply_imaginer(session.catalog))
            }
            for template, crop, name in shots:
                if ends[name].problems:
                    raise Invalid(ends[name].problems)
                for step in ends[name].steps:
                    cost = session.price(step.call)
                    found[template.name].append(PlannedPicture(crop=crop, key=step.call.key, cost_usd=cost))
    return found


def run_trial(
    chosen: Sequence[tuple[Pack, PackTemplate]],
    sitter: TrialSubject,
    root: Path,
    settings: Settings,
    environ: Mapping[str, str],
    on_event: EventHandler,
) -> TrialResult:
    """Make a picture by each template of the sitter, on this machine, and judge it where the template has a gate.

    Raises Invalid where there are no photos to train with.
    """
    if not sitter.photos.is_dir():
        raise Invalid([problem("no_such_photos", folder=str(sitter.photos))])
    entries: list[_TrialEntry] = [(pack, template, _shot_name(pack, template), {}) for pack, template in chosen]
    # A store of its own: who sits for a trial is not to stand on the project's shelf.
    settings = dataclasses.replace(settings, store=settings.store / TRIAL_STORE)
    with project_with_packs((pack for pack, _ in chosen), root) as home:
        request = RunRequest(recipe=home / f"{TRIAL_NAME}.yaml", text=_trial_recipe(entries, sitter), provider="local")
        outcome = _run_trial(request, settings, environ, on_event)
    accounts = acceptance_by_gate(outcome.records)
    said = {name: f"{pack.name}/{template.name}" for pack, template, name, _ in entries}
    by_name = accounts["judged"].templates if "judged" in accounts else {}
    return TrialResult(outcome=outcome, accepted={said[name]: counts for name, counts in by_name.items()})


def _run_trial(
    request: RunRequest, settings: Settings, environ: Mapping[str, str], on_event: EventHandler
) -> RunOutcome:
    with Session.open(request, settings, environ=environ) as session:
        forecast = session.forecast()
        session.check_provider(forecast)
        return session.execute(forecast, on_event)


_TrialEntry = tuple[Pack, PackTemplate, str, JSONObject]


def _crops(template: PackTemplate) -> Sequence[str]:
    """Those that the template is good at; one without crops is planned once."""
    return (
        template.crops
        or tuple(template.variables[CROP_VARIABLE].choices if CROP_VARIABLE in template.variables else ())
        or ("",)
    )


def _shot_name(pack: Pack, template: PackTemplate, at: int = 0) -> str:
    return f"{pack.name}-{template.name}"[:56] + (f"-{at + 1}" if at else "")


def _trial_recipe(entries: Iterable[_TrialEntry], sitter: TrialSubject | None) -> str:
    """The recipe as JSON, which is YAML, too; without a sitter there is no training."""
    entries = list(entries)
    person: dict[str, JSONValue] = {"noun": "person" if sitter is None else sitter.noun, "trigger": SAMPLE_TRIGGER}
    if sitter is not None:
        person["training_set"] = {"photos": str(sitter.photos.absolute()), "hold_out": 2}
    templates: dict[str, JSONValue] = {
        name: {"pack": f"{pack.name}/{template.name}", "with": values} for pack, template, name, values in entries
    }
    shots: dict[str, JSONValue] = {
        name: {"template": name, "cast": "sitter", "seeds": [TRIAL_SEED]} for _, _, name, _ in entries
    }
    return json.dumps(
        {
            "nano_banana": 1,
            "name": TRIAL_NAME,
            "subjects": {"sitter": person},
            "templates": templates,
            "shots": shots,
            "stages": [*_trial_stages(trained=sitter is not None)],
        }
    )


def _trial_stages(*, trained: bool) -> Iterator[JSONObject]:
    if not trained:
        yield {"id": "takes", "generate": "all", "using": TRIAL_MODEL}
        return
    yield {"id": "likeness", "train": "sitter", "using": TRIAL_TRAINER}
    yield {"id": "takes", "generate": "all", "using": TRIAL_MODEL, "adapters": {"likeness": 1.0}}
    yield {"id": "judged", "gate": "takes"}


class TestedTemplate(Struct, frozen=True, kw_only=True):
    """A template: how many prompts it was rendered to, what is wrong, what it would ask for, what a gate said."""

    template: PackTemplate
    cases: int
    faults: Sequence[PackFault]
    planned: Sequence[PlannedPicture] = ()
    accepted: ReportedVerdicts | None = None


class TestedPack(Struct, frozen=True, kw_only=True):
    """A pack and its templates; `problems` are of the whole: it can't be read, or an endpoint refuses its settings."""

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
        # What is odd about the people of the trial says nothing of the pack.
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
    """A picture by each template of the packs that are good, on this machine: what the gate said, and how it went."""
    chosen = [(whole.pack, each.template) for whole in tested if whole.pack and whole.is_ok for each in whole.templates]
    if not chosen:
        return list(tested), None
    tried = run_trial(chosen, sitter, root, settings, environ, on_event)
    return [_with_verdicts(whole, tried.accepted) for whole in tested], tried.outcome


def _with_verdicts(whole: TestedPack, accepted: Mapping[str, ReportedVerdicts]) -> TestedPack:
    templates: Iterable[TestedTemplate] = (
        replace(each, accepted=accepted.get(f"{whole.name}/{each.template.name}")) for each in whole.templates
    )
    return replace(whole, templates=list(templates))


def found_pack_json(found: FoundPack) -> JSONObject:
    """A line of the list."""
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
    about: JSONObject = {"version": pack.version, "title": pack.title, "about": pack.about, "license": pack.license}
    return {**head, **about, "digest": pack.digest, "templates": list(pack.templates)}


def pack_json(pack: Pack) -> JSONObject:
    """A pack with all that its templates say."""
    return {
        "name": pack.name,
        "version": pack.version,
        "title": pack.title,
        "about": pack.about,
        "license": pack.license,
        "folder": str(pack.folder),
        "digest": pack.digest,
        "templates": {name: pack_template_json(template) for name, template in pack.templates.items()},
    }


def pack_template_json(template: PackTemplate) -> JSONObject:
    """A template with its variables."""
    return {
        "title": template.title,
        "about": template.about,
        "prompt": str(template.file),
        "nouns": list(template.nouns),
        "crops": list(template.crops),
        "variables": {
            name: {
                key: value
                for key, value in asdict(variable).items()
                if key != "name" and (value not in (None, {}) or key == "default")
            }
            for name, variable in template.variables.items()
        },
        "settings": template.settings,
        "sizes": template.sizes,
        "adapter_scale": template.adapter_scale,
        "gate": template.gate,
        "preview": None if template.preview is None else str(template.preview),
    }


ProblemToJSON = Callable[[Problem], JSONObject]
"""A problem with its words, which are not ours to say."""


def tested_pack_json(tested: TestedPack, problem: ProblemToJSON) -> JSONObject:
    """What a test found."""
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

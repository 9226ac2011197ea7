"""Checks prompts against the names their takes have, and pack use.

Pack settings against the endpoints that draw by them, and a pack's advice (nouns, crops) against the people in a shot.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import chain

from msgspec.structs import replace

from nano_banana.catalog.arguments import argument_problems
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.formats.yaml_values import KeyPath
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import Problem, problem
from nano_banana.recipe.interpolation import has_template
from nano_banana.recipe.pack import CROP_VARIABLE, PackTemplate, PackUse
from nano_banana.recipe.prompts import check_prompt, fault_place_of, names_in_shot, templated_values, traits_of
from nano_banana.recipe.recipe_model import Shot, Stage, Subject, TemplateText, endpoint_stages
from nano_banana.recipe.resolve_context import ResolveContext
from nano_banana.recipe.stage_checks import names_a_cast
from nano_banana.recipe.template_names import KnownNames
from nano_banana.recipe.template_syntax import TemplateFault
from nano_banana.recipe.template_values import TemplateValueError
from nano_banana.stages.stage_kind import StageCheck


def check_prompts(stages: StageCheck, shots: Mapping[str, Shot], templates: Mapping[str, TemplateText]) -> None:
    """Check shots' templates and stages' own, for each shot that reaches them."""
    reading, traits = stages.context, traits_of(stages.subjects)
    everywhere = {axis: values for shot in shots.values() for axis, values in shot.matrix.items()}
    axes = everywhere.keys() | reading.recipe.axes.keys()
    done: set[tuple[KeyPath, tuple[object, ...]]] = set()

    def check(text: TemplateText, shot: Shot, *, by_person: bool = False) -> None:
        """Check the text once for all shots whose takes have the same names."""
        somebody = names_a_cast(reading, shot) and (by_person or not shot.together)
        alike = (somebody, *shot.together, "", *((axis, *values[:1]) for axis, values in shot.matrix.items()))
        if (text.where, alike) not in done:
            done.add((text.where, alike))
            names = names_in_shot(reading, traits, shot.matrix, somebody=somebody, places=shot.together)
            check_prompt(reading, text, names, shot=shot, axes=axes)

    for shot in shots.values():
        check(shot.template, shot)
    used = {shot.template.where for shot in shots.values()}
    for stage in endpoint_stages(stages.stages):
        kind = stages.kind(stage)
        used |= set() if stage.prompt is None else {stage.prompt.where}
        for text in kind.templates(stage):
            for shot in stages.shots_of[stage.id]:
                check(text, shot, by_person=stage.by_person)
            if not kind.makes_pictures:
                check_prompt(reading, text, names_in_training(reading, traits))
    for text in templates.values():
        if text.where not in used:
            _check_unused(reading, text, names_in_shot(reading, traits, everywhere, somebody=True))


def caption_prefix(reading: ResolveContext, subjects: Mapping[str, Subject]) -> TemplateText | None:
    """The template that begins every caption, where there is one; what is wrong with it is noted."""
    rules = reading.recipe.photo_rules
    prefix = rules.captions.prefix if rules else None
    if prefix is None:
        return None
    text = TemplateText(text=prefix, where=("photo_rules", "captions", "prefix"))
    check_prompt(reading, text, names_in_training(reading, traits_of(subjects)))
    return text


def names_in_training(reading: ResolveContext, traits: frozenset[str]) -> KnownNames:
    """What a template of a train stage may name: no take is drawn yet."""
    names = names_in_shot(reading, traits, {}, somebody=True)
    return {name: fields for name, fields in names.items() if name not in {"seed", "shot"}}


def _check_unused(reading: ResolveContext, text: TemplateText, names: KnownNames) -> None:
    """Check the syntax alone of a template that nothing uses, since its names are unknown.

    One from another file is there for other recipes too.
    """
    engine = reading.engine if text.given is None else text.given.pack.engine
    for fault in engine.check(text.text, names):
        if fault.kind not in {"template_name", "template_field"}:
            reading.add(fault.problem(fault_place_of(reading, text, fault)))
    place = reading.document.key_place(text.where)
    if place.file == reading.document.texts.shown:
        reading.add(Problem(kind="template_unused", position=place, data={"name": str(text.where[-1])}, warning=True))


def environment_used(reading: ResolveContext, texts: list[TemplateText]) -> JSONObject:
    """The environment variables that templates name and that are set, no others; a refused one is noted."""
    values: dict[str, JSONValue] = {}
    for text in chain.from_iterable([each] if each.given is None else templated_values(each.given) for each in texts):
        try:
            uses = reading.engine.compile(text.text).uses
        except TemplateFault:
            continue
        for name in sorted(use.removeprefix("env.") for use in uses if use.startswith("env.")):
            try:
                values[name] = reading.environ[name]
            except KeyError:
                continue  # checked already; there may be a default
            except TemplateValueError as error:
                at = TemplateFault(error.kind, offset=max(text.text.find(name), 0), length=len(name))
                reading.add(problem(error.kind, position=fault_place_of(reading, text, at), name=name))
    return values


def check_pack_use(check: StageCheck) -> None:
    """Note settings of packs that an endpoint refuses; warn of people and crops that a template is not made for."""
    reading, subjects = check.context, check.subjects
    for stage in check.stages:
        endpoint, kind = reading.catalog.get(stage.endpoint), check.kind(stage)
        for shot in check.shots_of[stage.id] if kind.draws and endpoint is not None else ():
            given = (stage.prompt or shot.template).given
            if given is not None and endpoint is not None:
                _check_settings(reading, stage, endpoint, given, kind.fields_set(stage, endpoint))
                cast = [subjects[name] for name in shot.cast if name in subjects and not shot.together]
                _check_suitable(reading, cast, given)


def _check_settings(
    reading: ResolveContext, stage: Stage, endpoint: Endpoint, given: PackUse, filled: Collection[str]
) -> None:
    """Only fields that the endpoint has, and that the stage does not set itself."""
    at: KeyPath = ("templates", given.template.name)
    size = endpoint.roles.size
    rows: list[tuple[KeyPath, JSONObject]] = [((*at, "settings"), given.template.settings)]
    if size is not None:
        rows += [((*at, "sizes", crop), {size: sides}) for crop, sides in given.template.sizes.items()]
    for where, fields in rows:
        said = {name: value for name, value in fields.items() if name in endpoint.fields and name not in stage.options}
        for misfit in argument_problems(endpoint, said, filled=filled):
            if misfit.kind != "field_missing":
                place = given.pack.document.nearest((*where, *misfit.path))
                reading.add(Problem(kind=misfit.kind, position=place, data=misfit.data, suggestions=misfit.suggestions))


def _check_suitable(reading: ResolveContext, cast: Iterable[Subject], given: PackUse) -> None:
    template, said = given.template, f"{given.pack.name}/{given.template.name}"
    place = reading.document.nearest((*given.where[:-1], "pack"))
    for subject in cast:
        if template.nouns and not {*template.nouns} & {subject.noun, *subject.noun.split()}:
            nouns = ", ".join(template.nouns)
            warned = problem(
                "pack_noun", position=place, template=said, subject=subject.name, noun=subject.noun, nouns=nouns
            )
            reading.add(replace(warned, warning=True))
    crop = given.values.get(CROP_VARIABLE)
    if template.crops and isinstance(crop, str) and not has_template(crop) and _unsuited_crop(template, crop):
        crops = ", ".join(template.crops)
        reading.warn("pack_crop_unsuited", (*given.where, CROP_VARIABLE), template=said, crop=crop, crops=crops)


def _unsuited_crop(template: PackTemplate, crop: str) -> bool:
    """Whether it is a crop that the template has and is not good at."""
    return crop in template.variables[CROP_VARIABLE].choices and crop not in template.crops

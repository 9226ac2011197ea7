"""Reads the stages of a recipe, and checks what holds for all kinds.

They are checked against each other, the catalog, and the people in their shots. What is special about one kind is in
its class (`nano_banana.stages`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec.structs import replace

from nano_banana.catalog.arguments import argument_problems
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.formats.struct_schema import decode_section
from nano_banana.formats.yaml_values import KeyPath
from nano_banana.model.json_values import as_items
from nano_banana.model.problem import Invalid, Position, Problem, did_you_mean
from nano_banana.recipe.interpolation import is_template_value
from nano_banana.recipe.recipe_model import (
    ExistingAdapter,
    Shot,
    Stage,
    Subject,
    TemplateText,
    endpoint_stages,
)
from nano_banana.recipe.recipe_sections import EVERYTHING, Identity
from nano_banana.recipe.resolve_context import ResolveContext
from nano_banana.recipe.resolve_stages import StageNames, check_sources
from nano_banana.recipe.template_syntax import TemplateFault
from nano_banana.stages.stage_kind import (
    StageCheck,
    StageEntry,
    StageInput,
    StageKind,
    add_argument_problem,
)


def stage_names(
    reading: ResolveContext,
    kinds: Mapping[str, StageKind],
    subjects: Mapping[str, Subject],
    adapters: Mapping[str, ExistingAdapter],
    shots: Mapping[str, Shot],
    templates: Mapping[str, TemplateText],
) -> StageNames:
    """The names that stages may use; ids that are used twice are noted."""
    found: dict[str, StageKind] = {}
    for at, entry in enumerate(reading.recipe.stages):
        name, kind = str(entry["id"]), _kind_of_entry(entry, kinds)
        if name in found:
            reading.wrong("repeated_id", ("stages", at, "id"), id=name)
        if not kind.makes_pictures and name in reading.recipe.adapters:
            reading.wrong("adapter_twice", ("stages", at, "id"), name=name)
        found.setdefault(name, kind)
    return StageNames(
        subjects=subjects,
        adapters=adapters,
        shots=shots,
        templates=templates,
        training=[name for name, kind in found.items() if not kind.makes_pictures],
        picturing=[name for name, kind in found.items() if kind.makes_pictures],
        judging=[name for name, kind in found.items() if kind.judges],
    )


def _kind_of_entry(entry: Collection[str], kinds: Mapping[str, StageKind]) -> StageKind:
    return next(kind for verb, kind in kinds.items() if verb in entry)


def read_stages(reading: ResolveContext, kinds: Mapping[str, StageKind], names: StageNames) -> list[Stage]:
    """Every stage in the order written. Raises Invalid if the code of an installed kind fails."""
    found = []
    for at, data in enumerate(reading.recipe.stages):
        kind = _kind_of_entry(data, kinds)
        parameters = decode_section(data, kind.parameters)
        entry = StageEntry(parameters=parameters, where=("stages", at), names=names, context=reading)
        try:
            found.append(kind.read(entry))
        except Invalid as error:
            _take_failure(reading, error, entry.where)
            raise Invalid(reading.problems) from error
    return found


def _take_failure(reading: ResolveContext, error: Invalid, where: KeyPath) -> None:
    """Note a failure of an installed kind's code, which has no position. Raises any other error again."""
    if any(problem.position for problem in error.problems):
        raise error
    reading.take_over(error, where)


MAX_WAYS = 64
"""Paths of one shot through stages that fork and meet again: each is made for every take."""


def check_stages(check: StageCheck, names: StageNames, adapters: Mapping[str, ExistingAdapter]) -> None:
    """Note what is wrong with each stage: its collections, its endpoint, its people, and what its kind checks."""
    reading, paths = check.context, dict[str, int]()
    by_id = {stage.id: stage for stage in reversed(check.stages)}
    for name in check.shots_of:
        before = [paths[source.stage] for source in by_id[name].sources]
        paths[name] = sum(before) or 1
        if paths[name] > MAX_WAYS >= max(before, default=0):
            at = (*by_id[name].where, check.kind(by_id[name]).source_key)
            reading.wrong("too_many_ways", at, stage=name, most=MAX_WAYS)
    for stage in check.stages:
        kind, here = check.kind(stage), replace(check, shots=check.shots_of[stage.id])
        if kind.input is StageInput.COLLECTIONS:
            check_sources(reading, stage, kind.source_key, names, check.shots_of)
        for each in (stage, *stage.inner):
            try:
                check.kind(each).check(each, here)
                if each.endpoint:
                    _check_trained_cast(each, by_id, here)
                    _check_endpoint(each, here, by_id, adapters)
            except Invalid as error:
                _take_failure(reading, error, each.where)


def _check_endpoint(
    stage: Stage, check: StageCheck, stages: Mapping[str, Stage], adapters: Mapping[str, ExistingAdapter]
) -> None:
    reading, kind = check.context, check.kind(stage)
    endpoint, where = reading.catalog.get(stage.endpoint), (*stage.where, kind.endpoint_key)
    if endpoint is None and kind.any_endpoint:
        reading.warn("endpoint_uncatalogued", where, name=stage.endpoint)
    elif endpoint is None:
        near = tuple(reading.catalog.near(stage.endpoint)) or did_you_mean(stage.endpoint, reading.catalog.ids)
        reading.wrong("unknown_endpoint", where, hints=near, name=stage.endpoint)
    elif not kind.can_use(endpoint):
        known = [found for name in reading.catalog.ids if (found := reading.catalog.get(name))]
        fit = ", ".join(other.id for other in known if other.does == stage.verb and kind.can_use(other))
        does = str(endpoint.does)
        reading.wrong("endpoint_unfit", where, endpoint=endpoint.id, does=does, verb=stage.verb, fit=fit or "none")
    else:
        _check_arguments(stage, endpoint, check)
        kind.check_endpoint(stage, endpoint, check)
        _check_adapters(stage, endpoint, check, stages, adapters)


_KEY_KINDS = {"field_unknown", "no_negative_prompt", "field_is_ours"}
"""Problems with the key of an argument, not with its value."""


def _check_arguments(stage: Stage, endpoint: Endpoint, check: StageCheck) -> None:
    """Note arguments under `with` that the endpoint would refuse, and those that it lacks."""
    reading, kind, where = check.context, check.kind(stage), (*stage.where, "with")
    references = bool(check.shots) and all(shot.identity is Identity.REFERENCE for shot in check.shots)
    filled = kind.fields_set(stage, endpoint, references=references)
    for found in argument_problems(endpoint, stage.options, filled=filled, deferred=is_template_value):
        path, better = (*where, *found.path), kind.argument_problem_kind(stage, endpoint, found)
        if found.kind == "field_missing":
            at = (*stage.where, kind.endpoint_key)
            reading.wrong(better, at, endpoint=endpoint.id, field=str(found.path[0]))
        elif better != found.kind:
            reading.wrong_key(better, path, field=str(found.path[0]))
        else:
            place_of = reading.document.key_place if found.kind in _KEY_KINDS else reading.document.nearest
            add_argument_problem(reading, found, place_of(path))


def _check_adapters(
    stage: Stage,
    endpoint: Endpoint,
    check: StageCheck,
    stages: Mapping[str, Stage],
    adapters: Mapping[str, ExistingAdapter],
) -> None:
    """Note adapters that the endpoint does not take: any, so many, or of that family."""
    reading, where, most = check.context, (*stage.where, "adapters"), endpoint.adapters_max
    if stage.adapters and not endpoint.roles.adapters:
        reading.wrong_key("takes_no_adapters", where, endpoint=endpoint.id)
        return
    if most is not None and len(stage.adapters) > most:
        reading.wrong_key("too_many_adapters", where, endpoint=endpoint.id, most=most, found=len(stage.adapters))
    for name, _ in stage.adapters:
        trainer = None if name in adapters else reading.catalog.get(stages[name].endpoint)
        base = adapters[name].base if name in adapters else trainer and trainer.trains
        if base and endpoint.base and base != endpoint.base:
            at = (*where, name)
            reading.wrong_key("adapter_base", at, name=name, base=base, endpoint=endpoint.id, needs=endpoint.base)


def _check_trained_cast(stage: Stage, stages: Mapping[str, Stage], check: StageCheck) -> None:
    """Note shots of nobody, or of people whom the train stage behind an adapter doesn't train."""
    reading = check.context
    for name, _ in stage.adapters:
        trainer = stages.get(name)
        if trainer is None:
            continue
        where = (*stage.where, "adapters", name)
        for shot in check.shots:
            if not _uses_own_adapters(stage, shot, check):
                continue
            if not names_a_cast(reading, shot) and stage.where[-1] != "repair":
                reading.wrong_key("no_cast", shot.where, adapter=name, shot=shot.name, somebody=reading.somebody)
            for subject in shot.cast:
                if subject not in trainer.subjects and _all_subjects_known(trainer, check):
                    reading.wrong_key("not_trained", where, stage=name, subject=subject, shot=shot.name)


def names_a_cast(reading: ResolveContext, shot: Shot) -> bool:
    """Whether the shot names people, known or not."""
    return reading.recipe.shots[shot.name].cast is not None


def _all_subjects_known(trainer: Stage, check: StageCheck) -> bool:
    """Whether every name that the stage trains is known; an unknown one is probably the one that is missed."""
    named = as_items(getattr(trainer.entry, check.kind(trainer).source_key))
    return named == (EVERYTHING,) or all(name in check.context.recipe.subjects for name in named)


def _uses_own_adapters(stage: Stage, shot: Shot, check: StageCheck) -> bool:
    """Whether a shot's takes are made with their subjects' adapters; strangers are drawn without."""
    return not check.kind(stage).draws or shot.identity is not Identity.BY_FACE


def check_triggers(check: StageCheck) -> None:
    """Warn of prompts that lack the trigger of an adapter in use, and of triggers that no adapter has learned."""
    reading, learned = check.context, set[str]()
    for stage in endpoint_stages(check.stages):
        for shot in check.shots_of[stage.id] if check.trained_adapter(stage) else ():
            if not _uses_own_adapters(stage, shot, check) or (shot.together and not stage.by_person):
                continue  # several at once have a problem of their own
            learned |= set() if stage.by_person else {shot.name}
            text = stage.prompt or shot.template
            if not _has_trigger(reading, text, shot, check.subjects):
                reading.warn("no_trigger", text.where, stage=stage.id, shot=shot.name)
    for shot in {shot.name: shot for shots in check.shots_of.values() for shot in shots}.values():
        if shot.identity is not Identity.ADAPTER and shot.name not in learned and _names_trigger(reading, shot):
            reading.warn("trigger_unlearned", shot.template.where, shot=shot.name, identity=shot.identity)


def _has_trigger(reading: ResolveContext, text: TemplateText, shot: Shot, subjects: Mapping[str, Subject]) -> bool:
    uses = _names_used(reading, text)
    if uses is None or "subject.trigger" in uses:
        return True
    return not shot.together and all(subjects[name].trigger in text.text for name in shot.cast)


def _names_trigger(reading: ResolveContext, shot: Shot) -> bool:
    uses = _names_used(reading, shot.template) or frozenset()
    return any(use.endswith(".trigger") and use.startswith(("cast.", "subject.")) for use in uses)


def _names_used(reading: ResolveContext, text: TemplateText) -> frozenset[str] | None:
    """The names that the template reads; None if it is broken."""
    try:
        engine = reading.engine if text.given is None else text.given.pack.engine
        return engine.compile(text.text).uses
    except TemplateFault:
        return None


UNUSED_KINDS = frozenset({"template_unused", "shot_unused", "adapter_unused", "no_stages"})
"""Warnings that say little beside an error: what seems unused may be what an unknown name meant."""


def check_unused(check: StageCheck, shots: Mapping[str, Shot]) -> None:
    """Warn of shots and trainings that no stage uses, and of a recipe without work.

    A recipe may only train; and what an included file holds may be for other recipes.
    """
    reading = check.context
    if not check.stages:
        _warn_unused(reading, "no_stages", reading.document.key_place(("name",)), "")
        return
    drawn = {shot for stage in check.stages for shot in stage.shots}
    for name, shot in shots.items():
        if name not in drawn:
            _warn_unused(reading, "shot_unused", reading.document.key_place(shot.where), name)
    used = {name for stage in endpoint_stages(check.stages) for name, _ in stage.adapters}
    for stage in check.stages:
        if not check.kind(stage).makes_pictures and stage.id not in used and drawn:
            _warn_unused(reading, "adapter_unused", reading.document.nearest((*stage.where, "id")), stage.id)


def _warn_unused(reading: ResolveContext, kind: str, place: Position, name: str) -> None:
    if place.file == reading.document.texts.shown:
        reading.add(Problem(kind=kind, position=place, data={"name": name}, warning=True))

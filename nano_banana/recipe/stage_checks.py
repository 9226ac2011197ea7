"""Checks stages against the catalog and against the people in their shots.

Endpoints, their fields, files, steps and seeds; whether an adapter fits the endpoint; and whether the people in a shot
can be drawn by adapter, by face or from references, with their triggers in the prompt.
"""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.catalog.arguments import ArgumentProblem, ValueChecker, argument_problems
from nano_banana.catalog.endpoint import Endpoint, Field
from nano_banana.model.json_values import JSONValue, as_items, as_object, as_whole
from nano_banana.model.problem import Position, Problem, did_you_mean
from nano_banana.recipe.interpolation import has_template
from nano_banana.recipe.json_schema import endpoint_fits
from nano_banana.recipe.prompts import EVERYTHING
from nano_banana.recipe.recipe_model import (
    ExistingAdapter,
    Identity,
    KeyPath,
    Shot,
    Stage,
    Subject,
    TemplateText,
    endpoint_stages,
)
from nano_banana.recipe.resolve_context import ResolveContext
from nano_banana.recipe.template_syntax import TemplateFault
from nano_banana.stages.stage_registry import STAGE_KINDS


def check_triggers(
    reading: ResolveContext, subjects: Mapping[str, Subject], stages: list[Stage], drawn: Mapping[str, list[Shot]]
) -> None:
    """Warn of prompts that draw with a subject's adapter and never say its trigger, and of those that do in vain."""
    trained = {stage.id for stage in stages if stage.verb == "train"}
    learned: set[str] = set()
    for stage in endpoint_stages(stages):
        if not any(name in trained for name, _ in stage.adapters):
            continue
        for shot in drawn[stage.id]:
            if not uses_own_adapter(stage, shot) or (shot.together and not stage.by_person):
                continue  # several at once have a problem of their own
            learned |= set() if stage.by_person else {shot.name}
            text = stage.prompt or shot.template
            if not _has_trigger(reading, text, shot, subjects):
                reading.warn("no_trigger", text.where, stage=stage.id, shot=shot.name)
    for shot in {shot.name: shot for stage in stages for shot in drawn[stage.id]}.values():
        if shot.identity is not Identity.ADAPTER and shot.name not in learned and _names_trigger(reading, shot):
            reading.warn("trigger_unlearned", shot.template.where, shot=shot.name, identity=shot.identity)


def uses_own_adapter(stage: Stage, shot: Shot) -> bool:
    """Whether a shot's takes are drawn with their subjects' adapters: where strangers are drawn, they are not."""
    return stage.verb != "generate" or shot.identity is not Identity.BY_FACE


def _has_trigger(reading: ResolveContext, text: TemplateText, shot: Shot, subjects: Mapping[str, Subject]) -> bool:
    uses = _names_used(reading, text)
    if uses is None or "subject.trigger" in uses:
        return True
    return not shot.together and all(subjects[name].trigger in text.text for name in shot.cast)


def _names_trigger(reading: ResolveContext, shot: Shot) -> bool:
    uses = _names_used(reading, shot.template) or frozenset()
    return any(use.endswith(".trigger") and use.startswith(("cast.", "subject.")) for use in uses)


def _names_used(reading: ResolveContext, text: TemplateText) -> frozenset[str] | None:
    """The names that the template reads; None where it is none."""
    try:
        engine = reading.engine if text.given is None else text.given.pack.engine
        return engine.compile(text.text).uses
    except TemplateFault:
        return None


def check_adapters_fit(
    reading: ResolveContext,
    stage: Stage,
    endpoint: Endpoint,
    stages: Mapping[str, Stage],
    adapters: Mapping[str, ExistingAdapter],
) -> None:
    """Note adapters that the endpoint does not take: any, so many, or of that family."""
    where = (*stage.where, "adapters")
    if stage.adapters and not endpoint.roles.adapters:
        reading.wrong_key("takes_no_adapters", where, endpoint=endpoint.id)
        return
    most = endpoint.adapters_max
    if most is not None and len(stage.adapters) > most:
        reading.wrong_key("too_many_adapters", where, endpoint=endpoint.id, most=most, found=len(stage.adapters))
    for name, _ in stage.adapters:
        base = _adapter_base(reading, name, stages, adapters)
        if base and endpoint.base and base != endpoint.base:
            at = (*where, name)
            reading.wrong_key("adapter_base", at, name=name, base=base, endpoint=endpoint.id, needs=endpoint.base)


def _adapter_base(
    reading: ResolveContext, name: str, stages: Mapping[str, Stage], adapters: Mapping[str, ExistingAdapter]
) -> str | None:
    if name in adapters:
        return adapters[name].base
    trainer = reading.catalog.get(stages[name].endpoint)
    return None if trainer is None else trainer.trains


def check_trained_cast(reading: ResolveContext, stage: Stage, stages: Mapping[str, Stage], drawn: list[Shot]) -> None:
    """Note shots of nobody, or of somebody whom the train stage behind an adapter does not train."""
    written = reading.section("shots")
    for name, _ in stage.adapters:
        trainer = stages.get(name)
        if trainer is None:
            continue
        where = (*stage.where, "adapters", name)
        for shot in drawn:
            if not uses_own_adapter(stage, shot):
                continue
            if "cast" not in as_object(written[shot.name]) and stage.where[-1] != "repair":
                reading.wrong_key("no_cast", shot.where, adapter=name, shot=shot.name, somebody=reading.somebody)
            for subject in shot.cast:
                if subject not in trainer.subjects and _all_subjects_known(reading, trainer):
                    reading.wrong_key("not_trained", where, stage=name, subject=subject, shot=shot.name)


def _all_subjects_known(reading: ResolveContext, trainer: Stage) -> bool:
    """Whether every name that the stage trains is known; an unknown one is probably the one that is missed."""
    named = as_items(trainer.data[trainer.verb])
    return named == (EVERYTHING,) or all(name in reading.section("subjects") for name in named)


_KEY_KINDS = {"field_unknown", "no_negative_prompt", "field_is_ours"}


def check_stages(
    reading: ResolveContext,
    stages: list[Stage],
    adapters: Mapping[str, ExistingAdapter],
    drawn: Mapping[str, list[Shot]],
) -> None:
    """Note endpoints that don't exist or don't fit, fields they lack, and adapters of another family.

    `drawn` are the shots whose takes go through each stage.
    """
    by_id = {stage.id: stage for stage in reversed(stages)}
    for stage in endpoint_stages(stages):
        check_trained_cast(reading, stage, by_id, drawn[stage.id])
        endpoint = reading.catalog.get(stage.endpoint)
        if endpoint is None:
            _unknown_endpoint(reading, stage)
        elif not endpoint_fits(STAGE_KINDS[stage.verb], endpoint):
            _unfit_endpoint(reading, stage, endpoint)
        else:
            _check_fields(reading, stage, endpoint, drawn[stage.id])
            _check_files(reading, stage, endpoint)
            _check_steps(reading, stage, endpoint)
            _check_seeds(reading, stage, endpoint, drawn[stage.id])
            check_adapters_fit(reading, stage, endpoint, by_id, adapters)


def _unknown_endpoint(reading: ResolveContext, stage: Stage) -> None:
    if stage.verb == "call":
        reading.warn("endpoint_uncatalogued", (*stage.where, "call"), name=stage.endpoint)
        return
    near = tuple(reading.catalog.near(stage.endpoint)) or did_you_mean(stage.endpoint, reading.catalog.ids)
    reading.wrong("unknown_endpoint", (*stage.where, "using"), hints=near, name=stage.endpoint)


def _unfit_endpoint(reading: ResolveContext, stage: Stage, endpoint: Endpoint) -> None:
    known = [found for name in reading.catalog.ids if (found := reading.catalog.get(name))]
    kind = STAGE_KINDS[stage.verb]
    fit = [other.id for other in known if other.does == stage.verb and endpoint_fits(kind, other)]
    reading.wrong(
        "endpoint_unfit",
        (*stage.where, "using"),
        endpoint=endpoint.id,
        does=str(endpoint.does),
        verb=stage.verb,
        fit=", ".join(fit) or "none",
    )


def is_template_value(value: JSONValue) -> bool:
    """Whether a field's value is only known when a take is drawn."""
    return isinstance(value, str) and has_template(value)


def fields_filled_by(stage: Stage, endpoint: Endpoint, *, shown: bool = False) -> set[str]:
    """The endpoint's fields that the stage supplies itself.

    `shown` says that it hands over photos of the people in its shots (`identity: reference`).
    """
    roles = endpoint.roles
    fields = [roles.prompt, roles.seed]
    if stage.verb == "train":
        fields = [roles.archive, roles.trigger] + ([roles.steps] if "steps" in stage.data else [])
    if stage.verb == "generate" and (shown or "images" in stage.data):
        fields += [roles.images or roles.image]
    if stage.verb == "inpaint":
        fields += [roles.image, roles.mask, *as_object(stage.data.get("ladder"))]
    if stage.verb in {"upscale", "restore"}:
        fields = [roles.image, roles.seed]
    if stage.verb == "call":
        fields = [roles.seed, *(_field_name(place) for place in _file_fields(stage).values())]
    if "adapters" in stage.data:
        fields.append(roles.adapters)
    return {field for field in fields if field}


def _check_fields(reading: ResolveContext, stage: Stage, endpoint: Endpoint, drawn: list[Shot]) -> None:
    document, where = reading.document, (*stage.where, "with")
    shown = bool(drawn) and all(shot.identity is Identity.REFERENCE for shot in drawn)
    filled = fields_filled_by(stage, endpoint, shown=shown) | _check_inputs(reading, stage, endpoint)
    _check_ladder(reading, stage, endpoint)
    for misfit in argument_problems(endpoint, stage.options, filled=filled, deferred=is_template_value):
        path = (*where, *misfit.path)
        if misfit.kind == "field_missing":
            _missing_field(reading, stage, endpoint, str(misfit.path[0]))
            continue
        if misfit.kind == "field_is_ours" and stage.verb == "train" and misfit.path[0] == endpoint.roles.steps:
            reading.wrong_key("steps_twice", path, field=str(misfit.path[0]))
            continue
        if misfit.kind == "field_is_ours" and misfit.path[0] in as_object(stage.data.get("ladder")):
            reading.wrong_key("ladder_twice", path, field=str(misfit.path[0]))
            continue
        _add_misfit(reading, misfit, document.key_place(path) if misfit.kind in _KEY_KINDS else document.nearest(path))


def _add_misfit(reading: ResolveContext, misfit: ArgumentProblem, place: Position) -> None:
    reading.add(
        Problem(
            kind=misfit.kind,
            position=place,
            data=misfit.data,
            suggestions=misfit.suggestions,
            warning=misfit.warning,
        )
    )


def _check_value(reading: ResolveContext, endpoint: Endpoint, field: Field, value: JSONValue, where: KeyPath) -> None:
    """Note a value of ours that the endpoint would refuse."""
    for misfit in ValueChecker(endpoint=endpoint, deferred=is_template_value).faults(field, value, where):
        _add_misfit(reading, misfit, reading.document.nearest(where))


def _missing_field(reading: ResolveContext, stage: Stage, endpoint: Endpoint, field: str) -> None:
    pictures = {endpoint.roles.image, endpoint.roles.images}
    kind = "images_missing" if stage.verb == "generate" and field in pictures else "field_missing"
    at = "call" if stage.verb == "call" else "using"
    reading.wrong(kind, (*stage.where, at), endpoint=endpoint.id, field=field)


def _check_files(reading: ResolveContext, stage: Stage, endpoint: Endpoint) -> None:
    """Note pictures that the endpoint has no field for."""
    roles = endpoint.roles
    if stage.verb == "generate" and "images" in stage.data:
        where = (*stage.where, "images")
        if roles.images is None and roles.image is None:
            reading.wrong_key("takes_no_images", where, endpoint=endpoint.id)
        elif roles.images is None and len(stage.files) > 1:
            reading.wrong("takes_one_image", where, endpoint=endpoint.id, found=len(stage.files))


def _check_inputs(reading: ResolveContext, stage: Stage, endpoint: Endpoint) -> set[str]:
    """Note fields of a `call` stage's files that the endpoint lacks; return those that were probably meant."""
    meant: set[str] = set()
    for key, place in _file_fields(stage).items() if stage.verb == "call" else ():
        if _field_name(place) not in endpoint.fields:
            near = did_you_mean(place, endpoint.fields)
            meant |= set(near[:1])
            path = (*stage.where, *key)
            say, at = (reading.wrong_key, path) if key[0] == "files" else (reading.wrong, path)
            if key[0] not in stage.data:
                at = (*stage.where, "call")
            say("no_such_input", at, hints=near, field=place, endpoint=endpoint.id)
    return meant


def _file_fields(stage: Stage) -> Mapping[tuple[str, ...], str]:
    """The fields of a `call` stage that take files, by where the recipe names them."""
    files: dict[tuple[str, ...], str] = {("files", name): name for name in as_object(stage.data.get("files"))}
    return {("input",): str(stage.data.get("input", "image_url")), **files}


def _field_name(place: str) -> str:
    return place.partition("/")[0]


def _check_steps(reading: ResolveContext, stage: Stage, endpoint: Endpoint) -> None:
    """Note steps that are said twice, are out of range, or are said to a trainer that has none."""
    steps, where = stage.data.get("steps"), (*stage.where, "steps")
    if stage.verb != "train" or steps is None:
        return
    field = endpoint.field_for(endpoint.roles.steps)
    if field is None:
        reading.wrong_key("no_steps", where, endpoint=endpoint.id)
        return
    bounds = as_object(steps) if isinstance(steps, Mapping) else {"": steps}
    for name, count in bounds.items():
        if name != "per_photo" and as_whole(count) >= 1:
            _check_value(reading, endpoint, field, count, (*where, name) if name else where)
    low, high = bounds.get("min"), bounds.get("max")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        reading.wrong("steps_crossed", where, low=low, high=high)


def _check_ladder(reading: ResolveContext, stage: Stage, endpoint: Endpoint) -> None:
    """Note a field that a repair can't turn up, and values that the endpoint would refuse."""
    roles, where = endpoint.roles, (*stage.where, "ladder")
    for name, values in as_object(stage.data.get("ladder")).items():
        field, path = endpoint.fields.get(name), (*where, name)
        if field is None:
            near = did_you_mean(name, endpoint.fields)
            reading.wrong_key("field_unknown", path, hints=near, field=name, endpoint=endpoint.id)
        elif name in {roles.prompt, roles.seed, roles.image, roles.mask, roles.adapters}:
            reading.wrong_key("field_is_ours", path, field=name, endpoint=endpoint.id)
        else:
            for at, value in enumerate(as_items(values)):
                _check_value(reading, endpoint, field, value, (*path, at))


def _check_seeds(reading: ResolveContext, stage: Stage, endpoint: Endpoint, drawn: list[Shot]) -> None:
    """Note seeds that would make the same picture, and those that the endpoint refuses."""
    if stage.verb != "generate":
        return
    field = endpoint.field_for(endpoint.roles.seed)
    for shot in drawn:
        where = (*shot.where, "seeds")
        if field is None and len(shot.seeds) > 1:
            reading.wrong("seedless", where, endpoint=endpoint.id, count=len(shot.seeds), shot=shot.name)
        for at, seed in enumerate(shot.seeds.explicit):
            if field is not None:
                _check_value(reading, endpoint, field, seed, (*where, at))


def check_identities(
    reading: ResolveContext, subjects: Mapping[str, Subject], stages: list[Stage], drawn: Mapping[str, list[Shot]]
) -> None:
    """Note shots whose people a stage can't tell apart, or can't see; warn of strangers who get no face."""
    trained = {stage.id for stage in stages if stage.verb == "train"}
    for stage in endpoint_stages(stages):
        endpoint = reading.catalog.get(stage.endpoint)
        worn = next((name for name, _ in stage.adapters if name in trained), None)
        for shot in drawn[stage.id]:
            if stage.verb == "generate" and endpoint is not None:
                _check_drawing(reading, stage, endpoint, shot, worn)
                if shot.identity is Identity.REFERENCE:
                    _check_references(reading, stage, endpoint, shot, subjects)
            elif stage.verb == "inpaint":
                _check_painting(reading, stage, shot, worn)
    _check_placed(reading, stages, drawn)


def _check_drawing(reading: ResolveContext, stage: Stage, endpoint: Endpoint, shot: Shot, worn: str | None) -> None:
    """Adapters of several people in one picture give each of them the face of all."""
    if not shot.together or shot.identity is Identity.BY_FACE:
        return
    if worn is not None or (shot.identity is Identity.ADAPTER and endpoint.roles.adapters):
        people = ", ".join(shot.cast)
        at = (*shot.where, "identity" if shot.identity is not Identity.ADAPTER else "cast")
        reading.wrong("several_by_adapter", at, shot=shot.name, stage=stage.id, people=people)


def _check_references(
    reading: ResolveContext, stage: Stage, endpoint: Endpoint, shot: Shot, subjects: Mapping[str, Subject]
) -> None:
    """Photos of everybody in the picture must be there, and find room in one request."""
    roles, where = endpoint.roles, (*stage.where, "using")
    at = (*shot.where, "identity")
    if roles.images is None and roles.image is None:
        reading.wrong("takes_no_references", where, endpoint=endpoint.id, shot=shot.name)
        return
    field = endpoint.field_for(roles.images)
    most = 1 if field is None else field.max_items
    for people in [shot.cast] if shot.together else [(name,) for name in shot.cast]:
        found = sum(len(subjects[name].references) or 1 for name in people) + len(stage.files)
        if most is not None and found > most:
            reading.wrong("too_many_references", where, endpoint=endpoint.id, shot=shot.name, found=found, most=most)
            break
    written = reading.section("subjects")
    for name in shot.cast:
        if not {"references", "training_set"} & as_object(written[name]).keys():
            reading.wrong("no_references", at, shot=shot.name, subject=name)


def _check_painting(reading: ResolveContext, stage: Stage, shot: Shot, worn: str | None) -> None:
    mask = as_object(stage.data.get("mask"))
    where = (*stage.where, "mask")
    if stage.where[-1] == "repair":
        if shot.together and "find" not in mask:
            reading.wrong("repair_of_several", where, shot=shot.name)
    elif "assign" in mask and not shot.together:
        reading.wrong("assign_alone", (*where, "assign"), shot=shot.name)
    elif shot.together and not stage.by_person and worn is not None:
        reading.wrong_key("whose_adapter", (*stage.where, "adapters", worn), shot=shot.name, adapter=worn)


def _check_placed(reading: ResolveContext, stages: list[Stage], drawn: Mapping[str, list[Shot]]) -> None:
    placing = [stage for stage in stages if stage.verb == "inpaint" and stage.by_person]
    placed = {shot.name for stage in placing for shot in drawn[stage.id]}
    for stage in stages:
        for shot in drawn[stage.id] if stage.verb == "generate" else ():
            if shot.identity is Identity.BY_FACE and shot.together and shot.name not in placed:
                reading.warn("by_face_unplaced", (*shot.where, "identity"), shot=shot.name, stage=stage.id)

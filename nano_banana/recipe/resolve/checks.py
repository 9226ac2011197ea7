"""Stages against the catalog: endpoints, fields, files, steps."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.catalog.check import misfits
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.field import Field
from nano_banana.catalog.misfit import Misfit
from nano_banana.catalog.values import Values
from nano_banana.core.json import JSONValue, as_items, as_object, as_whole
from nano_banana.core.problem import Place, Problem, did_you_mean
from nano_banana.recipe.model import AdapterFile, Identity, Shot, Stage, Where, asking
from nano_banana.recipe.renderer import has_template
from nano_banana.recipe.resolve.fitting import check_adapters, check_cast
from nano_banana.recipe.resolve.reading import Reading
from nano_banana.recipe.schema import does
from nano_banana.stages.registry import KINDS

_AT_KEY = {"field_unknown", "no_negative_prompt", "field_is_ours"}


def check_stages(
    reading: Reading,
    stages: list[Stage],
    adapters: Mapping[str, AdapterFile],
    drawn: Mapping[str, list[Shot]],
) -> None:
    """Note endpoints that don't exist or don't fit, fields they lack, and adapters of another family.

    `drawn` are the shots whose takes go through each stage.
    """
    by_id = {stage.id: stage for stage in reversed(stages)}
    for stage in asking(stages):
        check_cast(reading, stage, by_id, drawn[stage.id])
        endpoint = reading.catalog.get(stage.endpoint)
        if endpoint is None:
            _unknown_endpoint(reading, stage)
        elif not does(KINDS[stage.verb], endpoint):
            _unfit(reading, stage, endpoint)
        else:
            _check_fields(reading, stage, endpoint, drawn[stage.id])
            _check_files(reading, stage, endpoint)
            _check_steps(reading, stage, endpoint)
            _check_seeds(reading, stage, endpoint, drawn[stage.id])
            check_adapters(reading, stage, endpoint, by_id, adapters)


def _unknown_endpoint(reading: Reading, stage: Stage) -> None:
    if stage.verb == "call":
        reading.warn("endpoint_uncatalogued", (*stage.where, "call"), name=stage.endpoint)
        return
    near = tuple(reading.catalog.near(stage.endpoint)) or did_you_mean(stage.endpoint, reading.catalog.ids)
    reading.wrong("unknown_endpoint", (*stage.where, "using"), hints=near, name=stage.endpoint)


def _unfit(reading: Reading, stage: Stage, endpoint: Endpoint) -> None:
    known = [found for name in reading.catalog.ids if (found := reading.catalog.get(name))]
    kind = KINDS[stage.verb]
    fit = [other.id for other in known if other.does == stage.verb and does(kind, other)]
    reading.wrong(
        "endpoint_unfit",
        (*stage.where, "using"),
        endpoint=endpoint.id,
        does=str(endpoint.does),
        verb=stage.verb,
        fit=", ".join(fit) or "none",
    )


def is_template(value: JSONValue) -> bool:
    """Whether a field's value is only known when a take is drawn."""
    return isinstance(value, str) and has_template(value)


def filled_by(stage: Stage, endpoint: Endpoint, *, shown: bool = False) -> set[str]:
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
        fields = [roles.seed, *(_field(place) for place in _taking(stage).values())]
    if "adapters" in stage.data:
        fields.append(roles.adapters)
    return {field for field in fields if field}


def _check_fields(reading: Reading, stage: Stage, endpoint: Endpoint, drawn: list[Shot]) -> None:
    document, where = reading.document, (*stage.where, "with")
    shown = bool(drawn) and all(shot.identity is Identity.REFERENCE for shot in drawn)
    filled = filled_by(stage, endpoint, shown=shown) | _check_inputs(reading, stage, endpoint)
    _check_ladder(reading, stage, endpoint)
    for misfit in misfits(endpoint, stage.options, filled=filled, deferred=is_template):
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
        _note(reading, misfit, document.key_place(path) if misfit.kind in _AT_KEY else document.nearest(path))


def _note(reading: Reading, misfit: Misfit, place: Place) -> None:
    reading.add(
        Problem(
            kind=misfit.kind,
            place=place,
            data=misfit.data,
            suggestions=misfit.suggestions,
            warning=misfit.warning,
        )
    )


def _check_value(reading: Reading, endpoint: Endpoint, field: Field, value: JSONValue, where: Where) -> None:
    """Note a value of ours that the endpoint would refuse."""
    for misfit in Values(endpoint=endpoint, deferred=is_template).faults(field, value, where):
        _note(reading, misfit, reading.document.nearest(where))


def _missing_field(reading: Reading, stage: Stage, endpoint: Endpoint, field: str) -> None:
    pictures = {endpoint.roles.image, endpoint.roles.images}
    kind = "images_missing" if stage.verb == "generate" and field in pictures else "field_missing"
    at = "call" if stage.verb == "call" else "using"
    reading.wrong(kind, (*stage.where, at), endpoint=endpoint.id, field=field)


def _check_files(reading: Reading, stage: Stage, endpoint: Endpoint) -> None:
    """Note pictures that the endpoint has no field for."""
    roles = endpoint.roles
    if stage.verb == "generate" and "images" in stage.data:
        where = (*stage.where, "images")
        if roles.images is None and roles.image is None:
            reading.wrong_key("takes_no_images", where, endpoint=endpoint.id)
        elif roles.images is None and len(stage.files) > 1:
            reading.wrong("takes_one_image", where, endpoint=endpoint.id, found=len(stage.files))


def _check_inputs(reading: Reading, stage: Stage, endpoint: Endpoint) -> set[str]:
    """Note fields of a `call` stage's files that the endpoint lacks; return those that were probably meant."""
    meant: set[str] = set()
    for key, place in _taking(stage).items() if stage.verb == "call" else ():
        if _field(place) not in endpoint.fields:
            near = did_you_mean(place, endpoint.fields)
            meant |= set(near[:1])
            path = (*stage.where, *key)
            say, at = (reading.wrong_key, path) if key[0] == "files" else (reading.wrong, path)
            if key[0] not in stage.data:
                at = (*stage.where, "call")
            say("no_such_input", at, hints=near, field=place, endpoint=endpoint.id)
    return meant


def _taking(stage: Stage) -> Mapping[tuple[str, ...], str]:
    """The fields of a `call` stage that take files, by where the recipe names them."""
    files: dict[tuple[str, ...], str] = {("files", name): name for name in as_object(stage.data.get("files"))}
    return {("input",): str(stage.data.get("input", "image_url")), **files}


def _field(place: str) -> str:
    return place.partition("/")[0]


def _check_steps(reading: Reading, stage: Stage, endpoint: Endpoint) -> None:
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


def _check_ladder(reading: Reading, stage: Stage, endpoint: Endpoint) -> None:
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


def _check_seeds(reading: Reading, stage: Stage, endpoint: Endpoint, drawn: list[Shot]) -> None:
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

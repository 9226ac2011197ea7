"""Stages against the catalog: endpoints, fields, adapters that fit."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.catalog.check import misfits
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.core.json import JSONValue
from nano_banana.core.json import as_object
from nano_banana.core.problem import Problem
from nano_banana.core.problem import did_you_mean
from nano_banana.recipe.model import AdapterFile
from nano_banana.recipe.model import Shot
from nano_banana.recipe.model import Stage
from nano_banana.recipe.resolve.reading import Reading

_NEEDS = {"train": "archive", "generate": "prompt", "inpaint": "image"}
"""The role that an endpoint must have to do a stage's work."""


def check_stages(
    reading: Reading, stages: list[Stage], adapters: Mapping[str, AdapterFile], shots: Mapping[str, Shot]
) -> None:
    """Note endpoints that don't exist or don't fit, fields they lack, and adapters of another family."""
    by_id = {stage.id: stage for stage in stages}
    for stage in stages:
        endpoint = reading.catalog.get(stage.endpoint)
        if endpoint is None:
            _unknown_endpoint(reading, stage)
            continue
        need = _NEEDS.get(stage.verb)
        if need is not None and endpoint.roles.named().get(need) is None:
            reading.wrong(
                "endpoint_unfit",
                (*stage.where, "using"),
                hints=_fit(reading, need),
                endpoint=endpoint.id,
                does=str(endpoint.does),
                verb=stage.verb,
            )
            continue
        _check_fields(reading, stage, endpoint)
        _check_adapters(reading, stage, endpoint, by_id, adapters)
        _check_trained(reading, stage, by_id, shots)


def _unknown_endpoint(reading: Reading, stage: Stage) -> None:
    if stage.verb == "call":
        reading.warn("endpoint_uncatalogued", (*stage.where, "call"), name=stage.endpoint)
        return
    near = tuple(reading.catalog.near(stage.endpoint)) or did_you_mean(stage.endpoint, reading.catalog.ids)
    reading.wrong("unknown_endpoint", (*stage.where, "using"), hints=near, name=stage.endpoint)


def _fit(reading: Reading, need: str) -> tuple[str, ...]:
    endpoints = [endpoint for name in reading.catalog.ids if (endpoint := reading.catalog.get(name))]
    return tuple(endpoint.id for endpoint in endpoints if endpoint.roles.named().get(need))[:3]


def is_template(value: JSONValue) -> bool:
    """Whether a field's value is only known when a take is drawn."""
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def filled_by(stage: Stage, endpoint: Endpoint) -> set[str]:
    """The endpoint's fields that the stage supplies itself."""
    roles = endpoint.roles
    fields = [roles.prompt, roles.seed]
    if stage.verb == "train":
        fields = [roles.archive, roles.trigger] + ([roles.steps] if "steps" in stage.data else [])
    if stage.verb == "generate" and stage.files:
        fields += [roles.images or roles.image]
    if stage.verb == "inpaint":
        fields += [roles.image, roles.mask]
    if stage.verb == "call":
        fields = [str(stage.data.get("input", "image_url")), *stage.files]
    if stage.adapters:
        fields.append(roles.adapters)
    return {field for field in fields if field}


def _check_fields(reading: Reading, stage: Stage, endpoint: Endpoint) -> None:
    where = (*stage.where, "with")
    filled = filled_by(stage, endpoint)
    if stage.verb == "call":
        filled |= {field for field in (endpoint.roles.seed,) if field}
    for misfit in misfits(endpoint, stage.options, filled=filled, deferred=is_template):
        path = (*where, *misfit.path)
        by_key = misfit.kind in {"field_unknown", "no_negative_prompt", "field_is_ours"}
        document = reading.document
        place = document.key_place(path) if by_key and misfit.path else document.nearest(path)
        reading.add(
            Problem(
                kind=misfit.kind,
                place=place,
                data=misfit.data,
                suggestions=misfit.suggestions,
                warning=misfit.warning,
            )
        )


def _check_adapters(
    reading: Reading,
    stage: Stage,
    endpoint: Endpoint,
    stages: Mapping[str, Stage],
    adapters: Mapping[str, AdapterFile],
) -> None:
    where = (*stage.where, "adapters")
    if stage.adapters and not endpoint.roles.adapters:
        reading.wrong("takes_no_adapters", where, endpoint=endpoint.id)
        return
    most = endpoint.adapters_max
    if most is not None and len(stage.adapters) > most:
        reading.wrong("too_many_adapters", where, endpoint=endpoint.id, most=most, found=len(stage.adapters))
    for name, _ in stage.adapters:
        base = _base_of(reading, name, stages, adapters)
        if base and endpoint.base and base != endpoint.base:
            at = (*where, name)
            reading.wrong("adapter_base", at, name=name, base=base, endpoint=endpoint.id, needs=endpoint.base)


def _base_of(
    reading: Reading, name: str, stages: Mapping[str, Stage], adapters: Mapping[str, AdapterFile]
) -> str | None:
    if name in adapters:
        return adapters[name].base
    trainer = reading.catalog.get(stages[name].endpoint)
    return None if trainer is None else trainer.trains


def _check_trained(reading: Reading, stage: Stage, stages: Mapping[str, Stage], shots: Mapping[str, Shot]) -> None:
    """Every subject in a shot must have been trained by the train stages whose adapters it is drawn with."""
    for name, _ in stage.adapters:
        trainer = stages.get(name)
        if trainer is None:
            continue
        for shot in stage.shots:
            for subject in shots[shot].cast:
                if subject not in trainer.subjects:
                    reading.wrong(
                        "not_trained", (*stage.where, "adapters", name), stage=name, subject=subject, shot=shot
                    )


def check_steps(reading: Reading, stage: Stage, endpoint: Endpoint) -> None:
    """Note steps that are said twice, or said to a trainer that has none."""
    steps = endpoint.roles.steps
    if "steps" in stage.data and steps is None:
        reading.wrong("no_steps", (*stage.where, "steps"), endpoint=endpoint.id)
    if "steps" in stage.data and steps in as_object(stage.data.get("with")):
        reading.wrong("steps_twice", (*stage.where, "with", str(steps)), field=str(steps))

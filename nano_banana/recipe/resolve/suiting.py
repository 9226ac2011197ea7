"""Packs' templates against the endpoints that draw by them, and people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from nano_banana.catalog.check import misfits
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.core.errors import trouble
from nano_banana.core.json import JSONObject
from nano_banana.core.problem import Problem
from nano_banana.recipe.model import Shot, Stage, Subject, Where
from nano_banana.recipe.packs.given import Given
from nano_banana.recipe.packs.pack import CROP, PackTemplate
from nano_banana.recipe.renderer import has_template
from nano_banana.recipe.resolve.checks import filled_by
from nano_banana.recipe.resolve.reading import Reading


def check_packs(
    reading: Reading, subjects: Mapping[str, Subject], stages: Iterable[Stage], drawn: Mapping[str, list[Shot]]
) -> None:
    """Note settings of packs that an endpoint refuses; warn of people and crops that a template is not made for."""
    for stage in stages:
        endpoint = reading.catalog.get(stage.endpoint)
        if stage.verb != "generate" or endpoint is None:
            continue
        for shot in drawn[stage.id]:
            given = (stage.prompt or shot.template).given
            if given is not None:
                _check_settings(reading, stage, endpoint, given)
                _check_suits(
                    reading, [subjects[name] for name in shot.cast if name in subjects and not shot.together], given
                )


def _check_settings(reading: Reading, stage: Stage, endpoint: Endpoint, given: Given) -> None:
    """Only of fields that the endpoint has, and that the stage does not say itself."""
    at: Where = ("templates", given.template.name)
    size = endpoint.roles.size
    rows: list[tuple[Where, JSONObject]] = [((*at, "settings"), given.template.settings)]
    if size is not None:
        rows += [((*at, "sizes", crop), {size: sides}) for crop, sides in given.template.sizes.items()]
    for where, fields in rows:
        said = {name: value for name, value in fields.items() if name in endpoint.fields and name not in stage.options}
        for misfit in misfits(endpoint, said, filled=filled_by(stage, endpoint)):
            if misfit.kind != "field_missing":
                place = given.pack.document.nearest((*where, *misfit.path))
                reading.add(Problem(kind=misfit.kind, place=place, data=misfit.data, suggestions=misfit.suggestions))


def _check_suits(reading: Reading, cast: Iterable[Subject], given: Given) -> None:
    template, said = given.template, f"{given.pack.name}/{given.template.name}"
    place = reading.document.nearest((*given.where[:-1], "pack"))
    for subject in cast:
        if template.nouns and not {*template.nouns} & {subject.noun, *subject.noun.split()}:
            nouns = ", ".join(template.nouns)
            warned = trouble(
                "pack_noun", place=place, template=said, subject=subject.name, noun=subject.noun, nouns=nouns
            )
            reading.add(replace(warned, warning=True))
    crop = given.values.get(CROP)
    if template.crops and isinstance(crop, str) and not has_template(crop) and _known(template, crop):
        crops = ", ".join(template.crops)
        reading.warn("pack_crop_unsuited", (*given.where, CROP), template=said, crop=crop, crops=crops)


def _known(template: PackTemplate, crop: str) -> bool:
    """Whether it is a crop that the template has and is not good at."""
    return crop in template.variables[CROP].choices and crop not in template.crops

"""From what a command line says to one thing to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from nano_banana.catalog.catalog import Catalog
from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.core.problem import did_you_mean
from nano_banana.project.single.endpoints import endpoint_for, options_for
from nano_banana.project.single.single import Person, Single
from nano_banana.project.single.sizes import size_of
from nano_banana.project.single.worn import Worn
from nano_banana.stages.mask import PARTS

PORTRAIT: JSONObject = {"width": 880, "height": 1104}
"""4:5, and just below a megapixel: what a person is drawn in where nobody says."""
GUIDANCE = 2.8
"""Of a person; what endpoints take by themselves makes skin like wax."""


def training(
    catalog: Catalog, name: str, photos: Path, *, noun: str, trigger: str, using: str | None, steps: int | None
) -> Single:
    """An adapter of the person in the photos of a folder."""
    endpoint = endpoint_for(catalog, "train", using, worn=False)
    settings: JSONObject = {} if steps is None else {"steps": steps}
    person = Person(name=name, noun=noun, trigger=trigger, photos=photos.absolute())
    return Single(
        command="fine-tune", verb="train", name="fine-tune", endpoint=endpoint.id, person=person, settings=settings
    )


def drawing(
    catalog: Catalog,
    prompt: str,
    models: Sequence[Worn],
    *,
    using: str | None,
    size: str | None,
    said: Mapping[str, JSONValue],
) -> Single:
    """Pictures from words; `said` are the endpoint's fields by role, None where nothing was said."""
    endpoint = endpoint_for(catalog, "generate", using, _bases(models), worn=bool(models))
    person = person_of(models)
    options = options_for(endpoint, said)
    shape = size_of(endpoint, size)
    roles = endpoint.roles
    if person is not None:
        shape = shape or ({roles.size: PORTRAIT} if roles.size else {})
        options = {**({roles.guidance: GUIDANCE} if roles.guidance else {}), **options}
    return Single(
        command="generate",
        verb="generate",
        name="generate",
        endpoint=endpoint.id,
        person=person,
        models=models,
        words=_said(prompt),
        options={**shape, **options},
    )


def painting(
    catalog: Catalog,
    pictures: Sequence[Path],
    prompt: str,
    models: Sequence[Worn],
    *,
    using: str | None,
    mask: JSONObject,
    mask_file: Path | None,
    said: Mapping[str, JSONValue],
) -> Single:
    """A region of each picture painted over; of a `mask` exactly one shape, or the file."""
    endpoint = endpoint_for(catalog, "inpaint", using, _bases(models), worn=bool(models))
    _check_part(mask)
    return Single(
        command="inpaint",
        verb="inpaint",
        name="inpaint",
        endpoint=endpoint.id,
        person=person_of(models),
        models=models,
        words=_said(prompt),
        pictures=_whole(pictures),
        mask=mask,
        mask_file=None if mask_file is None else mask_file.absolute(),
        options=options_for(endpoint, said),
    )


def editing(
    catalog: Catalog,
    pictures: Sequence[Path],
    prompt: str,
    *,
    using: str | None,
    size: str | None,
    said: Mapping[str, JSONValue],
) -> Single:
    """One picture from others, by words: all of them go into one request."""
    endpoint = endpoint_for(catalog, "edit", using, worn=False)
    return Single(
        command="edit",
        verb="generate",
        name="edit",
        endpoint=endpoint.id,
        words=_said(prompt),
        images=_whole(pictures),
        options={**size_of(endpoint, size), **options_for(endpoint, said)},
    )


def enlarging(
    catalog: Catalog, pictures: Sequence[Path], *, using: str | None, said: Mapping[str, JSONValue]
) -> Single:
    """Each picture made larger, or better where the endpoint is one that restores."""
    endpoint = endpoint_for(catalog, "upscale", using, worn=False)
    return Single(
        command="upscale",
        verb=str(endpoint.does),
        name="upscale",
        endpoint=endpoint.id,
        pictures=_whole(pictures),
        options=options_for(endpoint, said),
    )


def person_of(models: Sequence[Worn]) -> Person | None:
    """The first of them that stands for somebody, whom the prompt can call `subject`."""
    found = next((model for model in models if model.trigger and model.noun), None)
    if found is None:
        return None
    return Person(name=found.subject or found.name, noun=found.noun, trigger=found.trigger)


def called(single: Single, name: str | None) -> Single:
    """The same under another name, which its folder of pictures has too."""
    return single if name is None else replace(single, name=name)


def sown(single: Single, seeds: Sequence[int], count: int | None) -> Single:
    """The same with so many pictures of each: one for each seed, or `count` from the one seed upwards.

    Raises Invalid where several seeds and a count contradict each other.
    """
    if count is not None and len(seeds) > 1 and count != len(seeds):
        raise Invalid([trouble("seeds_and_count", seeds=len(seeds), count=count)])
    if len(seeds) == 1 and count is not None:
        return replace(single, seeds=tuple(range(seeds[0], seeds[0] + count)))
    return replace(single, seeds=tuple(dict.fromkeys(seeds)), count=count or 1)


def _bases(models: Sequence[Worn]) -> list[str]:
    return [model.base for model in models if model.base]


def _whole(pictures: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(path.absolute() for path in pictures))


def _said(prompt: str) -> str:
    if not prompt.strip():
        raise Invalid([trouble("prompt_empty")])
    return prompt


def _check_part(mask: JSONObject) -> None:
    part = mask.get("find")
    if isinstance(part, str) and part not in PARTS:
        near = did_you_mean(part, PARTS)
        raise Invalid([trouble("no_such_part", hint=near, name=part, known=", ".join(PARTS))])

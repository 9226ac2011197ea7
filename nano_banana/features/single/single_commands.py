"""Single commands as recipes: generate, inpaint, edit and the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from nano_banana.catalog.catalog import Catalog
from nano_banana.faces.face import PARTS
from nano_banana.features.single.single_options import endpoint_for_task, options_for_roles, size_option
from nano_banana.features.single.single_recipe import AdapterRef, SingleCommand, SinglePerson
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import Invalid, did_you_mean, problem

PERSON_SIZE: JSONObject = {"width": 880, "height": 1104}
"""The default size of a picture of a person: 4:5, just below a megapixel."""
PERSON_GUIDANCE = 2.8
"""Of a person; what endpoints take by themselves makes skin like wax."""


def fine_tune_command(
    catalog: Catalog, name: str, photos: Path, *, noun: str, trigger: str, using: str | None, steps: int | None
) -> SingleCommand:
    """An adapter of the person in the photos of a folder."""
    endpoint = endpoint_for_task(catalog, "train", using, worn=False)
    settings: JSONObject = {} if steps is None else {"steps": steps}
    person = SinglePerson(name=name, noun=noun, trigger=trigger, photos=photos.absolute())
    return SingleCommand(
        command="fine-tune", verb="train", name="fine-tune", endpoint=endpoint.id, person=person, settings=settings
    )


def generate_command(
    catalog: Catalog,
    prompt: str,
    models: Sequence[AdapterRef],
    *,
    using: str | None,
    size: str | None,
    said: Mapping[str, JSONValue],
) -> SingleCommand:
    """Pictures from words; `said` are the endpoint's fields by role, None where nothing was said."""
    endpoint = endpoint_for_task(catalog, "generate", using, _adapter_families(models), worn=bool(models))
    person = person_of_adapters(models)
    options = options_for_roles(endpoint, said)
    shape = size_option(endpoint, size)
    roles = endpoint.roles
    if person is not None:
        shape = shape or ({roles.size: PERSON_SIZE} if roles.size else {})
        options = {**({roles.guidance: PERSON_GUIDANCE} if roles.guidance else {}), **options}
    return SingleCommand(
        command="generate",
        verb="generate",
        name="generate",
        endpoint=endpoint.id,
        person=person,
        adapters=models,
        prompt_text=_checked_prompt(prompt),
        options={**shape, **options},
    )


def inpaint_command(
    catalog: Catalog,
    pictures: Sequence[Path],
    prompt: str,
    models: Sequence[AdapterRef],
    *,
    using: str | None,
    mask: JSONObject,
    mask_file: Path | None,
    said: Mapping[str, JSONValue],
) -> SingleCommand:
    """A region of each picture painted over; of a `mask` exactly one shape, or the file."""
    endpoint = endpoint_for_task(catalog, "inpaint", using, _adapter_families(models), worn=bool(models))
    _check_part(mask)
    return SingleCommand(
        command="inpaint",
        verb="inpaint",
        name="inpaint",
        endpoint=endpoint.id,
        person=person_of_adapters(models),
        adapters=models,
        prompt_text=_checked_prompt(prompt),
        pictures=_absolute_paths(pictures),
        mask=mask,
        mask_file=None if mask_file is None else mask_file.absolute(),
        options=options_for_roles(endpoint, said),
    )


def edit_command(
    catalog: Catalog,
    pictures: Sequence[Path],
    prompt: str,
    *,
    using: str | None,
    size: str | None,
    said: Mapping[str, JSONValue],
) -> SingleCommand:
    """One picture from others, by words: all of them go into one request."""
    endpoint = endpoint_for_task(catalog, "edit", using, worn=False)
    return SingleCommand(
        command="edit",
        verb="generate",
        name="edit",
        endpoint=endpoint.id,
        prompt_text=_checked_prompt(prompt),
        images=_absolute_paths(pictures),
        options={**size_option(endpoint, size), **options_for_roles(endpoint, said)},
    )


def upscale_command(
    catalog: Catalog, pictures: Sequence[Path], *, using: str | None, said: Mapping[str, JSONValue]
) -> SingleCommand:
    """Each picture made larger, or better where the endpoint is one that restores."""
    endpoint = endpoint_for_task(catalog, "upscale", using, worn=False)
    return SingleCommand(
        command="upscale",
        verb=str(endpoint.does),
        name="upscale",
        endpoint=endpoint.id,
        pictures=_absolute_paths(pictures),
        options=options_for_roles(endpoint, said),
    )


def person_of_adapters(models: Sequence[AdapterRef]) -> SinglePerson | None:
    """The first adapter of a person, which the prompt can call `subject`."""
    found = next((model for model in models if model.trigger and model.noun), None)
    if found is None:
        return None
    return SinglePerson(name=found.subject or found.name, noun=found.noun, trigger=found.trigger)


def with_name(single: SingleCommand, name: str | None) -> SingleCommand:
    """The same under another name, which its folder of pictures has too."""
    return single if name is None else replace(single, name=name)


def with_seeds(single: SingleCommand, seeds: Sequence[int], count: int | None) -> SingleCommand:
    """The same with so many pictures of each: one for each seed, or `count` from the one seed upwards.

    Raises Invalid where several seeds and a count contradict each other.
    """
    if count is not None and len(seeds) > 1 and count != len(seeds):
        raise Invalid([problem("seeds_and_count", seeds=len(seeds), count=count)])
    if len(seeds) == 1 and count is not None:
        return replace(single, seeds=tuple(range(seeds[0], seeds[0] + count)))
    return replace(single, seeds=tuple(dict.fromkeys(seeds)), count=count or 1)


def _adapter_families(models: Sequence[AdapterRef]) -> list[str]:
    return [model.base for model in models if model.base]


def _absolute_paths(pictures: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(path.absolute() for path in pictures))


def _checked_prompt(prompt: str) -> str:
    if not prompt.strip():
        raise Invalid([problem("prompt_empty")])
    return prompt


def _check_part(mask: JSONObject) -> None:
    part = mask.get("find")
    if isinstance(part, str) and part not in PARTS:
        near = did_you_mean(part, PARTS)
        raise Invalid([problem("no_such_part", suggestions=near, name=part, known=", ".join(PARTS))])

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
"""The default for people; the endpoints' own defaults make skin look like wax."""


def fine_tune_command(
    catalog: Catalog, name: str, photos: Path, *, noun: str, trigger: str, using: str | None, steps: int | None
) -> SingleCommand:
    """Train an adapter on the photos in a folder."""
    endpoint = endpoint_for_task(catalog, "train", using, worn=False)
    settings: JSONObject = {} if steps is None else {"steps": steps}
    person = SinglePerson(name=name, noun=noun, trigger=trigger, photos=photos.absolute())
    return SingleCommand(
        command="fine-tune", verb="train", name="fine-tune", endpoint=endpoint.id, person=person, settings=settings
    )


def picture_command(
    catalog: Catalog,
    asked: SingleCommand,
    *,
    using: str | None,
    roles: Mapping[str, JSONValue],
    size: str | None = None,
) -> SingleCommand:
    """`generate`, `inpaint`, `edit` or `upscale`, as `asked`, with its endpoint and options.

    `roles` are the endpoint's fields by role; None is not given. Raises Invalid for options that can't be.
    """
    command, models = asked.command, asked.adapters
    families = [model.base for model in models if model.base]
    endpoint = endpoint_for_task(catalog, command, using, families, worn=bool(models))
    part = asked.mask.get("find")
    if isinstance(part, str) and part not in PARTS:
        near = did_you_mean(part, PARTS)
        raise Invalid([problem("no_such_part", suggestions=near, name=part, known=", ".join(PARTS))])
    if command != "upscale" and not asked.prompt_text.strip():
        raise Invalid([problem("prompt_empty")])
    person, fields = person_of_adapters(models), endpoint.roles
    shape, options = size_option(endpoint, size), options_for_roles(endpoint, roles)
    if command == "generate" and person is not None:
        shape = shape or ({fields.size: PERSON_SIZE} if fields.size else {})
        options = {**({fields.guidance: PERSON_GUIDANCE} if fields.guidance else {}), **options}
    return replace(
        asked,
        verb={"edit": "generate", "upscale": str(endpoint.does)}.get(command, command),
        name=command,
        endpoint=endpoint.id,
        person=person,
        pictures=_absolute_paths(asked.pictures),
        images=_absolute_paths(asked.images),
        mask_file=asked.mask_file and asked.mask_file.absolute(),
        options={**shape, **options},
    )


def person_of_adapters(models: Sequence[AdapterRef]) -> SinglePerson | None:
    """The person of the first adapter of a person; the prompt can call them `subject`."""
    found = next((model for model in models if model.trigger and model.noun), None)
    if found is None:
        return None
    return SinglePerson(name=found.subject or found.name, noun=found.noun, trigger=found.trigger)


def with_name(single: SingleCommand, name: str | None) -> SingleCommand:
    """The command under another name, which its output folder has, too."""
    return single if name is None else replace(single, name=name)


def with_seeds(single: SingleCommand, seeds: Sequence[int], count: int | None) -> SingleCommand:
    """The command with one picture for each seed, or `count` pictures from the one seed upwards.

    Raises Invalid if several seeds and a count contradict each other.
    """
    if count is not None and len(seeds) > 1 and count != len(seeds):
        raise Invalid([problem("seeds_and_count", seeds=len(seeds), count=count)])
    if len(seeds) == 1 and count is not None:
        return replace(single, seeds=tuple(range(seeds[0], seeds[0] + count)))
    return replace(single, seeds=tuple(dict.fromkeys(seeds)), count=count or 1)


def _absolute_paths(pictures: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(path.absolute() for path in pictures))

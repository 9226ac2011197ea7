"""What a pack.yaml may say: its sections, and their JSON Schema."""

from __future__ import annotations

from functools import cache
from typing import Annotated, TypeAlias

from msgspec import Meta, field

from nano_banana.formats.struct_schema import SCHEMA_DIALECT, Section, described, section_schema
from nano_banana.model.json_values import JSONObject
from nano_banana.recipe.naming import UNIQUE, VERSION, AxisName, Name, Scalar, Text
from nano_banana.recipe.pack import PackVariableType

PACK_SCHEMA_ID = "https://nano-banana.invalid/schemas/pack.schema.json"

MAX_TEMPLATES = 200

Number: TypeAlias = int | float

_Side: TypeAlias = Annotated[int, Meta(ge=256, le=2048, multiple_of=16), described("Pixels, a multiple of 16.")]


class PictureSize(Section, frozen=True):
    """Width and height."""

    width: _Side
    height: _Side


class VariableSection(Section, frozen=True, kw_only=True):
    """What a template leaves open; its prompt writes it by its name: `{{ decade }}`."""

    type: Annotated[
        PackVariableType, described("What values it takes.", enum=[known.value for known in PackVariableType])
    ]
    default: Annotated[Scalar, described("The value where a recipe gives none; of a choice, its key.")]
    about: Annotated[Text, described("What it is for, in a line.")]
    choices: Annotated[
        Annotated[tuple[Text, ...], Meta(min_length=1), UNIQUE]
        | Annotated[dict[Name, Annotated[str, described("The words in the prompt.")]], Meta(min_length=1)]
        | None,
        described("Of a choice: key to the words in the prompt; or a list, whose texts are both."),
    ] = None
    minimum: Annotated[Number | None, described("Of a number: the least that it may be.")] = None
    maximum: Annotated[Number | None, described("Of a number: the most that it may be.")] = None


class TemplateSection(Section, frozen=True, kw_only=True):
    """One template: a prompt, and what goes well with it."""

    title: Annotated[Text, described("Its name for people.")]
    about: Annotated[Text, described("What the picture looks like, in a line.")]
    prompt: Annotated[Text, described("The file of its Jinja prompt, beside pack.yaml.")]
    nouns: Annotated[
        tuple[Text, ...], UNIQUE, described("Whom it suits: `[woman, man, person]`; none: everybody.")
    ] = ()
    crops: Annotated[
        tuple[Text, ...] | None,
        UNIQUE,
        described(
            "The choices of `crop` that it is good at (all, if not said). Where the variable's default is none of "
            "them, the first is the default."
        ),
    ] = None
    variables: Annotated[
        dict[AxisName, VariableSection], described("Its own variables; one called as the pack's stands in for that.")
    ] = field(default_factory=dict)
    settings: Annotated[
        dict[str, Annotated[Scalar, described("The field's value.")]],
        described("Fields of the endpoint that draws, where it has them; a stage's own `with` wins."),
    ] = field(default_factory=dict)
    sizes: Annotated[
        dict[str, PictureSize], described("The picture's size for each `crop`; a stage's own `with` wins.")
    ] = field(default_factory=dict)
    adapter_scale: (
        Annotated[
            float,
            Meta(ge=0, le=4),
            described("How much of the adapter does well here: advice for who writes a recipe."),
        ]
        | None
    ) = None
    gate: Annotated[bool, described("`false`: the picture is painted, and a gate lets it through unjudged.")] = True
    preview: Annotated[Text | None, described("A picture of the pack that shows it: .jpg, .png or .webp.")] = None


class PackSection(Section, frozen=True, kw_only=True):
    """A folder of prompt templates with variables, to share and to use from recipes."""

    nano_banana_pack: Annotated[
        int, Meta(extra_json_schema={"choices": [1]}), described("The format's version, and the first key.")
    ]
    name: Annotated[Name, described("The pack's name, which is its folder's too.")]
    version: Annotated[str, Meta(pattern=VERSION), described('Its version, three numbers: "1.0.0".')]
    title: Annotated[Text, described("Its name for people.")]
    about: Annotated[Text, described("What the pack holds, in a line.")]
    license: Annotated[Text | None, described("An SPDX name, such as CC0-1.0.")] = None
    variables: Annotated[
        dict[AxisName, VariableSection], described("Variables that all templates of the pack have.")
    ] = field(default_factory=dict)
    templates: Annotated[
        dict[Name, TemplateSection], Meta(min_length=1, max_length=MAX_TEMPLATES), described("The templates, by name.")
    ]


@cache
def pack_schema() -> JSONObject:
    """The schema of a pack.yaml."""
    schema = section_schema(PackSection)
    return {"$schema": SCHEMA_DIALECT, "$id": PACK_SCHEMA_ID, "title": "Nano Banana pack", **schema}


if __name__ == "__main__":
    import json

    print(json.dumps(pack_schema(), indent=1, ensure_ascii=False))  # noqa: T201 - prints the file

"""An endpoint as data: its fields, roles, tasks, outputs and price.

The structs give the type of an endpoint file, its JSON Schema and its decoder. `endpoint_revision` is one number that
changes with what an endpoint is for, which fields play which role, and where its results are. The local provider's
pictures depend on it, so it is part of their calls' keys; titles, prices, ranges and defaults are not in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType, field
from msgspec.structs import replace

from nano_banana.formats.struct_schema import SCHEMA_DIALECT, Section, decode_section, described, section_schema
from nano_banana.formats.yaml_values import to_plain
from nano_banana.model.call import canonical_json
from nano_banana.model.json_values import JSONObject, JSONValue, as_object
from nano_banana.model.problem import Invalid

if TYPE_CHECKING:
    AnyValue: TypeAlias = JSONValue
else:
    AnyValue = object  # msgspec knows no recursive types

Number: TypeAlias = int | float
Dollars: TypeAlias = Annotated[Number, Meta(extra_json_schema={"minimum": 0})]
Positive: TypeAlias = Annotated[int, Meta(ge=1)]
FieldNames: TypeAlias = tuple[str, ...]


class FieldType(StrEnum):
    """What a field holds.

    `image_size` is a name (`portrait_4_3`) or `{width, height}` in pixels; `adapters` a list of
    `{path, scale}`; `url` and `urls` files, as addresses or data URIs.
    """

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ENUM = "enum"
    IMAGE_SIZE = "image_size"
    ADAPTERS = "adapters"
    URL = "url"
    URLS = "urls"
    OBJECT = "object"
    LIST = "list"


class Field(Section, frozen=True, kw_only=True, omit_defaults=True):
    """A field as its endpoint documents it. None: not documented."""

    name: str = ""
    """The key that it has in the endpoint's `fields`."""
    type: Annotated[FieldType, described("What the field holds.", enum=[*FieldType])]
    required: Annotated[bool, described("Whether a request without it is refused.")] = False
    default: Annotated[
        AnyValue | UnsetType, Meta(description="What the service takes if the field is left out.", extra_json_schema={})
    ] = UNSET
    minimum: Annotated[
        Number | None, described("Least value; for an image size each side, for adapters each scale.")
    ] = None
    maximum: Annotated[Number | None, described("Greatest value, likewise.")] = None
    choices: Annotated[
        tuple[str, ...],
        described(
            "Values of an enum; names beside the usual ones of an image size; more keys of an adapter.", minItems=1
        ),
    ] = ()
    max_items: Annotated[Positive | None, described("Most items of a list.")] = None
    description: Annotated[str, described("What the field does.")] = ""

    def in_range(self, value: float) -> bool:
        """Whether `value` is finite and within the documented bounds, both included."""
        low = float("-inf") if self.minimum is None else self.minimum
        high = float("inf") if self.maximum is None else self.maximum
        return low <= value <= high and abs(value) != float("inf")

    def known_default(self) -> JSONValue:
        """The default; None also if none is documented."""
        return None if self.default is UNSET else self.default


class Unit(StrEnum):
    """What is counted: started megapixels of a picture, pictures, or training steps."""

    MEGAPIXEL = "megapixel"
    IMAGE = "image"
    STEP = "step"


class Price(Section, frozen=True, kw_only=True, omit_defaults=True):
    """What one unit costs, and what changes that."""

    usd: Annotated[Dollars, described("US dollars for one unit.")]
    usd_high: Annotated[Dollars | None, described("The dearer figure where sources disagree.")] = None
    unit: Annotated[Unit, described("What is counted; megapixels are rounded up a picture.", enum=[*Unit])]
    minimum: Annotated[Positive | None, described("Units that are billed at least.")] = None
    times: Annotated[Mapping[str, Mapping[str, Dollars]], described("Field → value → factor.")] = field(
        default_factory=dict
    )
    plus: Annotated[
        Mapping[str, Dollars | Mapping[str, Dollars]],
        described("US dollars more a picture: field → dollars if it is true, or field → value → dollars."),
    ] = field(default_factory=dict)
    block: Annotated[Positive, described("Units that are billed together; a started block counts whole.")] = 1
    first: Annotated[Dollars | None, described("US dollars for the first unit of a request.")] = None
    input_units: Annotated[
        tuple[Positive, Positive] | None,
        described(
            "Units that each input picture counts as, at least and at most; a result of unknown size counts so, too."
        ),
    ] = None
    unknown_with: Annotated[FieldNames, described("Fields that make the price unknown if they are set.")] = ()
    as_of: Annotated[
        str,
        Meta(pattern=r"^\d{4}-\d{2}(-\d{2})?$"),
        described("Month or day at which the price was seen, for example 2026-08."),
    ]
    source: Annotated[str, described("Who says so, in words.")]

    @property
    def highest_usd(self) -> float:
        """US dollars for one unit at most."""
        return self.usd if self.usd_high is None else self.usd_high


class PriceRange(Section, frozen=True, kw_only=True):
    """A range of US dollars, both ends included."""

    low: float
    high: float


class TriggerUse(StrEnum):
    """How a trainer takes the trigger: one word, a phrase, or as the caption of every photo."""

    WORD = "trigger_word"
    PHRASE = "trigger_phrase"
    CAPTION = "default_caption"


class Roles(Section, frozen=True, kw_only=True, omit_defaults=True):
    """The endpoint's own field name for each role; None: it has no such field."""

    prompt: Annotated[str | None, described("The text that says what to draw.")] = None
    negative_prompt: Annotated[str | None, described("The text that says what not to draw.")] = None
    seed: Annotated[str | None, described("The seed of the random numbers.")] = None
    size: Annotated[str | None, described("The size of the result.")] = None
    aspect_ratio: Annotated[str | None, described("The proportions of the result.")] = None
    resolution: Annotated[str | None, described("The resolution of the result, such as 2K.")] = None
    image: Annotated[str | None, described("The input picture.")] = None
    images: Annotated[str | None, described("A list of input pictures.")] = None
    mask: Annotated[str | None, described("The mask.")] = None
    archive: Annotated[str | None, described("The zip of training photos.")] = None
    trigger: Annotated[str | None, described("The word that stands for the trained person or style.")] = None
    caption: Annotated[str | None, described("The caption of photos without one.")] = None
    adapters: Annotated[str | None, described("The list of adapters.")] = None
    strength: Annotated[str | None, described("How much of the picture is drawn anew.")] = None
    factor: Annotated[str | None, described("How many times as wide an enlarged result is.")] = None
    steps: Annotated[str | None, described("The number of steps.")] = None
    guidance: Annotated[str | None, described("How closely the picture follows the prompt.")] = None
    learning_rate: Annotated[str | None, described("The learning rate of a training.")] = None
    count: Annotated[str | None, described("The number of results.")] = None
    format: Annotated[str | None, described("The file type of the results.")] = None
    safety: Annotated[str | None, described("The switch of the safety checker.")] = None
    sync: Annotated[str | None, described("The switch for an inline answer.")] = None
    trigger_as: Annotated[TriggerUse | None, described("How a trainer takes the trigger.")] = None

    def named(self) -> dict[str, str]:
        """Role → field name, of the roles that the endpoint has."""
        return {role: name for role in ROLES if isinstance(name := getattr(self, role), str)}


ROLES = tuple(name for name in Roles.__struct_fields__ if name != "trigger_as")
"""Every role, in the order of the schema."""


class Task(StrEnum):
    """What an endpoint is for."""

    TRAIN = "train"
    GENERATE = "generate"
    IMAGE_TO_IMAGE = "image-to-image"
    INPAINT = "inpaint"
    EDIT = "edit"
    UPSCALE = "upscale"
    RESTORE = "restore"
    OTHER = "other"


class Endpoint(Section, frozen=True, kw_only=True, omit_defaults=True):
    """One endpoint of a provider."""

    id: Annotated[str, Meta(pattern=r"^[^/\s]+(/[^/\s]+)+$"), described("The endpoint's id, such as fal-ai/flux-lora.")]
    title: Annotated[str, described("A short name.")] = ""
    description: Annotated[str, described("One sentence: what it does.")] = ""
    does: Annotated[Task, described("What it is for.", enum=[*Task])]
    base: Annotated[
        str | None, described("Model family that its adapters must be made for; left out if it takes none.")
    ] = None
    trains: Annotated[str | None, described("Model family of the adapter that a trainer makes.")] = None
    adapters_max: Annotated[
        int | None, Meta(extra_json_schema={"minimum": 0}), described("Most adapters in one request, if documented.")
    ] = None
    makes: Annotated[
        tuple[str, ...], Meta(min_length=1), described("Places of the files in the result: images/*, image, …")
    ]
    price: Annotated[Price | None, described("What it costs; left out if nobody knows.")] = None
    roles: Annotated[
        Roles,
        described(
            "Which field takes what a stage hands over.",
            **{"if": {"required": ["trigger"]}, "then": {"required": ["trigger_as"]}},
        ),
    ] = field(default_factory=Roles)
    notes: Annotated[tuple[str, ...], described("What else is worth knowing.")] = ()
    fields: Annotated[
        Mapping[
            str,
            Annotated[
                Field,
                Meta(
                    extra_json_schema={
                        "if": {"required": ["type"], "properties": {"type": {"const": "enum"}}},
                        "then": {"required": ["choices"]},
                    }
                ),
            ],
        ],
        described("Its fields by name."),
    ]

    def field_for(self, name: str | None) -> Field | None:
        """The field of this name; None if there is none, or for None."""
        return None if name is None else self.fields.get(name)


REVISION_STEP = 1 << 16
"""Endpoint revisions are multiples of this, so that they can't be mistaken for a revision of code."""


def endpoint_revision(endpoint: Endpoint) -> int:
    """A number that depends on the endpoint's task, roles and result places only.

    Titles, prices, ranges and defaults don't change it: arguments come with their defaults, and prices change no
    picture.
    """
    roles = dict(sorted(endpoint.roles.named().items()))
    told = canonical_json({"does": str(endpoint.does), "roles": roles, "makes": list(endpoint.makes)})
    return int.from_bytes(hashlib.sha256(told).digest()[:4], "big") * REVISION_STEP


def endpoint_schema() -> JSONObject:
    """The JSON Schema (draft 2020-12) of `endpoints/*.yaml`; the package's own data have this shape too."""
    body = {key: value for key, value in section_schema(Endpoint).items() if key != "description"}
    properties = as_object(body["properties"])
    fields = as_object(properties["fields"])
    field = as_object(fields["additionalProperties"])
    # A field's name is its key.
    named = {name: shape for name, shape in as_object(field["properties"]).items() if name != "name"}
    return {
        "$schema": SCHEMA_DIALECT,
        "title": "Nano Banana: an endpoint",
        **body,
        "properties": {**properties, "fields": {**fields, "additionalProperties": {**field, "properties": named}}},
        "if": {"required": ["does"], "properties": {"does": {"const": "train"}}},
        "then": {"required": ["trains"]},
    }


def endpoint_from_json(data: JSONObject) -> Endpoint:
    """Make the endpoint that `data` describes; `data` must satisfy `endpoint_schema()`."""
    endpoint = decode_section(data, Endpoint)
    return replace(
        endpoint,
        title=endpoint.title or endpoint.id,
        adapters_max=endpoint.adapters_max if "adapters_max" in data else _unsaid_adapters_max(endpoint),
        fields=named_fields(endpoint.fields),
    )


def named_fields(fields: Mapping[str, Field]) -> dict[str, Field]:
    """The fields, each with its key as its name."""
    return {name: replace(field, name=name) for name, field in fields.items()}


def _unsaid_adapters_max(endpoint: Endpoint) -> int | None:
    """How many adapters an endpoint takes whose file doesn't say: none without a field for them."""
    return None if endpoint.roles.adapters else 0


def endpoint_to_json(endpoint: Endpoint) -> JSONObject:
    """The data of the endpoint, which `endpoint_from_json` reads back; defaults are left out."""
    unsaid = endpoint.adapters_max == _unsaid_adapters_max(endpoint)
    shown = replace(
        endpoint,
        title="" if endpoint.title == endpoint.id else endpoint.title,
        adapters_max=None if unsaid else endpoint.adapters_max,
        fields={name: replace(field, name="") for name, field in endpoint.fields.items()},
    )
    return as_object(json.loads(json.dumps(msgspec.to_builtins(shown))))


def endpoint_to_yaml(endpoint: Endpoint, remarks: Sequence[str]) -> str:
    """The text of a file of the project's own, the remarks above it as comments."""
    import yaml

    data = endpoint_to_json(endpoint)
    head = "".join(f"# {' '.join(remark.split())}\n" for remark in remarks)
    text = head + yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=None)
    return text if _reads_back_as(text, data) else head + json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _reads_back_as(text: str, data: JSONValue) -> bool:
    """Whether our reader, which follows YAML 1.2, reads what the writer, which follows YAML 1.1, meant."""
    from nano_banana.formats.yaml_reader import parse_yaml  # here: a worker needs no YAML

    try:
        return to_plain(parse_yaml(text, file="")) == data
    except Invalid:
        return False


def endpoint_digest(endpoint: Endpoint) -> str:
    """The SHA-256, in hex, of the endpoint's fields, their roles, and the places of its results.

    Titles, descriptions, the order of fields and prices are no part of it.
    """
    data = endpoint_to_json(endpoint)
    fields = {name: {**as_object(field), "description": ""} for name, field in as_object(data["fields"]).items()}
    document = {"fields": fields, "roles": data.get("roles") or None, "makes": list(endpoint.makes)}
    return hashlib.sha256(canonical_json(document)).hexdigest()

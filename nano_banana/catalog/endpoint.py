"""An endpoint as data: its fields, roles, tasks, outputs and price.

`endpoint_revision` is one number that changes with what an endpoint is for, which fields play which role, and where its
results are. The local provider's pictures depend on it, so it is part of their calls' keys; titles, prices, ranges and
defaults are not in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import Final

from msgspec import Struct, field

from nano_banana.model.call import canonical_json
from nano_banana.model.json_values import JSONValue


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


class MissingDefault(Enum):
    """The type of `MISSING`: no default is documented (None would be one)."""

    MISSING = "missing"


MISSING: Final = MissingDefault.MISSING


class Field(Struct, frozen=True, kw_only=True):
    """A field as its endpoint documents it.

    `minimum` and `maximum` bound a number, each side of an image size (pixels) or each adapter's
    scale; `choices` are an enum's values, names that an image size takes beside the usual six, or keys
    that an adapter takes beside `path` and `scale`;
    `max_items` bounds a list. None: not documented.
    """

    name: str
    type: FieldType
    required: bool = False
    default: JSONValue | MissingDefault = MISSING
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    max_items: int | None = None
    description: str = ""

    def in_range(self, value: float) -> bool:
        """Whether `value` is finite and within the documented bounds, both included."""
        low = float("-inf") if self.minimum is None else self.minimum
        high = float("inf") if self.maximum is None else self.maximum
        return low <= value <= high and abs(value) != float("inf")


class Unit(StrEnum):
    """What is counted: started megapixels of a picture, pictures, or training steps."""

    MEGAPIXEL = "megapixel"
    IMAGE = "image"
    STEP = "step"


class Price(Struct, frozen=True, kw_only=True):
    """US dollars for one unit, `as_of` a month or day (`2026-08`), `source` in words.

    `usd_high` is the dearer figure where sources disagree. At least `minimum` units are billed. `times`
    multiplies by the value of a field (`resolution: {4K: 2}`), `plus` adds dollars a picture if a boolean field is true
    or a field has a value (`thinking_level: {high: 0.002}`), and if a field of `unknown_with` is set nobody knows the
    price. `block` units are billed together, a started block as a whole one. `first` is the price of the first unit of
    a request. With `input_units` each input picture counts as so many units, at least and at most, and so does a result
    of unknown size.
    """

    usd: float
    usd_high: float | None = None
    unit: Unit
    minimum: int | None = None
    times: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    plus: Mapping[str, float | Mapping[str, float]] = field(default_factory=dict)
    unknown_with: tuple[str, ...] = ()
    block: int = 1
    first: float | None = None
    input_units: tuple[int, int] | None = None
    as_of: str
    source: str


class PriceRange(Struct, frozen=True, kw_only=True):
    """A range of US dollars, both ends included."""

    low: float
    high: float


class TriggerUse(StrEnum):
    """How a trainer takes the trigger: one word, a phrase, or as the caption of every photo."""

    WORD = "trigger_word"
    PHRASE = "trigger_phrase"
    CAPTION = "default_caption"


class Roles(Struct, frozen=True, kw_only=True):
    """The endpoint's own field name for each role, None where it has no such field.

    `archive` takes the zip of training photos, `images` a list of pictures, `factor` how many times
    as wide an enlarger's result is, `count` the number of results, `format` their file type, `sync` the
    wish for an inline answer; `trigger_as` says how the field under `trigger` is used.
    """

    prompt: str | None = None
    negative_prompt: str | None = None
    seed: str | None = None
    size: str | None = None
    aspect_ratio: str | None = None
    resolution: str | None = None
    image: str | None = None
    images: str | None = None
    mask: str | None = None
    archive: str | None = None
    trigger: str | None = None
    caption: str | None = None
    adapters: str | None = None
    strength: str | None = None
    factor: str | None = None
    steps: str | None = None
    guidance: str | None = None
    learning_rate: str | None = None
    count: str | None = None
    format: str | None = None
    safety: str | None = None
    sync: str | None = None
    trigger_as: TriggerUse | None = None

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


class Endpoint(Struct, frozen=True, kw_only=True):
    """One endpoint of a provider.

    `base` is the model family that an adapter must be made for (`flux-1`), None where none is taken;
    `trains` the family of the adapter that a trainer makes, None for others. `adapters_max` is how many
    adapters one request takes: 0 for none, None where it is not documented. `makes` are the places of
    the result's files (`images/*`, `image`, `diffusers_lora_file`). `price` is None where nobody knows.
    """

    id: str
    title: str
    description: str
    does: Task
    fields: Mapping[str, Field]
    roles: Roles
    base: str | None = None
    trains: str | None = None
    adapters_max: int | None = 0
    makes: tuple[str, ...]
    price: Price | None = None
    notes: tuple[str, ...] = ()

    def field_for(self, name: str | None) -> Field | None:
        """The field of this name; None for None or a stranger, so that a role can be asked for."""
        return None if name is None else self.fields.get(name)


REVISION_STEP = 1 << 16
"""Meanings are multiples of this, so that they never pass for a revision of code."""


def endpoint_revision(endpoint: Endpoint) -> int:
    """A number from what the endpoint is for, which fields play which role, and where its results stand.

    Titles, prices, ranges and defaults are no part of it: arguments come with their defaults, and what they
    cost changes no picture.
    """
    roles = dict(sorted(endpoint.roles.named().items()))
    told = canonical_json({"does": str(endpoint.does), "roles": roles, "makes": list(endpoint.makes)})
    return int.from_bytes(hashlib.sha256(told).digest()[:4], "big") * REVISION_STEP

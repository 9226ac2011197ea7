"""An endpoint as data: what it can do, takes, makes and costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from nano_banana.catalog.field import Field
from nano_banana.catalog.price import Price
from nano_banana.catalog.roles import Roles


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
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

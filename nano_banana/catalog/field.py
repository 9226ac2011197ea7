"""One field of an endpoint: its type, its range, what stands there unsaid."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final

from nano_banana.core.json import JSONValue


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


class Missing(Enum):
    """The type of `MISSING`: no default is documented (None would be one)."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field as its endpoint documents it.

    `minimum` and `maximum` bound a number, each side of an image size (pixels) or each adapter's
    scale; `choices` are an enum's values, names that an image size takes beside the usual six, or keys
    that an adapter takes beside `path` and `scale`;
    `max_items` bounds a list. None: not documented.
    """

    name: str
    type: FieldType
    required: bool = False
    default: JSONValue | Missing = MISSING
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

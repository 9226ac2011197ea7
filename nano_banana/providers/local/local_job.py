"""A local call as it crosses to a worker process.

Light: the asking process never loads Pillow, numpy or OpenCV.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct, field

from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import CallFailed, problem


def seed_from_text(text: str) -> int:
    """A seed (0 to 2³¹ − 1) derived from the text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


Size: TypeAlias = tuple[int, int]

LEAST, MOST = 64, 8192
"""Pixels that a side may have."""


class LocalJob(Struct, frozen=True, kw_only=True):
    """A call of an endpoint for the task `does`; `roles` maps roles to its field names.

    `makes` are the places of the result's files, `size` the size in pixels (None: that of the input picture),
    `key` the call's. All readers raise CallFailed `local_argument` or `local_input`.
    """

    endpoint: str
    does: str
    roles: Mapping[str, str]
    makes: tuple[str, ...]
    arguments: JSONObject
    inputs: Mapping[str, Path] = field(default_factory=dict)
    size: Size | None = None
    key: str = ""

    def value(self, role: str) -> JSONValue:
        """The value of the field with this role, or None."""
        return self.arguments.get(self.roles[role]) if role in self.roles else None

    def text(self, role: str) -> str:
        """The text of a role; empty if there is none."""
        value = self.value(role)
        return value if isinstance(value, str) else ""

    def number(self, role: str, default: float, low: float, high: float) -> float:
        """A number from `low` to `high`; `default` if it is not given."""
        return self.field_number(self.roles[role], default, low, high) if role in self.roles else default

    def field_number(self, name: str, default: float, low: float, high: float) -> float:
        """A number from `low` to `high` in the field `name`; `default` if it is not given."""
        value = self.arguments.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise CallFailed([problem("local_argument", name=name, value=value)])
        return float(value)

    @property
    def seed(self) -> int:
        """The given seed, else one derived from the call."""
        value = self.value("seed")
        return value if isinstance(value, int) and not isinstance(value, bool) else seed_from_text(self.key)

    def file(self, role: str) -> Path:
        """The input file of a role."""
        name = self.roles.get(role, role)
        if name not in self.inputs:
            raise CallFailed([problem("local_input", input=name)])
        return self.inputs[name]

    def pictures(self) -> list[tuple[str, Path]]:
        """All input pictures, by place: the one of `image`, then those of `images` in order."""
        single = self.roles.get("image", "")
        several = f"{self.roles['images']}/" if "images" in self.roles else "?"
        listed = sorted((int(place.removeprefix(several)), place) for place in self.inputs if place.startswith(several))
        places = [place for place in (single,) if place in self.inputs] + [place for _, place in listed]
        if not places:
            raise CallFailed([problem("local_input", input=single or self.roles.get("images", "image"))])
        return [(place, self.inputs[place]) for place in places]

    def sized(self, fallback: Size) -> Size:
        """The size to make; `fallback` if none is given."""
        width, height = self.size or fallback
        if not (LEAST <= width <= MOST and LEAST <= height <= MOST):
            name = self.roles.get("size", "image")
            raise CallFailed([problem("local_size", name=name, width=width, height=height, least=LEAST, most=MOST)])
        return width, height

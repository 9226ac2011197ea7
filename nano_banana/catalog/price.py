"""A price as it was seen: for what unit, when and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from enum import StrEnum


class Unit(StrEnum):
    """What is counted: started megapixels of a picture, pictures, or training steps."""

    MEGAPIXEL = "megapixel"
    IMAGE = "image"
    STEP = "step"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars for one unit, `as_of` a month or day (`2026-08`), `source` in words.

    `usd_high` is the dearer figure where sources disagree. At least `minimum` units are billed. `times`
    multiplies by the value of a field (`resolution: {4K: 2}`), `plus` adds dollars a picture where a
    boolean field is true, and where a field of `unknown_with` is set nobody knows the price.
    """

    usd: float
    unit: Unit
    as_of: str
    source: str
    usd_high: float | None = None
    minimum: int | None = None
    times: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    plus: Mapping[str, float] = field(default_factory=dict)
    unknown_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """A range of US dollars, both ends included."""

    low: float
    high: float

"""A price as it was seen: for what unit, when and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    multiplies by the value of a field (`resolution: {4K: 2}`), `plus` adds dollars a picture if a boolean field is true
    or a field has a value (`thinking_level: {high: 0.002}`), and if a field of `unknown_with` is set nobody knows the
    price. `block` units are billed together, a started block as a whole one. `first` is the price of the first unit of
    a request. With `input_units` each input picture counts as so many units, at least and at most, and so does a result
    of unknown size.
    """

    usd: float
    unit: Unit
    as_of: str
    source: str
    usd_high: float | None = None
    minimum: int | None = None
    times: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    plus: Mapping[str, float | Mapping[str, float]] = field(default_factory=dict)
    unknown_with: tuple[str, ...] = ()
    block: int = 1
    first: float | None = None
    input_units: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """A range of US dollars, both ends included."""

    low: float
    high: float

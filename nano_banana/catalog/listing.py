"""An endpoint as its service lists it today: what it takes and makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nano_banana.catalog.field import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What the service says of one endpoint. `as_of` is when it was asked, in seconds since 1970.

    `gone` where it has no such endpoint (any more); `deprecated` ones still answer, for how long nobody says.
    `fields` is None where it does not describe them; `makes` are the places of files in its result, as far as
    its description tells.
    """

    id: str
    as_of: float
    gone: bool = False
    deprecated: bool = False
    fields: Mapping[str, Field] | None = None
    makes: tuple[str, ...] = ()

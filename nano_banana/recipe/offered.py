"""An adapter on the shelf, as a recipe sees it; the recipe knows no store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from nano_banana.core.errors import Invalid, trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """One version: its `model` reference (`ana@3`), a file of its bytes, and their digest.

    `base` is the model family, as the catalog's endpoints name it; empty where that is not known, or where the family
    is no endpoint's. `provider` is who alone can draw with it (empty: whoever draws with that family).
    """

    model: str
    path: Path
    digest: str
    base: str = ""
    provider: str = ""


Offer: TypeAlias = Callable[[str], Offered]
"""From what a recipe wrote (`ana`, `ana@3`, `ana@tag`) to what is on the shelf. Raises Invalid where nothing is."""


def nothing_on_shelf(reference: str) -> Offered:
    """The offer where there is no shelf. Raises Invalid `shelf_empty`."""
    raise Invalid([trouble("shelf_empty", name=reference)])

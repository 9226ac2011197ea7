"""The door to masks that are asked for outside of a recipe."""

from __future__ import annotations

from pathlib import Path

from nano_banana.core.json import JSONObject
from nano_banana.workshop.masking import Masked, make_mask


def find_mask(
    image: Path,
    part: str,
    *,
    which: str | int = "largest",
    order: str = "size",
    grow: float = 0.0,
    feather: float = 0.0,
    invert: bool = False,
) -> Masked:
    """The mask that a recipe's `mask: {find: part, …}` would make of `image`, and a picture to judge it by.

    `grow` (0–4) and `feather` (0–4) are fractions of the region's size. Raises as `make_mask` does.
    """
    find: JSONObject = {"part": part, "which": which, "order": order}
    arguments: JSONObject = {"shape": {"find": find}, "grow": grow, "feather": feather, "invert": invert}
    return make_mask(image, arguments)

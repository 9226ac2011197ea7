"""Masks: one shape each, and what may be said beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nano_banana.core.json import JSONObject, as_items, as_number, as_text
from nano_banana.recipe.model import Where
from nano_banana.recipe.resolve.reading import Reading
from nano_banana.recipe.resolve.subjects import existing_picture
from nano_banana.stages.mask import FIND, SHAPES


def mask_file(reading: Reading, mask: JSONObject, where: Where) -> Mapping[str, Path]:
    """The file of a mask that is one, as `mask`; a mask of no shape or of several is noted."""
    shapes = [shape for shape in SHAPES if shape in mask]
    if len(shapes) != 1:
        found = " and ".join(f"`{shape}`" for shape in shapes) or "none"
        reading.wrong_key("mask_shapes", where, found=found, shapes=", ".join(SHAPES))
    for shape in ("box", "ellipse"):
        corners = [as_number(value) for value in as_items(mask.get(shape))]
        if corners and (corners[0] >= corners[2] or corners[1] >= corners[3]):
            reading.wrong("mask_inside_out", (*where, shape), shape=shape)
    for key in FIND.keys() & mask.keys() if "find" not in mask else ():
        reading.wrong_key("only_with", (*where, key), key=key, needs="find")
    if mask.get("assign") == "cast" and mask.get("find", "face") != "face":
        reading.wrong("assign_not_faces", (*where, "find"), part=str(mask["find"]))
    if "file" not in mask:
        return {}
    path = existing_picture(reading, as_text(mask["file"]), (*where, "file"))
    return {} if path is None else {"mask": path}

"""A mask made without a store, to look at before a run."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import CallFailed, Invalid


def preview_mask_of(
    image: Path,
    find: JSONObject,
    *,
    grow: float = 0.0,
    feather: float = 0.0,
    invert: bool = False,
) -> tuple[JSONObject, bytes, bytes]:
    """The mask that `mask: {find: …}` in a recipe would make of `image`: its data, the mask and an overlay as PNG.

    `grow` (0–4) and `feather` (0–4) are fractions of the region's size. Raises Invalid if the file is no picture,
    CallFailed (`nothing_found`, `mask_empty`), and Unusable if faces can't be found on this machine.
    """
    # It loads numpy.
    from nano_banana.providers.compute.mask_endpoints import preview_mask

    try:
        return preview_mask(image, {"shape": {"find": find}, "grow": grow, "feather": feather, "invert": invert})
    except CallFailed as error:
        if all("input" not in problem.data for problem in error.problems):
            raise
        # The picture is wrong: name the file, not its place in a call.
        problems = [replace(problem, data={**problem.data, "input": str(image)}) for problem in error.problems]
        raise Invalid(problems) from error

"""A mask made without a store, for a person who wants to see it first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import CallFailed, Invalid


class MaskPreview(Struct, frozen=True, kw_only=True):
    """The answer of the compute endpoint `mask`: its `data`, and `mask` and `overlay` as PNG files' bytes."""

    data: JSONObject
    mask: bytes
    overlay: bytes


def make_mask_preview(image: Path, arguments: JSONObject) -> MaskPreview:
    """Ask for a mask of `image` with the arguments of the compute endpoint `mask`, in this process.

    Raises Invalid for what is no picture, CallFailed (`nothing_found`, `mask_empty`), and Unusable where faces can't
    be looked at here.
    """
    # Here, not above: whoever only wants to know of it loads no picture library.
    from nano_banana.providers.compute.mask_endpoints import preview_mask

    with _naming_file(image):
        data, mask, overlay = preview_mask(image, arguments)
    return MaskPreview(data=data, mask=mask, overlay=overlay)


@contextmanager
def _naming_file(image: Path) -> Iterator[None]:
    """Name the file, not its place in a call, where the picture itself is wrong."""
    try:
        yield
    except CallFailed as error:
        if all("input" not in problem.data for problem in error.problems):
            raise
        raise Invalid(
            replace(problem, data={**problem.data, "input": str(image)}) for problem in error.problems
        ) from error


def find_mask(
    image: Path,
    part: str,
    *,
    which: str | int = "largest",
    order: str = "size",
    grow: float = 0.0,
    feather: float = 0.0,
    invert: bool = False,
) -> MaskPreview:
    """The mask that a recipe's `mask: {find: part, …}` would make of `image`, and a picture to judge it by.

    `grow` (0–4) and `feather` (0–4) are fractions of the region's size. Raises as `make_mask` does.
    """
    find: JSONObject = {"part": part, "which": which, "order": order}
    arguments: JSONObject = {"shape": {"find": find}, "grow": grow, "feather": feather, "invert": invert}
    return make_mask_preview(image, arguments)

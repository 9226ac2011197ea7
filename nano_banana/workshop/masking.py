"""A mask made without a store: for a person who wants to see it first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from nano_banana.core.errors import CallFailed, Invalid
from nano_banana.core.json import JSONObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """The answer of the compute endpoint `mask`: its `data`, and `mask` and `overlay` as PNG files' bytes."""

    data: JSONObject
    mask: bytes
    overlay: bytes


def make_mask(image: Path, arguments: JSONObject) -> Masked:
    """Ask for a mask of `image` with the arguments of the compute endpoint `mask`, in this process.

    Raises Invalid for what is no picture, CallFailed (`nothing_found`, `mask_empty`), and Unusable where faces can't
    be looked at here.
    """
    # Here, not above: whoever only wants to know of it loads no picture library.
    from nano_banana.providers.compute.shown import shown

    with _naming(image):
        data, mask, overlay = shown(image, arguments)
    return Masked(data=data, mask=mask, overlay=overlay)


@contextmanager
def _naming(image: Path) -> Iterator[None]:
    """Name the file, not its place in a call, where the picture itself is wrong."""
    try:
        yield
    except CallFailed as error:
        if all("input" not in problem.data for problem in error.problems):
            raise
        raise Invalid(
            replace(problem, data={**problem.data, "input": str(image)}) for problem in error.problems
        ) from error

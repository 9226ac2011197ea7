"""In what a result is not what was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.size import known_pixels
from nano_banana.core.errors import trouble
from nano_banana.core.json import JSONObject
from nano_banana.core.problem import Problem

BLOCK = 64
"""Pixels to whose multiples endpoints may cut a side."""

TINY = 64
"""Pixels; no model draws so small. Pictures of this size are a stand-in's, and not worth a word."""


def unlike(
    endpoint: Endpoint, asked: JSONObject, result: JSONObject, sizes: Sequence[tuple[int, int]]
) -> Iterator[Problem]:
    """What is to be said of a result: it was drawn from another seed, or a picture is smaller than was asked for."""
    seed, used = asked.get(endpoint.roles.seed or ""), result.get("seed")
    if isinstance(seed, int) and isinstance(used, int) and seed != used:
        yield trouble("seed_unlike", endpoint=endpoint.id, asked=seed, used=used)
    wanted = known_pixels(endpoint, asked) if endpoint.roles.size else None
    small = [size for size in sizes if wanted and _is_smaller(size, wanted)]
    if wanted and small:
        asked_size, used_size = ("x".join(map(str, size)) for size in (wanted, small[0]))
        yield trouble("size_unlike", endpoint=endpoint.id, asked=asked_size, used=used_size)


def _is_smaller(size: tuple[int, int], wanted: tuple[int, int]) -> bool:
    cut = [want - want % BLOCK if want >= BLOCK else want for want in wanted]
    return max(size) > TINY and any(side < least for side, least in zip(size, cut, strict=True))

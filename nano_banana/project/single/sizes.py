"""A size as people say it: sides, a ratio, or a name of the endpoint's."""

from __future__ import annotations

import math
import re

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.size import MULTIPLE, NAMED
from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.core.problem import did_you_mean

_SIDES = re.compile(r"(\d{2,5})[x×](\d{2,5})")
_RATIO = re.compile(r"(\d{1,2}):(\d{1,2})")
MEGAPIXEL = 1024 * 1024


def size_of(endpoint: Endpoint, said: str | None) -> JSONObject:
    """The endpoint's field for a size such as `880x1104`, `4:5` or `portrait_4_3`; a ratio has about a megapixel.

    Nothing for None. Raises Invalid for what is no size, or none that this endpoint takes.
    """
    if said is None:
        return {}
    sides, ratio, roles = _SIDES.fullmatch(said), _RATIO.fullmatch(said), endpoint.roles
    if not (sides or ratio or said in NAMED):
        near = did_you_mean(said, NAMED)
        raise Invalid([trouble("not_a_size", hint=near, given=said, known=", ".join(NAMED))])
    if roles.size:
        value: JSONValue = said
        if sides:
            value = {"width": int(sides[1]), "height": int(sides[2])}
        elif ratio:
            value = _sides(int(ratio[1]), int(ratio[2]), said)
        return {roles.size: value}
    if roles.aspect_ratio and ratio:
        return {roles.aspect_ratio: said}
    kind = "only_ratios" if roles.aspect_ratio else "no_size"
    raise Invalid([trouble(kind, given=said, endpoint=endpoint.id)])


def _sides(across: int, down: int, said: str) -> JSONObject:
    """About a megapixel of that shape, in the blocks that models draw in."""
    if not across or not down:
        raise Invalid([trouble("not_a_size", given=said, known=", ".join(NAMED))])
    width = math.sqrt(MEGAPIXEL * across / down)
    sides = (width, width * down / across)
    # Rounded down: many endpoints bill a begun megapixel as a whole one.
    return dict(zip(("width", "height"), (int(side) // MULTIPLE * MULTIPLE for side in sides), strict=True))

"""Versions of this machine's own work: raise one when its answers change."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.core.json import JSONObject
from nano_banana.core.json import as_object

COMPUTE_REVISIONS: Mapping[str, int] = {
    "crop": 1,
    "fit": 1,
    "imprint": 1,
    "likeness": 1,
    "look": 2,
    "mask": 2,
    "open": 2,
    "paste": 1,
    "person": 1,
    "probe": 2,
    "survey": 2,
    "thumbnail": 2,
    "training-zip": 1,
}
"""The compute endpoints and the version of their code, which is part of every call's key."""

_SAME_MASKS = frozenset({"box", "ellipse", "polygon"})
_SAME_PARTS = frozenset({"face", "eyes", "mouth", "hair", "skin", "person", "background"})
"""What masks of revision 1 show as those of revision 2 do: their calls keep their keys."""


def compute_revision(endpoint: str, arguments: JSONObject) -> int | None:
    """The version of the code that answers such a call; None for an endpoint that there is not."""
    if endpoint == "mask":
        shape = as_object(arguments.get("shape"))
        if _SAME_MASKS & shape.keys() or as_object(shape.get("find")).get("part") in _SAME_PARTS:
            return 1
    return COMPUTE_REVISIONS.get(endpoint)

"""Versions of the compute endpoints: raise one when its answers change.

Imported at start-up by a run that has nothing to do, so it imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.model.json_values import JSONObject, as_object

COMPUTE_REVISIONS: Mapping[str, int] = {
    "crop": 1,
    "fit": 2,
    "imprint": 1,
    "likeness": 1,
    "look": 3,
    "mask": 3,
    "open": 2,
    "paste": 1,
    "person": 1,
    "probe": 2,
    "survey": 2,
    "thumbnail": 2,
    "training-zip": 1,
}
"""The compute endpoints and the version of their code, which is part of every call's key."""

_MASK_REVISIONS: Mapping[str, int] = {"box": 1, "ellipse": 1, "polygon": 1, "file": 2}
"""Shapes of masks whose answers did not change in later revisions: their calls keep their keys."""


def compute_revision(endpoint: str, arguments: JSONObject) -> int | None:
    """The version of the code that answers such a call; None for an endpoint that there is not."""
    if endpoint == "mask":
        for shape in as_object(arguments.get("shape")):
            return _MASK_REVISIONS.get(shape, COMPUTE_REVISIONS["mask"])
    return COMPUTE_REVISIONS.get(endpoint)

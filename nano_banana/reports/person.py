"""Whom a gate compares with: photos, how alike they are, held out or not."""

from __future__ import annotations

from nano_banana.core.json import JSONObject, as_items
from nano_banana.core.result import NodeResult

PERSON = "person"
"""The call that measures a person from photos."""


def person_of(result: NodeResult) -> JSONObject:
    """What is known of the person that a node measures.

    `held_out` is false where photos that train are compared with as well. `references` is how many photos are
    compared with, `left_out` how many more have not just one clear face; `calibration` is each one's likeness to the
    others (cosine).
    """
    held_out = result.node.card.axes.get("held_out") == "true"
    measured = next((step for step in reversed(result.steps) if step.call.endpoint == PERSON), None)
    if measured is None:
        return {"held_out": held_out}
    data = measured.reply.data
    given = sum(place.startswith("references/") for place in measured.call.inputs)
    return {
        "held_out": held_out,
        "references": data.get("references", given),
        "left_out": len(as_items(data.get("left_out"))),
        "calibration": data.get("calibration", []),
    }

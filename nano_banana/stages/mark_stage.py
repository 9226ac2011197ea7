"""The mark stage: 32 invisible bits in the pixels of every picture."""

from __future__ import annotations

from nano_banana.model.call import Blob
from nano_banana.model.flow import Flow, Made, ask
from nano_banana.model.json_values import JSONObject
from nano_banana.stages.stage_kind import NAMES, StageKind, StageOutput, compute_call

KIND = StageKind(
    verb="mark",
    about="Writes an invisible mark into the pixels of every picture of a collection; put it last.",
    params={
        "mark": {**NAMES, "description": "The collection: a stage's id, `stage.shot` or `stage.accepted`; or a list."},
        "mark_id": {
            "type": "string",
            "pattern": "^[0-9a-fA-F]{8}$",
            "description": "Your own 32 bits as 8 hex digits, in quotes; without it, those of this program.",
        },
    },
    required=("mark",),
)


def mark(stage: str, message: str | None, picture: Blob) -> Flow[StageOutput]:
    """Write `message` (8 hex digits; None: this program's own) into the picture, and return what comes of it."""
    arguments: JSONObject = {} if message is None else {"message": message.lower()}
    call = compute_call("imprint", arguments, {"image": picture})
    reply = yield from ask(stage, call)
    marked = reply.files["image"]
    yield Made(stage=stage, blob=marked, call=call)
    return StageOutput(picture=marked, call=call)

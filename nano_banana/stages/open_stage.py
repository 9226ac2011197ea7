"""The open stage: brings existing picture files in as takes."""

from __future__ import annotations

from nano_banana.model.call import Blob
from nano_banana.model.flow import Flow, Made, ask
from nano_banana.stages.stage_kind import NAMES, StageKind, StageOutput, compute_call

KIND = StageKind(
    verb="open",
    about="Brings in the picture files of the named shots (`pictures: […]`), upright and without metadata, so that "
    "every other stage can work on them. A take is named for its file: `touched/beach/s1`.",
    params={
        "open": {**NAMES, "description": "The shots with `pictures`: a name, a list of names, or `all`."},
    },
    required=("open",),
)


def open_file(stage: str, file: Blob) -> Flow[StageOutput]:
    """Ask this machine for the file's picture as other stages take it, and return that."""
    call = compute_call("open", {}, {"file": file})
    picture = (yield from ask(stage, call)).files["image"]
    yield Made(stage=stage, blob=picture, call=call)
    return StageOutput(picture=picture, call=call)

"""The call stage: any endpoint, any arguments, for every take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nano_banana.model.call import Blob
from nano_banana.model.flow import Flow, Made, ask
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import CallFailed, problem
from nano_banana.stages.stage_kind import NAMES, TEXT, WITH, CallTarget, StageKind, StageOutput

KIND = StageKind(
    verb="call",
    about="Calls any endpoint for every picture of a collection, with whatever fields it has.",
    params={
        "call": {**TEXT, "description": "The endpoint; one that the catalog lacks is sent as it is."},
        "each": {**NAMES, "description": "The collection whose pictures it gets: a stage's id, or `stage.shot`."},
        "input": {
            **TEXT,
            "default": "image_url",
            "description": "The field that takes the picture.",
        },
        "files": {
            "type": "object",
            "additionalProperties": {**TEXT, "description": "The file's path."},
            "default": {},
            "description": "More fields that take a file: field to path.",
        },
        "with": WITH,
    },
    required=("call", "each"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointRequest:
    """One call of an endpoint that may be unknown: its arguments, and the field that takes the picture."""

    endpoint: str
    arguments: JSONObject
    taking: str
    files: Mapping[str, Blob] = field(default_factory=dict)


def call_endpoint(site: CallTarget, stage: str, asking: EndpointRequest, picture: Blob) -> Flow[StageOutput]:
    """Call the endpoint with the picture and return the first picture that comes back."""
    call = site.call(asking.endpoint, asking.arguments, {**asking.files, asking.taking: picture})
    reply = yield from ask(stage, call)
    pictures = [blob for _, blob in sorted(reply.files.items()) if blob.media.startswith("image/")]
    if not pictures:
        raise CallFailed([problem("no_result", endpoint=asking.endpoint, expected="a picture")])
    yield Made(stage=stage, blob=pictures[0], call=call)
    return StageOutput(picture=pictures[0], call=call)

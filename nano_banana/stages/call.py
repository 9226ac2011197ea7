"""The call stage: any endpoint, any arguments, once or for every take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nano_banana.core.blob import Blob
from nano_banana.core.errors import CallFailed, trouble
from nano_banana.core.flow import Flow, Made, ask
from nano_banana.core.json import JSONObject
from nano_banana.stages.kind import NAMES, TEXT, WITH, Kind
from nano_banana.stages.site import Site
from nano_banana.stages.standing import Standing

KIND = Kind(
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
class Asking:
    """One call of an endpoint that may be unknown: its arguments, and the field that takes the picture."""

    endpoint: str
    arguments: JSONObject
    taking: str
    files: Mapping[str, Blob] = field(default_factory=dict)


def call_it(site: Site, stage: str, asking: Asking, picture: Blob) -> Flow[Standing]:
    """Call the endpoint with the picture and return the first picture that comes back."""
    call = site.call(asking.endpoint, asking.arguments, {**asking.files, asking.taking: picture})
    reply = yield from ask(stage, call)
    pictures = [blob for _, blob in sorted(reply.files.items()) if blob.media.startswith("image/")]
    if not pictures:
        raise CallFailed([trouble("no_result", endpoint=asking.endpoint, expected="a picture")])
    yield Made(stage=stage, blob=pictures[0], call=call)
    return Standing(picture=pictures[0], call=call)

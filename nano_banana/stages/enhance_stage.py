"""The upscale and restore stages: one picture made better."""

from __future__ import annotations

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.model.call import Blob
from nano_banana.model.flow import Flow
from nano_banana.model.json_values import JSONObject
from nano_banana.stages.generate_stage import request_picture
from nano_banana.stages.stage_kind import NAMES, USING, WITH, CallTarget, StageKind, StageOutput


def _enhancing_kind(verb: str, about: str, using: str) -> StageKind:
    collection = "The collection: a stage's id, `stage.shot` or `stage.accepted`; or a list."
    return StageKind(
        verb=verb,
        about=about,
        params={
            verb: {**NAMES, "description": collection},
            "using": {**USING, "description": using},
            "with": WITH,
        },
        required=(verb, "using"),
        needs=("image",),
        strict=True,
    )


UPSCALE = _enhancing_kind(
    "upscale",
    "Enlarges every picture of a collection.",
    "The upscaler, for example `fal-ai/seedvr/upscale/image`.",
)

RESTORE = _enhancing_kind(
    "restore",
    "Restores the faces in every picture of a collection; judge them again, it changes faces.",
    "The restorer, for example `fal-ai/codeformer`.",
)


def enhance(
    site: CallTarget, stage: str, endpoint: Endpoint, arguments: JSONObject, picture: Blob
) -> Flow[StageOutput]:
    """Hand the picture to the endpoint and return what comes back."""
    place = endpoint.roles.image or f"{endpoint.roles.images}/0"
    return (yield from request_picture(stage, endpoint, site.call(endpoint.id, arguments, {place: picture})))

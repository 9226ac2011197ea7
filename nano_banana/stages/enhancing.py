"""The upscale and restore stages: one picture made better."""

from __future__ import annotations

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.core.blob import Blob
from nano_banana.core.flow import Flow
from nano_banana.core.json import JSONObject
from nano_banana.stages.generate import picture_of
from nano_banana.stages.kind import NAMES, USING, WITH, Kind
from nano_banana.stages.site import Site
from nano_banana.stages.standing import Standing


def _kind(verb: str, about: str, using: str) -> Kind:
    collection = "The collection: a stage's id, `stage.shot` or `stage.accepted`; or a list."
    return Kind(
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


UPSCALE = _kind(
    "upscale",
    "Enlarges every picture of a collection.",
    "The upscaler, for example `fal-ai/seedvr/upscale/image`.",
)

RESTORE = _kind(
    "restore",
    "Restores the faces in every picture of a collection; judge them again, it changes faces.",
    "The restorer, for example `fal-ai/codeformer`.",
)


def enhance(site: Site, stage: str, endpoint: Endpoint, arguments: JSONObject, picture: Blob) -> Flow[Standing]:
    """Hand the picture to the endpoint and return what comes back."""
    place = endpoint.roles.image or f"{endpoint.roles.images}/0"
    return (yield from picture_of(stage, endpoint, site.call(endpoint.id, arguments, {place: picture})))

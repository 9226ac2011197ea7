"""One picture made better: enlarged, or its faces restored."""

from __future__ import annotations

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.core.blob import Blob
from nano_banana.core.flow import Flow
from nano_banana.core.json import JSONObject
from nano_banana.stages.generate import picture_of
from nano_banana.stages.site import Site
from nano_banana.stages.standing import Standing


def enhance(site: Site, stage: str, endpoint: Endpoint, arguments: JSONObject, picture: Blob) -> Flow[Standing]:
    """Hand the picture to the endpoint and return what comes back."""
    place = endpoint.roles.image or f"{endpoint.roles.images}/0"
    return (yield from picture_of(stage, endpoint, site.call(endpoint.id, arguments, {place: picture})))

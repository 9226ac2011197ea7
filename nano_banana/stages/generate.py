"""The generate stage: a prompt and a seed in, a picture out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.core.blob import Blob
from nano_banana.core.call import Call
from nano_banana.core.flow import Flow, Made, ask
from nano_banana.core.json import JSONObject
from nano_banana.stages.kind import ADAPTERS, NAMES, USING, WITH, Kind
from nano_banana.stages.site import Site, first_file
from nano_banana.stages.standing import Standing

KIND = Kind(
    verb="generate",
    about="Draws every take of the named shots.",
    params={
        "generate": {**NAMES, "description": "The shots to draw: a name, a list of names, or `all`."},
        "using": USING,
        "adapters": ADAPTERS,
        "images": {
            **NAMES,
            "description": "Picture files for endpoints that start from pictures (image-to-image, editing).",
        },
        "with": WITH,
    },
    required=("generate", "using"),
    needs=("prompt",),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """One picture to draw: the endpoint, its arguments, the adapters with their scales, pictures to start from."""

    endpoint: Endpoint
    arguments: JSONObject
    adapters: Sequence[tuple[Blob, float]] = ()
    images: Sequence[Blob] = ()
    inputs: Mapping[str, Blob] = field(default_factory=dict)

    def having(self, fields: JSONObject) -> Drawing:
        """The same drawing with these fields set."""
        return replace(self, arguments={**self.arguments, **fields})


def drawing_call(site: Site, drawing: Drawing) -> Call:
    """The call that asks for the picture."""
    roles = drawing.endpoint.roles
    arguments = dict(drawing.arguments)
    inputs = dict(drawing.inputs)
    if drawing.adapters:
        arguments[str(roles.adapters)] = [{"scale": scale} for _, scale in drawing.adapters]
        inputs |= {f"{roles.adapters}/{at}/path": blob for at, (blob, _) in enumerate(drawing.adapters)}
    if drawing.images and roles.images:
        inputs |= {f"{roles.images}/{at}": blob for at, blob in enumerate(drawing.images)}
    elif drawing.images:
        inputs[str(roles.image)] = drawing.images[0]
    return site.call(drawing.endpoint.id, arguments, inputs)


def draw(site: Site, stage: str, drawing: Drawing) -> Flow[Standing]:
    """Ask for the picture and return it."""
    return (yield from picture_of(stage, drawing.endpoint, drawing_call(site, drawing)))


def picture_of(stage: str, endpoint: Endpoint, call: Call) -> Flow[Standing]:
    """Make the call and return the picture that it is made for."""
    picture = first_file(endpoint, (yield from ask(stage, call)))
    yield Made(stage=stage, blob=picture, call=call)
    return Standing(picture=picture, call=call)

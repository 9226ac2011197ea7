"""The generate stage: a prompt and a seed in, a picture out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.model.call import Blob, Call
from nano_banana.model.flow import Flow, Made, ask
from nano_banana.model.json_values import JSONObject
from nano_banana.stages.stage_kind import (
    ADAPTERS,
    NAMES,
    USING,
    WITH,
    CallTarget,
    StageKind,
    StageOutput,
    primary_output,
)

KIND = StageKind(
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
class ImageRequest:
    """One picture to draw: the endpoint, its arguments, the adapters with their scales, pictures to start from."""

    endpoint: Endpoint
    arguments: JSONObject
    adapters: Sequence[tuple[Blob, float]] = ()
    images: Sequence[Blob] = ()
    inputs: Mapping[str, Blob] = field(default_factory=dict)

    def having(self, fields: JSONObject) -> ImageRequest:
        """The same drawing with these fields set."""
        return replace(self, arguments={**self.arguments, **fields})


def image_call(site: CallTarget, drawing: ImageRequest) -> Call:
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


def generate(site: CallTarget, stage: str, drawing: ImageRequest) -> Flow[StageOutput]:
    """Ask for the picture and return it."""
    return (yield from request_picture(stage, drawing.endpoint, image_call(site, drawing)))


def request_picture(stage: str, endpoint: Endpoint, call: Call) -> Flow[StageOutput]:
    """Make the call and return the picture that it is made for."""
    picture = primary_output(endpoint, (yield from ask(stage, call)))
    yield Made(stage=stage, blob=picture, call=call)
    return StageOutput(picture=picture, call=call)
